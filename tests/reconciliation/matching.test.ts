import { expect, test } from 'vitest'
import {
  type Entry,
  type Leg,
  matchTransactions,
  referencesIn,
} from '../../src/models/reconciliation/transactions.ts'

let made = 0

function leg(facts: Partial<Leg> = {}): Leg {
  made += 1
  return {
    paymentId: `p${made}`,
    reference: `REFERENCE${String(made).padStart(3, '0')}`,
    account: 'current',
    counterparty: 'savings',
    amountMinor: -2_500,
    currency: 'DKK',
    from: '2026-06-10',
    to: '2026-06-14',
    isDue: true,
    ...facts,
  }
}

function entry(facts: Partial<Entry> = {}): Entry {
  made += 1
  return {
    key: `t${made}`,
    account: 'current',
    amountMinor: -2_500,
    currency: 'DKK',
    bookedOn: '2026-06-11',
    isBooked: true,
    references: [],
    counterparties: ['savings'],
    ...facts,
  }
}

const NOTHING = { unmatched: [], surplus: [], stray: [] }

test('a reference finds its payment whatever the day, before anything else is tried', () => {
  const [one, other] = [leg(), leg()]
  const late = entry({ references: [one.reference], bookedOn: '2026-06-30' })
  expect(matchTransactions([one, other], [entry(), late])).toEqual(NOTHING)
})

test('an entry with the reference of one payment stands for no other', () => {
  const [one, other] = [leg(), leg()]
  const twice = [entry({ references: [one.reference] }), entry({ references: [one.reference] })]
  expect(matchTransactions([one, other], twice)).toEqual({
    unmatched: [{ leg: other, closest: null }],
    surplus: [],
    stray: [twice[1]],
  })
})

test('without references amount, day and counterparty decide, and each entry is used once', () => {
  const legs = [leg(), leg(), leg({ account: 'savings', counterparty: 'current', amountMinor: 2_500 })]
  const credit = entry({ account: 'savings', amountMinor: 2_500, counterparties: null })
  expect(matchTransactions(legs, [entry(), entry(), credit])).toEqual(NOTHING)
  expect(matchTransactions(legs, [entry(), credit]).unmatched).toHaveLength(1)
})

test.each<[string, Partial<Entry>]>([
  ['of another amount', { amountMinor: -2_501 }],
  ['of the other direction', { amountMinor: 2_500 }],
  ['in another currency', { currency: 'EUR' }],
  ['on another account', { account: 'household' }],
  ['with another counterparty', { counterparties: ['grocer'] }],
])('an entry %s is no match and comes not close', (_what, facts) => {
  const due = leg()
  expect(matchTransactions([due], [entry(facts)]).unmatched).toEqual([{ leg: due, closest: null }])
})

test.each<[string, Partial<Entry>]>([
  ['that is only reserved', { isBooked: false }],
  ['that is booked too late', { bookedOn: '2026-06-15' }],
  ['that is booked too early', { bookedOn: '2026-06-09' }],
  ['with a counterparty nobody can read', { counterparties: [] }],
])('an entry %s is no match, and comes close', (_what, facts) => {
  const due = leg()
  const close = entry(facts)
  expect(matchTransactions([due], [close]).unmatched).toEqual([{ leg: due, closest: close }])
})

test('as many find each other as can, in whatever order the bank lists them', () => {
  const early = leg({ to: '2026-06-11' })
  const late = leg({ to: '2026-06-14' })
  const entries = [entry({ bookedOn: '2026-06-13' }), entry({ bookedOn: '2026-06-11' })]
  expect(matchTransactions([late, early], entries)).toEqual(NOTHING)
  expect(matchTransactions([early, late], entries.toReversed())).toEqual(NOTHING)
})

test('what is due comes before what only may have been booked already', () => {
  const due = leg()
  const underWay = leg({ isDue: false, to: '2026-06-12' })
  expect(matchTransactions([underWay, due], [entry()])).toEqual(NOTHING)
})

test('one more like a payment is surplus where it shows the same counterparty, and anything else where it does not', () => {
  const [shown, unshown] = [entry({ key: 'z' }), entry({ key: 'z', counterparties: null })]
  expect(matchTransactions([leg()], [entry(), shown]).surplus).toEqual([shown])
  expect(matchTransactions([leg()], [entry(), unshown]).surplus).toEqual([])
})

test('references are found between other words, and not inside of longer ones', () => {
  expect(referencesIn('Payment 0123456789AB · thanks', null, '0123456789AB', 'X0123456789AB')).toEqual([
    '0123456789AB',
  ])
})
