/** The real worker as a process of its own, on the real clock: killed at the worst moments, and asked to stop. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newLinkedSaver } from '../support/people.ts'
import {
  balances,
  CONFIRM,
  expectPromiseKept,
  LIST_ACCOUNTS,
  ordersOf,
  type Pledge,
  POST_ORDER,
  paymentOf,
  pledgeOf,
} from './support.ts'

const WORKER = fileURLToPath(new URL('../../src/worker.ts', import.meta.url))
const QUICK = {
  UNDO_WINDOW_SECONDS: '0',
  PAYMENT_LEASE_SECONDS: '2',
  PAYMENT_POLL_SECONDS: '1',
  RESEND_AFTER_SECONDS: '4',
  LOG_LEVEL: 'info',
}
const IN_TIME = { timeout: 45_000, interval: 50 }

let app: TestApp
let opening: Map<string, number>
const running = new Set<ChildProcess>()

beforeAll(async () => {
  app = await startTestApp({ clock: systemClock, settings: QUICK })
  opening = balances(app)
})
afterEach(async () => {
  app.sandbox.control.clearFaults()
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
  await expectPromiseKept({ app, opening })
})
afterAll(() => app.close())

test('a payment whose worker is killed while it reads, orders and confirms arrives once', async () => {
  const { control } = app.sandbox
  const saver = await newLinkedSaver(app)
  control.clearRequests()
  for (const route of [LIST_ACCOUNTS, POST_ORDER, CONFIRM]) {
    control.addFault({ kind: 'delay', route, delayMs: 1_500 })
  }
  let victim = await startWorker()
  const pledged = await pledgeOf({ app }, saver)
  for (const [method, path] of [
    ['GET', /accounts$/],
    ['POST', /domestic$/],
    ['PUT', /confirm$/],
  ] as const) {
    await expect.poll(() => isUnderWay(method, path), IN_TIME).toBe(true)
    await end(victim, 'SIGKILL')
    victim = await startWorker()
  }
  await paid(pledged)
  expect(ordersOf({ app }, pledged)).toHaveLength(1)
}, 120_000)

test('of two workers that start over several payments at once, each payment is sent by one', async () => {
  const saver = await newLinkedSaver(app)
  const pledges: Pledge[] = []
  for (let turn = 0; turn < 6; turn += 1) pledges.push(await pledgeOf({ app }, saver))
  await Promise.all([startWorker(), startWorker()])
  for (const pledged of pledges) await paid(pledged)
  for (const pledged of pledges) expect(await paymentOf({ app }, pledged)).toMatchObject({ attempts: 1 })
})

test('a worker that is asked to stop writes down what the bank says, and ends', async () => {
  const saver = await newLinkedSaver(app)
  app.sandbox.control.clearRequests()
  app.sandbox.control.addFault({ kind: 'delay', route: POST_ORDER, delayMs: 1_500 })
  const worker = await startWorker()
  const pledged = await pledgeOf({ app }, saver)
  await expect.poll(() => isUnderWay('POST', /domestic$/), IN_TIME).toBe(true)
  expect(await end(worker, 'SIGTERM')).toBe(0)
  expect(await paymentOf({ app }, pledged)).toMatchObject({ state: 'INITIATED', leaseOwner: null })
  await startWorker()
  await paid(pledged)
})

async function startWorker(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [WORKER], {
    env: { ...process.env, ...app.environment, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  await new Promise<void>((resolve, reject) => {
    // Read to the end, so that the worker can always write its log.
    child.stdout.on('data', (chunk) => String(chunk).includes('worker ready') && resolve())
    child.once('exit', (code, signal) => reject(new Error(`the worker ended: ${code ?? signal}`)))
  })
  return child
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
  return child.exitCode
}

/** The bank has the call and has not answered it yet. */
function isUnderWay(method: string, path: RegExp): boolean {
  return app.sandbox.control
    .requests()
    .some((request) => request.method === method && path.test(request.path) && request.status === null)
}

async function paid(pledged: Pledge): Promise<void> {
  await expect.poll(async () => (await paymentOf({ app }, pledged)).state, IN_TIME).toBe('PAID')
}
