/** Two web processes over one database, as a platform runs them when there is more to do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { unusedPort } from '../../src/embedded/ports.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, offerOf, secondBrowser } from '../support/people.ts'
import { ask, cookieOf } from './support/ask.ts'

let app: TestApp
let servers: { child: ChildProcess; baseUrl: string }[]

beforeAll(async () => {
  app = await startTestApp({
    clock: systemClock,
    settings: { UNDO_WINDOW_SECONDS: '0', PAYMENT_POLL_SECONDS: '0', LOG_LEVEL: 'info' },
  })
  servers = await Promise.all([startServer(), startServer()])
})
afterAll(async () => {
  for (const { child } of servers) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await app.close()
})

async function startServer() {
  const port = await unusedPort()
  const child = spawn(process.execPath, ['src/server.ts'], {
    env: { PATH: process.env.PATH, ...app.environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('web ready') && resolve())
    child.once('exit', (code) => reject(new Error(`the server ended: ${code}`)))
  })
  return { child, baseUrl: `http://127.0.0.1:${port}` }
}

test('fifty check-offs at once, over two sessions and two processes, are one order at the bank', async () => {
  const saver = await newLinkedSaver(app)
  const habitId = await newHabit(app, saver)
  const other = await secondBrowser(app, saver)
  const offer = await offerOf(app, saver, habitId)
  const browsers = await Promise.all(
    [saver.visitor, other].map(async (visitor) => ({
      cookie: await cookieOf(visitor, '/password/forgot'),
      token: visitor.token,
    })),
  )
  const { host } = new URL(app.baseUrl)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, turn) => {
      const { cookie, token } = browsers[turn % 2] ?? { cookie: '', token: '' }
      const server = servers[Math.floor(turn / 2) % 2] ?? app
      const fields = {
        _csrf: token,
        day: offer.day,
        slot: String(offer.slot),
        version: String(offer.version),
      }
      return ask(server, 'POST', `/habits/${habitId}/checkoff`, {
        headers: { host, cookie },
        body: new URLSearchParams(fields).toString(),
      })
    }),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
  const { prisma } = app.deps.db
  expect(await prisma.checkOff.count({ where: { habitId } })).toBe(1)
  const payments = () => prisma.payment.findMany({ where: { userId: saver.user.id } })
  await expect
    .poll(
      async () => {
        await app.settleDue()
        return (await payments()).map(({ state }) => state)
      },
      { timeout: 20_000, interval: 50 },
    )
    .toEqual(['PAID'])
  expect(app.sandbox.control.payments()).toHaveLength(1)
})
