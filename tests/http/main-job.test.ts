import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})

afterAll(() => app.close())

test('a check-off moves exactly its amount from the current to the savings account at the bank', async () => {
  const saver = await newLinkedSaver(app)
  const before = bookedBalances()
  const habit = await newHabit(app, saver, { amount: '12,50' })
  await checkOff(app, saver, habit)
  clock.advance(2 * MINUTE)
  await app.settleDue()
  clock.advance(2 * MINUTE)
  await app.settleDue()
  const after = bookedBalances()
  const moved = [...after]
    .map(([account, minor]) => minor - (before.get(account) ?? 0))
    .filter((difference) => difference !== 0)
  expect(moved.sort((a, b) => a - b)).toEqual([-1250, 1250])
  const page = await saver.visitor.get('/dashboard')
  expect(textOf(page.text)).toContain('12.50')
  const [payment] = await app.deps.db.prisma.payment.findMany({ where: { userId: saver.user.id } })
  expect(payment?.state).toBe('PAID')
})

function bookedBalances(): Map<string, number> {
  return new Map(app.sandbox.control.accounts().map((account) => [account.iban, account.bookedMinor]))
}
