/** `npm run reconcile` as a program of its own: what it prints, and what it tells the shell. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { equalWorld, meddle, reconcile, type World } from './support.ts'

const COMMAND = fileURLToPath(new URL('../../src/reconcile.ts', import.meta.url))

let world: World

beforeAll(async () => {
  world = await equalWorld()
}, 120_000)
afterEach(() => world.app.sandbox.control.clearFaults())
afterAll(() => world.app.close())

interface Ended {
  code: number
  out: string
  error: string
}

function run(args: string[] = [], settings: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...world.app.environment, ...settings }
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { env }, (failed, out, error) =>
      resolve({ code: failed ? Number(failed.code) : 0, out, error }),
    )
  })
}

test('it ends with 0 when everything is equal', async () => {
  const { code, out } = await run()
  expect(out).toMatch(/payments in the books +10\n/)
  expect(out).toMatch(/savers compared with the bank +2\n/)
  expect(out).toMatch(/differences +0\nEverything that was compared is equal\./)
  expect(code).toBe(0)
})

test('it ends with 1 when something differs, and says what', async () => {
  const { id, reference, userId } = world.payments.scheduled
  await meddle(world, `UPDATE "Payment" SET "amountMinor" = 2600 WHERE id = $1`, [id])
  const { code, out, error } = await run()
  await meddle(world, `UPDATE "Payment" SET "amountMinor" = 2500 WHERE id = $1`, [id])
  await reconcile(world)
  expect(out).toMatch(/differences +1\n/)
  expect(out).toContain(
    `payment-not-the-sum  payments wait  ${reference}  ${userId}  SCHEDULED, 2600 DKK  its check-offs come to 2500`,
  )
  expect(error).toContain('the books differ')
  expect(error).not.toContain('2600')
  expect(code).toBe(1)
})

test('it ends with 2 when nothing differs and somebody could not be compared', async () => {
  world.app.sandbox.control.addFault({
    kind: 'rate-limit',
    route: 'GET *payments/*',
    count: null,
    retryAfterSeconds: 0,
  })
  const { code, out } = await run()
  expect(out).toMatch(/savers not compared +2 {3}\(bank-rate-limited 2\)/)
  expect(out).not.toContain('is equal')
  expect(code).toBe(2)
})

test('with --books the bank is not asked', async () => {
  world.app.sandbox.control.clearRequests()
  const { code, out } = await run(['--books'], { NORDEA_BASE_URL: 'http://127.0.0.1:9' })
  expect(out).toContain('the bank was not asked')
  expect(world.app.sandbox.control.requests()).toEqual([])
  expect(code).toBe(0)
})

test.each<[string, string[], Record<string, string>, RegExp]>([
  ['a setting is wrong', [], { DATABASE_URL: '' }, /DATABASE_URL is missing/],
  ['the database is not there', [], { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }, /ECONNREFUSED/],
  ['an option is unknown', ['--repair'], {}, /--repair/],
])('it ends with 3 when %s', async (_what, args, settings, why) => {
  const { code, out, error } = await run(args, settings)
  expect(error).toMatch(why)
  expect(out).toBe('')
  expect(code).toBe(3)
})
