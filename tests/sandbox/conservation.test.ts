/** Whatever is ordered, confirmed, taken back or added, in whatever order: no money is made and none is lost. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, customerOf, EVERYDAY, optionsWith, SAVINGS } from './support.ts'

const HOUSEHOLD = '23001544527165'
const ELSEWHERE = '99990000000001'
const NUMBERS = [EVERYDAY, SAVINGS, HOUSEHOLD]
const SCENARIOS = ['', 'PaymentMissingFunds', 'PaymentOnHold', 'PaymentSigningExpires', 'PaymentOnHold2CCYes']

interface Run {
  sandbox: Sandbox
  customer: Customer
  orders: string[]
  /** What was added from outside, per account. */
  added: Map<string, number>
}

type Action = (run: Run) => Promise<void>

const account = fc.constantFrom(...NUMBERS)
const pick = (run: Run, nth: number) => run.orders[nth % Math.max(1, run.orders.length)] ?? 'none'

const ordering: fc.Arbitrary<Action> = fc
  .record({
    from: account,
    to: fc.constantFrom(...NUMBERS, ELSEWHERE),
    minor: fc.integer({ min: 1, max: 3_000_000 }),
  })
  .map(({ from, to, minor }) => async (run) => {
    const { body } = await run.customer.send('POST', '/payments/domestic', {
      amount: (minor / 100).toFixed(2),
      currency: 'DKK',
      debtor: { account: { _type: 'BBAN_DK', value: from } },
      creditor: { account: { _type: 'BBAN_DK', value: to } },
    })
    if (body.response) run.orders.push(body.response._id)
  })

const confirming: fc.Arbitrary<Action> = fc
  .record({ nth: fc.nat(20), scenario: fc.constantFrom(...SCENARIOS) })
  .map(({ nth, scenario }) => async (run) => {
    const path = `/payments/domestic/${pick(run, nth)}/confirm`
    await run.customer.send('PUT', path, undefined, scenario ? { 'X-Response-Scenarios': scenario } : {})
  })

const deleting: fc.Arbitrary<Action> = fc.nat(20).map((nth) => async (run) => {
  await run.customer.send('DELETE', `/payments/domestic/${pick(run, nth)}`)
})

const adding: fc.Arbitrary<Action> = fc
  .record({ to: account, minor: fc.integer({ min: -50_000, max: 50_000 }) })
  .map(({ to, minor }) => async (run) => {
    const body = { amount: (minor / 100).toFixed(2), currency: 'DKK', status: 'billed' }
    await run.customer.send('POST', `/accounts/${to}/transactions`, body)
    run.added.set(to, (run.added.get(to) ?? 0) + minor)
  })

const waiting: fc.Arbitrary<Action> = fc
  .integer({ min: 0, max: 4_000 })
  .map((milliseconds) => async (run) => {
    run.sandbox.control.advanceClock(milliseconds)
  })

const actions = fc.array(fc.oneof(ordering, confirming, confirming, deleting, adding, waiting), {
  maxLength: 40,
})

test('money is conserved, reservations included, and every paid order moved its amount exactly once', async () => {
  const sandbox = await startSandbox(optionsWith({ settleDelayMs: 1_000 }))
  try {
    await fc.assert(
      fc.asyncProperty(actions, async (steps) => {
        sandbox.control.reset()
        const run = { sandbox, customer: await customerOf(sandbox, 'v4'), orders: [], added: new Map() }
        const before = new Map(sandbox.control.accounts().map(({ iban, bookedMinor }) => [iban, bookedMinor]))
        for (const step of steps) {
          await step(run)
          expect(sandbox.control.imbalance()).toEqual({ DKK: 0, SEK: 0, NOK: 0, EUR: 0 })
        }
        for (const number of NUMBERS) checkAccount(sandbox, number, before, run.added)
      }),
      { numRuns: 30 },
    )
  } finally {
    await sandbox.close()
  }
}, 60_000)

function checkAccount(
  sandbox: Sandbox,
  number: string,
  before: Map<string, number>,
  added: Map<string, number>,
): void {
  const { id, iban, bookedMinor, availableMinor } = sandbox.control.account(number)
  const payments = sandbox.control.payments()
  const paid = payments.filter(({ status }) => status === 'Paid')
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0)
  const out = sum(paid.filter((one) => one.debtorAccountId === id).map((one) => one.amountMinor))
  const into = sum(paid.filter((one) => one.creditor.account.value === number).map((one) => one.amountMinor))
  const held = sum(
    payments.filter((one) => one.reserved && one.debtorAccountId === id).map((one) => one.amountMinor),
  )
  expect(bookedMinor).toBe((before.get(iban) ?? 0) + (added.get(number) ?? 0) + into - out)
  expect(availableMinor).toBe(bookedMinor - held)
}
