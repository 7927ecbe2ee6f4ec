/** What may happen in one life of the payment engine; fast-check invents it from a seed and makes it smaller when it fails. */
import fc from 'fast-check'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { FaultOrder } from '../../src/sandbox/index.ts'

export type Worker = 'worker 1' | 'worker 2'

export type Action =
  /** The saver completes a habit; twice at once means a double click. */
  | { kind: 'check off'; saver: number; habit: number; clicks: 1 | 2 }
  | { kind: 'backfill'; saver: number; habit: number; daysBack: number; pays: boolean }
  | { kind: 'undo'; pick: number; clicks: 1 | 2 }
  | { kind: 'move back'; pick: number; clicks: 1 | 2 }
  | { kind: 'pay again'; pick: number }
  | { kind: 'try now'; pick: number }
  | { kind: 'pause' | 'resume' | 'link again' | 'revoke at the bank'; saver: number }
  | { kind: 'cadence'; saver: number; cadence: 'AT_ONCE' | 'DAILY' }
  | { kind: 'limit'; saver: number; capPerDayMinor: number }
  | { kind: 'stop' | 'go' }
  | { kind: 'approve' | 'refuse'; pick: number }
  /** A worker looks for what is due. */
  | { kind: 'work'; worker: Worker }
  | { kind: 'time passes'; ms: number }
  | { kind: 'fault'; fault: FaultOrder }
  /** The process is killed so many points from now, and started again later. */
  | { kind: 'kill'; process: Worker | 'web'; after: number }
  | { kind: 'restart'; process: Worker | 'web' }

export interface Scenario {
  profile: 'current' | 'paper'
  savers: 1 | 2
  /** Minor units, one habit each. */
  amounts: number[]
  approval: 'never' | 'always' | 'above'
  settleDelayMs: number
  actions: { action: Action; steps: number }[]
  /** Decides whose turn it is at every point. */
  schedule: number
}

export const ROUTES = {
  accounts: 'GET *accounts',
  initiate: 'POST *payments/*',
  list: 'GET *payments/domestic',
  show: 'GET *payments/domestic/*',
  confirm: 'PUT *payments/*',
  token: 'POST *token*',
  any: '* *',
} as const

const worker = fc.constantFrom<Worker>('worker 1', 'worker 2')
const someProcess = fc.constantFrom<Worker | 'web'>('worker 1', 'worker 2', 'web')
const pick = fc.nat(9)
const saver = fc.nat(1)
const clicks = fc.constantFrom<1 | 2>(1, 1, 2)
const route = fc.constantFrom(...Object.values(ROUTES), ROUTES.initiate, ROUTES.initiate, ROUTES.confirm)
const strikes = { count: fc.integer({ min: 1, max: 3 }), skip: fc.constantFrom(0, 0, 0, 1, 2) }

/** Time-outs cost real time, a few dozen milliseconds each, so they are rarer than the rest. */
const fault: fc.Arbitrary<FaultOrder> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('drop-before' as const, 'drop-after' as const),
      route,
      ...strikes,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('status' as const, 'status-after' as const),
      route,
      status: fc.constantFrom(500, 502, 503),
      ...strikes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'malformed-json' as const,
        'truncated-json' as const,
        'duplicate-answer' as const,
      ),
      route,
      ...strikes,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('timeout-before' as const, 'timeout-after' as const),
      route,
      count: fc.constant(1),
      skip: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rate-limit' as const),
      route,
      retryAfterSeconds: fc.integer({ min: 0, max: 120 }),
      ...strikes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('late-status' as const, 'wrong-amount' as const),
      route: fc.constantFrom(ROUTES.show, ROUTES.list),
      ...strikes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('course' as const),
      route: fc.constant(ROUTES.confirm),
      outcome: fc.constantFrom(
        'insufficient-funds' as const,
        'limit-exceeded' as const,
        'rejected' as const,
        'rejected-late' as const,
        'on-hold-then-paid' as const,
        'on-hold-then-second-confirmation' as const,
        'approval-timeout' as const,
      ),
      ...strikes,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('token-expired' as const), route, ...strikes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('consent-revoked' as const),
      route,
      count: fc.constant(1),
      skip: fc.nat(4),
    }),
  },
)

const timePasses = fc.record({
  kind: fc.constant('time passes' as const),
  ms: fc.constantFrom(
    SECOND,
    11 * SECOND,
    31 * SECOND,
    61 * SECOND,
    2 * MINUTE,
    6 * MINUTE,
    HOUR,
    7 * HOUR,
    DAY,
    91 * DAY,
  ),
})

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('check off' as const), saver, habit: fc.nat(1), clicks }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('backfill' as const),
      saver,
      habit: fc.nat(1),
      daysBack: fc.integer({ min: 0, max: 9 }),
      pays: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('undo' as const), pick, clicks }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move back' as const), pick, clicks }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pay again' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('try now' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'pause' as const,
        'resume' as const,
        'link again' as const,
        'revoke at the bank' as const,
      ),
      saver,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cadence' as const),
      saver,
      cadence: fc.constantFrom('AT_ONCE' as const, 'DAILY' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      saver,
      capPerDayMinor: fc.integer({ min: 100, max: 100_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('stop' as const, 'go' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('approve' as const, 'approve' as const, 'refuse' as const),
      pick,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('work' as const), worker }) },
  { weight: 4, arbitrary: timePasses },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fault' as const), fault }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      process: someProcess,
      after: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('restart' as const), process: someProcess }) },
)

type Step = Scenario['actions'][number]
const now = (action: Action): Step => ({ action, steps: 0 })

/** A worker's turn when something is due, with trouble waiting for it: that is where payments are lost or doubled. */
const troubledWork: fc.Arbitrary<Step[]> = fc
  .record({
    faults: fc.array(fault, { minLength: 1, maxLength: 3, size: 'max' }),
    kill: fc.option(fc.integer({ min: 1, max: 70 }), { freq: 2 }),
    time: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Action>({ kind: 'time passes', ms: 61 * SECOND }) },
      timePasses,
    ),
    who: worker,
    steps: fc.nat(120),
  })
  .map(({ faults, kill, time, who, steps }) => [
    now({ kind: 'restart', process: who }),
    ...faults.map((each) => now({ kind: 'fault', fault: each })),
    now(time),
    ...(kill === null ? [] : [now({ kind: 'kill', process: who, after: kill })]),
    { action: { kind: 'work', worker: who }, steps },
  ])

const stretch: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ action, steps: fc.nat(40) }).map((each) => [each]) },
  { weight: 2, arbitrary: troubledWork },
)

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  profile: fc.constantFrom('current' as const, 'current' as const, 'paper' as const),
  savers: fc.constantFrom<1 | 2>(1, 1, 2),
  amounts: fc.array(fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom(999_999, 1_000_000)), {
    minLength: 1,
    maxLength: 2,
  }),
  approval: fc.constantFrom('never' as const, 'never' as const, 'always' as const, 'above' as const),
  settleDelayMs: fc.constantFrom(0, 0, 10 * SECOND, HOUR),
  actions: fc.array(stretch, { minLength: 2, maxLength: 5, size: 'max' }).map((stretches) => [
    // Every life begins with something to lose.
    { action: { kind: 'check off' as const, saver: 0, habit: 0, clicks: 1 as const }, steps: 200 },
    ...stretches.flat(),
  ]),
  schedule: fc.integer(),
})
