import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, tighterOf } from '../../src/models/limits.ts'
import { type GuardFacts, refusalOf } from '../../src/models/payment/guards.ts'

const NOW = new Date('2026-06-17T10:00:00.000Z')

/** A payment that may go out, with everything far from its edge. */
const FINE: GuardFacts = {
  now: NOW,
  payment: { kind: 'SAVING', amountMinor: 2_500 },
  user: { status: 'ACTIVE', pausedUntil: null },
  isStopped: false,
  isUnderReview: false,
  limits: { capPerPaymentMinor: 10_000, capPerDayMinor: 20_000, capPerMonthMinor: 30_000, floorMinor: 5_000 },
  sentTodayMinor: 0,
  sentThisMonthMinor: 0,
  unreservedMinor: 0,
  availableMinor: 1_000_000,
  exposure: { inFlightMinor: 0, limitMinor: 1_000_000 },
}

const facts = (change: Partial<GuardFacts>): GuardFacts => ({ ...FINE, ...change })
const limits = (change: Partial<GuardFacts['limits']>) => ({ limits: { ...FINE.limits, ...change } })
const paying = (amountMinor: number) => ({ payment: { kind: 'SAVING', amountMinor } }) as const

/** Every reason with the one fact that causes it, in the order in which they are given. */
const CAUSES: [string, Partial<GuardFacts>][] = [
  ['account-locked', { user: { status: 'LOCKED', pausedUntil: null } }],
  ['payments-stopped', { isStopped: true }],
  ['under-review', { isUnderReview: true }],
  ['savings-paused', { user: { status: 'ACTIVE', pausedUntil: new Date(NOW.getTime() + 1) } }],
  ['cap-per-payment', limits({ capPerPaymentMinor: 2_499 })],
  ['cap-per-day', { sentTodayMinor: 17_501 }],
  ['cap-per-month', { sentThisMonthMinor: 27_501 }],
  ['below-floor', { availableMinor: 7_499 }],
  ['exposure-limit', { exposure: { inFlightMinor: 997_501, limitMinor: 1_000_000 } }],
]
const SWITCHES = ['account-locked', 'payments-stopped', 'under-review', 'savings-paused']

describe('what keeps a payment from going out', () => {
  test('nothing does when everything is far from its edge', () => {
    expect(refusalOf(FINE)).toBeNull()
  })

  test.each(CAUSES)('%s', (reason, cause) => {
    expect(refusalOf(facts(cause))).toBe(reason)
  })

  test('of several reasons the first one is told: switches before limits, the payment before the whole', () => {
    const order = CAUSES.map((_, index) => {
      const all = structuredClone(FINE)
      for (const [, { user, limits: caps, ...cause }] of CAUSES.slice(index).toReversed()) {
        Object.assign(all, cause)
        Object.assign(all.user, user)
        Object.assign(all.limits, caps)
      }
      return refusalOf(all)
    })
    expect(order).toEqual(CAUSES.map(([reason]) => reason))
  })
})

describe('at the edge', () => {
  test.each<[string, Partial<GuardFacts>, string]>([
    ['cap per payment', limits({ capPerPaymentMinor: 2_500 }), 'cap-per-payment'],
    ['cap per day', { sentTodayMinor: 17_500 }, 'cap-per-day'],
    ['cap per month', { sentThisMonthMinor: 27_500 }, 'cap-per-month'],
    ['floor', { availableMinor: 7_500 }, 'below-floor'],
    ['floor with money on its way', { availableMinor: 8_000, unreservedMinor: 500 }, 'below-floor'],
    ['empty account', { availableMinor: 2_500, ...limits({ floorMinor: 0 }) }, 'not-enough-money'],
    [
      'overdrawn already',
      { availableMinor: 2_499, unreservedMinor: -1, ...limits({ floorMinor: 0 }) },
      'not-enough-money',
    ],
    ['exposure', { exposure: { inFlightMinor: 997_500, limitMinor: 1_000_000 } }, 'exposure-limit'],
  ])('%s: exactly reached it goes, one minor unit more and it waits', (_name, edge, reason) => {
    expect(refusalOf(facts(edge))).toBeNull()
    expect(refusalOf(facts({ ...edge, ...paying(2_501) }))).toBe(reason)
  })

  test('a pause ends at its instant, not after it', () => {
    const until = (ms: number) =>
      facts({ user: { status: 'ACTIVE', pausedUntil: new Date(NOW.getTime() + ms) } })
    expect([-1, 0, 1].map((ms) => refusalOf(until(ms)))).toEqual([null, null, 'savings-paused'])
  })

  test('a limit that has been lowered below what went out already lets nothing more go', () => {
    expect(refusalOf(facts({ sentTodayMinor: 25_000, ...paying(1) }))).toBe('cap-per-day')
    expect(refusalOf(facts({ sentThisMonthMinor: 35_000, ...paying(1) }))).toBe('cap-per-month')
  })
})

describe('an unknown balance', () => {
  test('waits where something must stay in the account', () => {
    expect(refusalOf(facts({ availableMinor: null }))).toBe('balance-unknown')
    expect(refusalOf(facts({ availableMinor: null, ...limits({ floorMinor: 1 }) }))).toBe('balance-unknown')
  })

  test('goes where nothing must, because the bank refuses what isn’t covered', () => {
    expect(refusalOf(facts({ availableMinor: null, ...limits({ floorMinor: 0 }) }))).toBeNull()
  })
})

describe('bringing money back', () => {
  const reversal = (cause: Partial<GuardFacts>) =>
    refusalOf(facts({ ...cause, payment: { kind: 'REVERSAL', amountMinor: 2_500 } }))

  test.each(CAUSES.filter(([reason]) => SWITCHES.includes(reason)))('obeys %s', (reason, cause) => {
    expect(reversal(cause)).toBe(reason)
  })

  test('obeys the exposure limit', () => {
    expect(reversal({ exposure: { inFlightMinor: 997_501, limitMinor: 1_000_000 } })).toBe('exposure-limit')
  })

  test.each(CAUSES.filter(([reason]) => reason.startsWith('cap-') || reason === 'below-floor'))(
    'is not kept back by %s',
    (_reason, cause) => {
      expect(reversal(cause)).toBeNull()
    },
  )

  test('is not kept back by an unknown balance', () => {
    expect(reversal({ availableMinor: null })).toBeNull()
  })
})

describe('the tighter of two limits', () => {
  test('has the lower caps and the higher floor', () => {
    const some = { capPerPaymentMinor: 1, capPerDayMinor: 20, capPerMonthMinor: 3, floorMinor: 40 }
    const others = { capPerPaymentMinor: 10, capPerDayMinor: 2, capPerMonthMinor: 30, floorMinor: 4 }
    const both = { capPerPaymentMinor: 1, capPerDayMinor: 2, capPerMonthMinor: 3, floorMinor: 40 }
    expect(tighterOf(some, others)).toEqual(both)
    expect(tighterOf(others, some)).toEqual(both)
    expect(tighterOf(DEFAULT_LIMITS, DEFAULT_LIMITS)).toEqual(DEFAULT_LIMITS)
  })
})
