/** The web processes of one machine, as signals and deaths find them. */
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { ask, cookieOf } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freeAll, held } from '../support/held-tables.ts'
import { newSaver } from '../support/people.ts'
import { lives, Server } from './support/server.ts'

const IN_TIME = { timeout: 60_000, interval: 20 }
/** Each starts processes, on cores that may have other work. */
const PATIENT = 180_000
vi.setConfig({ testTimeout: PATIENT, hookTimeout: PATIENT })

let database: TestDatabase
let app: TestApp
let cookie: string
const servers: Server[] = []

beforeAll(async () => {
  database = await testDatabase()
  app = await startTestApp({ clock: systemClock, database, settings: { DATABASE_POOL: '4' } })
  cookie = await cookieOf((await newSaver(app)).visitor, '/password/forgot')
})
afterEach(async () => {
  await freeAll()
  for (const server of servers.splice(0)) await server.end('SIGKILL')
})
afterAll(() => app.close())

async function start(settings: Record<string, string>): Promise<Server> {
  const server = await Server.ready({ ...app.environment, ...settings })
  servers.push(server)
  return server
}

const headers = () => ({ host: new URL(app.baseUrl).host, cookie })
const dashboard = (server: Server) =>
  ask({ baseUrl: server.origin }, 'GET', '/dashboard', { headers: headers() })

describe('of several web processes', () => {
  test('one that is killed is replaced, and the others answer meanwhile', async () => {
    const server = await start({ WEB_CONCURRENCY: '2' })
    const [victim = 0, other = 0] = server.pids
    process.kill(victim, 'SIGKILL')
    await expect.poll(() => lives(victim), IN_TIME).toBe(false)
    for (let turn = 0; turn < 5; turn += 1) expect((await dashboard(server)).status).toBe(200)
    await server.says('web ready', 3)
    expect(server.pids.filter(lives)).toHaveLength(2)
    expect(lives(other)).toBe(true)
    expect(server.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'a web process has died', process: victim }),
    )
    expect(await server.end()).toBe(0)
    expect(server.pids.filter(lives)).toEqual([])
  })

  test('none is left when the one that looks after them is killed', async () => {
    const server = await start({ WEB_CONCURRENCY: '2' })
    await server.end('SIGKILL')
    await expect.poll(() => server.pids.filter(lives), IN_TIME).toEqual([])
    await expect(dashboard(server)).rejects.toThrow('ECONNREFUSED')
  })

  test('the first that can’t start names what is wrong once, and all of it ends', async () => {
    const server = await Server.start({ ...app.environment, WEB_CONCURRENCY: '2', SESSION_SECRET: 'short' })
    servers.push(server)
    expect(await server.ended()).toBe(1)
    expect(server.complained.match(/These settings are wrong/g)).toHaveLength(1)
    expect(server.count('a web process has died')).toBe(1)
  })

  test('none is given up while the new ones don’t start', async () => {
    const server = await start({ WEB_CONCURRENCY: '2' })
    const before = server.pids
    await app.asOwner('ALTER SCHEMA pgboss RENAME TO away')
    server.child.kill('SIGHUP')
    await server.says('rolling restart given up: the new process did not get ready')
    await app.asOwner('ALTER SCHEMA away RENAME TO pgboss')
    expect(before.filter(lives)).toEqual(before)
    expect((await dashboard(server)).status).toBe(200)
  })
})

describe.each(['1', '2'])('told to stop, %s of them', (WEB_CONCURRENCY) => {
  test('answer what is under way, say to whoever keeps a connection that it ends, and are gone', async () => {
    const server = await start({ WEB_CONCURRENCY, DRAIN_SECONDS: '6' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const kept = (path: string) => keptAnswer(server, agent, path)
    expect(await kept('/readyz')).toMatchObject({ status: 200, connection: 'keep-alive' })
    const table = await held(database, 'Habit')
    const slow = dashboard(server)
    await table.areWaiting(1)
    const ended = server.end('SIGTERM')
    await server.says('web stops', Number(WEB_CONCURRENCY))
    // The connection from before, which nobody has cut while it was idle, and after it a new one.
    for (let turn = 0; turn < 2; turn += 1)
      expect(await kept('/readyz')).toEqual({ status: 503, connection: 'close', body: 'not ready\n' })
    expect(await kept('/settings')).toMatchObject({ status: 200, connection: 'close' })
    await table.free()
    expect(await slow).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(await ended).toBe(0)
    expect(server.pids.filter(lives)).toEqual([])
    agent.destroy()
  })
})

async function keptAnswer(server: Server, agent: Agent, path: string) {
  const sent = get(new URL(path, server.origin), { agent, headers: headers() })
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, connection: answer.headers.connection, body: await text(answer) }
}
