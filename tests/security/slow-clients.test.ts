/** Clients that take their time: each is cut off when its time is over, and everybody else is served meanwhile. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createWebServer, LIMITS, type Limits, type WebServer } from '../../src/web-server.ts'
import { startTestApp, type TestApp } from '../support/app.ts'

const CROWD = 50
const SHORT: Limits = {
  ...LIMITS,
  headersMs: 500,
  requestMs: 900,
  stillMs: 5_000,
  keepAliveMs: 300,
  checkEveryMs: 20,
  lingerMs: 0,
  closeMs: 300,
}

let app: TestApp
let server: WebServer | null = null
let port = 0
const sockets = new Set<Socket>()

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await server?.close()
})
afterAll(() => app.close())

async function serve(handler: Parameters<typeof createWebServer>[0], limits: Partial<Limits> = {}) {
  server = createWebServer(handler, { ...SHORT, ...limits })
  port = await server.listen(0, '127.0.0.1')
}

interface SlowClient {
  /** Resolves with what the server said when the connection ends. */
  end: Promise<string>
  lived: Promise<number>
}

/** Sends the beginning, then one more byte every few milliseconds for as long as it is let. */
function dribble(beginning: string, byte: string): SlowClient {
  const socket = connection()
  const heard: Buffer[] = []
  const start = performance.now()
  if (beginning) socket.write(beginning)
  const drip = setInterval(() => byte && socket.writable && socket.write(byte), 20)
  socket.on('data', (chunk) => heard.push(chunk))
  const end = new Promise<string>((resolve) => {
    socket.on('close', () => {
      clearInterval(drip)
      resolve(Buffer.concat(heard).toString())
    })
  })
  return { end, lived: end.then(() => performance.now() - start) }
}

function connection(): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  sockets.add(socket)
  return socket
}

async function ask(path: string): Promise<{ status: number | undefined; body: string }> {
  const request = get({
    port,
    host: '127.0.0.1',
    path,
    agent: false,
    headers: { host: new URL(app.baseUrl).host },
  })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: await text(answer) }
}

const crowd = (beginning: string, byte: string) =>
  Array.from({ length: CROWD }, () => dribble(beginning, byte))

test('a head has 15 seconds, a whole request 30, and it is looked every second', () => {
  expect(LIMITS.headersMs).toBeLessThanOrEqual(15_000)
  expect(LIMITS.requestMs).toBeLessThanOrEqual(30_000)
  expect(LIMITS.checkEveryMs).toBeLessThanOrEqual(1_000)
  expect(LIMITS.connections).toBeLessThanOrEqual(1_000)
})

test.each([
  ['say nothing', '', '', SHORT.headersMs],
  ['send their head a byte at a time', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a', SHORT.headersMs],
  [
    'send their body a byte at a time',
    'POST /login HTTP/1.1\r\nHost: OURS\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9999\r\n\r\n',
    'a',
    SHORT.requestMs,
  ],
])('fifty that %s are cut off, and pages come all the while', async (_what, beginning, byte, limitMs) => {
  await serve(createApp(app.deps))
  const slow = crowd(beginning.replace('OURS', new URL(app.baseUrl).host), byte)
  let areThere = true
  const all = Promise.all(slow.map(({ end }) => end)).finally(() => {
    areThere = false
  })
  let pages = 0
  while (areThere) {
    expect((await ask('/login')).status).toBe(200)
    pages += 1
  }
  for (const answer of await all) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  for (const lived of await Promise.all(slow.map((client) => client.lived)))
    expect(lived).toBeGreaterThan(limitMs * 0.9)
  expect(pages).toBeGreaterThan(1)
})

test('fifty that never read their answer are cut off', async () => {
  let open = 0
  let gone = 0
  const allGone = Promise.withResolvers<void>()
  await serve(
    (_req, res) => {
      open += 1
      res.on('close', () => {
        gone += 1
        if (gone === CROWD) allGone.resolve()
      })
      res.write(Buffer.alloc(8_000_000))
    },
    { stillMs: 300 },
  )
  for (let count = 0; count < CROWD; count += 1)
    connection().pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await allGone.promise
  expect(open).toBe(CROWD)
})

test('an idle connection is closed when its time is over', async () => {
  await serve((_req, res) => res.end('ok'))
  const idle = dribble('GET / HTTP/1.1\r\nHost: x\r\n\r\n', '')
  expect(await idle.end).toContain('200 OK')
})

test('a connection serves so many requests and no more', async () => {
  await serve((_req, res) => res.end('ok'), { requestsOfOneConnection: 2 })
  const three = dribble('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3), '')
  const answers = (await three.end).match(/HTTP\/1\.1 \d+/g)
  expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 503'])
})

test('more connections than there may be are turned away at once, and there is room again afterwards', async () => {
  await serve(createApp(app.deps), { connections: 20 })
  const first = Array.from({ length: 20 }, () => dribble('', ''))
  await Promise.all([...sockets].map((socket) => once(socket, 'connect')))
  expect(await dribble('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', '').end).toBe('')
  await Promise.all(first.map(({ end }) => end))
  expect(await ask('/healthz')).toEqual({ status: 200, body: 'ok\n' })
})

test('told to stop, it answers what is under way and is not kept by a slow client', async () => {
  const asked = Promise.withResolvers<void>()
  const mayAnswer = Promise.withResolvers<void>()
  await serve(
    async (_req, res) => {
      asked.resolve()
      await mayAnswer.promise
      res.end('done')
    },
    { headersMs: 20_000, requestMs: 20_000 },
  )
  const slow = dribble('GET /slow HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a')
  const answer = ask('/')
  await asked.promise
  const closed = server?.close()
  mayAnswer.resolve()
  expect((await answer).body).toBe('done')
  await closed
  expect(await slow.end).toBe('')
})
