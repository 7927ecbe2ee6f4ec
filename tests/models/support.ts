import { randomBytes, randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { BankAccount, Tokens } from '../../src/bank/index.ts'
import { ManualClock } from '../../src/clock.ts'
import { createSealer } from '../../src/crypto.ts'
import { createDb, type Db } from '../../src/db.ts'
import type { CheckOff, Habit, LedgerLine, Payment, User } from '../../src/generated/client.ts'
import type { LedgerBucket } from '../../src/generated/enums.ts'
import { type JobName, type Queue, SILENT_QUEUE } from '../../src/jobs/queue.ts'
import type { Actor, ModelContext, Rules } from '../../src/models/context.ts'
import type { HabitWish } from '../../src/models/habit.ts'
import { createModels, type Models } from '../../src/models/index.ts'
import { bucketOf, type PaymentState } from '../../src/models/payment/states.ts'
import type { Claim, PaymentReason } from '../../src/models/payment.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { TEST_RULES } from '../support/rules.ts'

export const SOMEBODY: Actor = { kind: 'saver', id: null, ip: '192.0.2.1', requestId: 'r-1' }
export const WORKER: Actor = { kind: 'worker', id: null, ip: null, requestId: null }

/** A database of its own for one test file. @param connections as many as its largest race needs, and two. */
export async function ownDatabase(
  connections = 10,
): Promise<Pick<TestDatabase, 'ownerUrl' | 'asOwner'> & { db: Db; close(): Promise<void> }> {
  const database = await testDatabase()
  const db = createDb(database.url, connections)
  return {
    db,
    ownerUrl: database.ownerUrl,
    asOwner: database.asOwner,
    close: async () => {
      await db.close()
      await database.drop()
    },
  }
}

interface EnqueuedJob {
  name: JobName
  data: object
  startAfter: Date | null
}

export interface World {
  db: Db
  clock: ManualClock
  models: Models
  context: ModelContext
  /** What was enqueued; nothing runs it. */
  jobs: EnqueuedJob[]
}

const secrets = {
  sealer: createSealer(new Map([[1, randomBytes(32)]])),
  accountHashKey: randomBytes(32),
}

/** The models with a clock and a queue of their own, so that no test moves another one's time. */
export function worldAt(db: Db, start = '2026-06-17T10:00:00.000Z', rules: Partial<Rules> = {}): World {
  const clock = new ManualClock(start)
  const jobs: EnqueuedJob[] = []
  const queue: Queue = {
    ...SILENT_QUEUE,
    enqueue: async (_tx, name, data, when) => {
      jobs.push({ name, data, startAfter: when?.startAfter ?? null })
    },
  }
  const context: ModelContext = {
    db,
    clock,
    queue,
    sealer: secrets.sealer,
    accountHashKey: secrets.accountHashKey,
    rules: { ...TEST_RULES, ...rules },
  }
  return { db, clock, models: createModels(context), context, jobs }
}

export async function newUser(world: World, facts: Partial<User> = {}): Promise<User> {
  return world.db.prisma.user.create({
    data: {
      fullName: 'Ida Berg',
      email: `${randomUUID()}@example.com`,
      hashedPwd: 'x',
      emailConfirmedOn: world.clock.now(),
      createdOn: world.clock.now(),
      ...facts,
    },
  })
}

export function tokens(name: string, expiresInSeconds = 3_600): Tokens {
  return { accessToken: `access-${name}`, refreshToken: `refresh-${name}`, expiresInSeconds }
}

export function grantTo(world: World, userId: string, granted: Tokens = tokens('first')) {
  const scopes = ['ACCOUNTS_BASIC', 'PAYMENTS_MULTIPLE']
  return world.models.consents.grant(
    userId,
    { profile: 'current', country: 'DK', scopes, tokens: granted },
    SOMEBODY,
  )
}

let lastNumber = 10_000_000_000_000

export function bankAccount(facts: Partial<BankAccount> = {}): BankAccount {
  lastNumber += 1
  const number = String(lastNumber)
  return {
    id: randomUUID(),
    name: 'Account',
    iban: `DK00${number}`,
    number: { type: 'BBAN_DK', value: number },
    country: 'DK',
    currency: 'DKK',
    kind: 'current',
    open: true,
    availableMinor: null,
    bookedMinor: null,
    creditLimitMinor: null,
    ...facts,
  }
}

/** A saver with a bank link and two chosen accounts. */
export async function newLinkedUser(world: World, facts: Partial<User> = {}): Promise<User> {
  const user = await newUser(world, facts)
  const consent = await grantTo(world, user.id)
  const [current, savings] = [bankAccount(), bankAccount({ kind: 'savings' })]
  const { accounts, users } = world.models
  const choice = { debtorAccount: accounts.hashOf(current), creditorAccount: accounts.hashOf(savings) }
  const chosen = await accounts.choose(user.id, consent.id, [current, savings], choice, SOMEBODY)
  if (chosen.kind !== 'chosen') throw new Error(`the accounts were refused: ${chosen.because}`)
  return (await users.find(user.id)) as User
}

export function newHabit(world: World, user: User, wish: Partial<HabitWish> = {}): Promise<Habit> {
  const whole = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500, ...wish }
  return world.models.habits.create(user, whole, 'DKK', SOMEBODY)
}

/** What the page would offer now. */
export async function offerOf(world: World, user: User, habitId: string) {
  const habit = await world.models.habits.findOwned(user, habitId)
  if (habit?.progress.next.kind !== 'open')
    throw new Error(`nothing is offered: ${habit?.progress.next.kind}`)
  return { day: habit.today, slot: habit.progress.next.slot }
}

export async function checkOff(
  world: World,
  user: User,
  habitId: string,
): Promise<CheckOff & { paymentId: string }> {
  const offer = await offerOf(world, user, habitId)
  const result = await world.models.checkOffs.record(user, habitId, offer, SOMEBODY)
  if (result.kind !== 'recorded') throw new Error(`it was not recorded: ${result.kind}`)
  return { ...result.checkOff, paymentId: result.paymentId ?? '' }
}

/** A payment at the moment somebody has to look at it, held by a worker. */
export async function claimDue(world: World, paymentId: string): Promise<Claim> {
  const { userId, nextActionAt } = await world.db.prisma.payment.findUniqueOrThrow({
    where: { id: paymentId },
  })
  world.clock.advance(Math.max(0, (nextActionAt?.getTime() ?? 0) - world.clock.now().getTime()))
  const claims = await world.models.payments.claimDue(userId)
  const claim = claims.find(({ payment }) => payment.id === paymentId)
  if (!claim) throw new Error('the payment could not be claimed')
  return claim
}

/** Takes a payment along these states, as workers would. */
export async function walk(world: World, paymentId: string, ...states: PaymentState[]): Promise<void> {
  for (const to of states) {
    const claim = await claimDue(world, paymentId)
    const bankPaymentId = claim.payment.bankPaymentId ?? randomUUID()
    const move = { to, bankPaymentId, lookAgainAt: world.clock.now(), ...whyFor(to) }
    await world.models.payments.move(claim, move, WORKER)
  }
}

function whyFor(to: PaymentState): { reason?: PaymentReason } {
  if (to === 'BLOCKED') return { reason: 'no-consent' }
  if (to === 'UNKNOWN') return { reason: 'no-clear-answer' }
  return ['REJECTED', 'CANCELLED', 'EXPIRED'].includes(to) ? { reason: 'insufficient-funds' } : {}
}

/** The usual way of an order, to the end. */
export const ARRIVING: PaymentState[] = ['SENDING', 'INITIATED', 'CONFIRMING', 'PAID']

/**
 * Three ways to the same numbers: what each balance says, what its lines add up to, and where the check-offs and the states
 * of their payments say that the money stands.
 */
export async function expectTrueBooks(db: Db, userId: string): Promise<void> {
  const [balances, lines, checkOffs] = await Promise.all([
    db.prisma.ledgerBalance.findMany({ where: { userId } }),
    db.prisma.ledgerLine.findMany({ where: { userId } }),
    db.prisma.checkOff.findMany({ where: { userId }, include: { payment: true, reversal: true } }),
  ])
  for (const { habitId, bucket, balanceMinor } of balances) {
    const own = lines.filter((line) => line.habitId === habitId && line.bucket === bucket)
    const said = checkOffs
      .filter((checkOff) => checkOff.habitId === habitId)
      .reduce((sum, checkOff) => {
        const stands = standsIn(checkOff)
        if (bucket === 'OPEN') return stands === 'OPEN' ? sum : sum - checkOff.amountMinor
        return stands === bucket ? sum + checkOff.amountMinor : sum
      }, 0)
    expect(sumOf(own), `lines of ${bucket} of ${habitId}`).toBe(Number(balanceMinor))
    expect(Number(balanceMinor), `${bucket} of ${habitId}`).toBe(said)
    expect(isChained(own), `${bucket} of ${habitId} line by line`).toBe(true)
  }
  expect(balances.reduce((sum, balance) => sum + Number(balance.balanceMinor), 0)).toBe(0)
}

type CheckOffWithPayments = CheckOff & { payment: Payment | null; reversal: Payment | null }

function standsIn({ state, payment, reversal }: CheckOffWithPayments): LedgerBucket {
  if (reversal) return bucketOf('REVERSAL', reversal.state)
  return payment && state === 'RECORDED' ? bucketOf('SAVING', payment.state) : 'OPEN'
}

function sumOf(lines: readonly { amountMinor: number }[]): number {
  return lines.reduce((sum, line) => sum + line.amountMinor, 0)
}

/** Every balance after a line is the balance before exactly one other, from nothing to the last. */
function isChained(lines: readonly LedgerLine[]): boolean {
  const ends = [0n, ...lines.map((line) => line.afterMinor)].map(String).sort()
  const starts = [...lines.map((line) => line.beforeMinor), BigInt(sumOf(lines))].map(String).sort()
  return ends.join() === starts.join()
}

/** Asks PostgreSQL until so many transactions of this database wait for a lock: races are forced, not hoped for. */
export async function untilWaiting(db: Db, howMany: number): Promise<void> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline) {
    const { rows } = await db.pool.query(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    if (rows[0].waiting >= howMany) return
  }
  throw new Error(`fewer than ${howMany} transactions wait for a lock`)
}

/** Runs `during` while another transaction, which `first` has made, is still open; then lets that one commit. */
export async function whileOpen<T>(
  db: Db,
  first: string,
  values: unknown[],
  during: () => Promise<T>,
  waiting = 1,
): Promise<T> {
  const client = await db.pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(first, values)
    const running = during()
    running.catch(() => {})
    await untilWaiting(db, waiting)
    await client.query('COMMIT')
    return await running
  } finally {
    client.release()
  }
}

export async function auditsOf(world: World, subjectId: string, action: string) {
  return world.db.prisma.auditEvent.findMany({ where: { subjectId, action } })
}
