import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STATE_WORDS } from '../../src/controllers/view-models/payment-view.ts'
import { bucketOf, isFinal, isUnsent, MOVES, mayMove, PaymentState } from '../../src/models/payment/states.ts'

const STATES = Object.values(PaymentState)
const FINAL = ['PAID', 'REJECTED', 'CANCELLED', 'EXPIRED']

test('every state can be reached from a scheduled payment', () => {
  expect(reachableFrom('SCHEDULED')).toEqual(new Set(STATES))
})

test('from every state that is not final, an end can be reached', () => {
  for (const state of STATES.filter((candidate) => !isFinal(candidate)))
    expect([...reachableFrom(state)].some(isFinal), state).toBe(true)
})

test('exactly the four ends have no moves', () => {
  expect(STATES.filter(isFinal).sort()).toEqual([...FINAL].sort())
  for (const state of FINAL as PaymentState[]) expect(STATES.filter((to) => mayMove(state, to))).toEqual([])
})

test('no state moves to itself, because such a move would tell of nothing', () => {
  expect(STATES.filter((state) => mayMove(state, state))).toEqual([])
})

test('mayMove says the same as the table for all pairs', () => {
  for (const from of STATES)
    for (const to of STATES)
      expect(mayMove(from, to), `${from} → ${to}`).toBe((MOVES[from] as readonly string[]).includes(to))
})

test('only what has not been sent counts as unsent, and only that can be taken back by the saver', () => {
  expect(STATES.filter(isUnsent)).toEqual(['SCHEDULED', 'BLOCKED'])
  for (const state of STATES.filter(isUnsent)) expect(mayMove(state, 'CANCELLED')).toBe(true)
})

test('money is saved only in PAID, and given up only in the other ends', () => {
  expect(STATES.filter((state) => bucketOf('SAVING', state) === 'SAVED')).toEqual(['PAID'])
  expect(STATES.filter((state) => bucketOf('SAVING', state) === 'OPEN').sort()).toEqual([
    'CANCELLED',
    'EXPIRED',
    'REJECTED',
  ])
})

test('a payment that may exist at the bank never counts as merely pledged', () => {
  const sent = STATES.filter((state) => !isFinal(state) && !isUnsent(state))
  expect(sent.every((state) => bucketOf('SAVING', state) === 'ON_ITS_WAY')).toBe(true)
})

test('UNKNOWN can be left towards every state an order can be in at the bank, and never back to unsent', () => {
  expect([...MOVES.UNKNOWN].sort()).toEqual(
    STATES.filter((state) => state !== 'UNKNOWN' && !isUnsent(state)).sort(),
  )
})

test('a payment is sent only from SCHEDULED, or from UNKNOWN after the bank was asked', () => {
  expect(STATES.filter((state) => mayMove(state, 'SENDING'))).toEqual(['SCHEDULED', 'UNKNOWN'])
})

test.each(['SAVING', 'REVERSAL'] as const)(
  'on every walk of a %s through the table, the buckets together hold nothing more and nothing less',
  (kind) => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (choices, amount) => {
          const buckets = { OPEN: -amount, PLEDGED: 0, ON_ITS_WAY: 0, SAVED: 0, RETURNING: 0 }
          let state: PaymentState = 'SCHEDULED'
          buckets[bucketOf(kind, state)] += amount
          for (const choice of choices) {
            const targets = MOVES[state] as readonly PaymentState[]
            const to = targets[choice % Math.max(1, targets.length)]
            if (!to) break
            buckets[bucketOf(kind, state)] -= amount
            buckets[bucketOf(kind, to)] += amount
            state = to
            const { OPEN, ...others } = buckets
            expect(Object.values(others).reduce((sum, minor) => sum + minor, OPEN)).toBe(0)
            expect(Object.values(others).every((minor) => minor === 0 || minor === amount)).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  },
)

test('money on its way back counts as saved until the order goes out, and again when that comes to nothing', () => {
  const states = ['SCHEDULED', 'BLOCKED', 'SENDING', 'PAID', 'REJECTED', 'CANCELLED', 'EXPIRED'] as const
  expect(states.map((state) => bucketOf('REVERSAL', state))).toEqual([
    'SAVED',
    'SAVED',
    'RETURNING',
    'OPEN',
    'SAVED',
    'SAVED',
    'SAVED',
  ])
})

test('every state has words of its own for the saver', () => {
  expect(Object.keys(STATE_WORDS).sort()).toEqual([...STATES].sort())
  const labels = Object.values(STATE_WORDS).map((words) => words.label)
  expect(new Set(labels).size).toBe(STATES.length)
})

function reachableFrom(start: PaymentState): Set<PaymentState> {
  const seen = new Set([start])
  for (const state of seen) for (const to of MOVES[state]) seen.add(to)
  return seen
}
