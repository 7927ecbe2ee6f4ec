import { setTimeout as pause } from 'node:timers/promises'
import type { Program } from '../program.ts'
import type { Floor, Task } from '../programs/settle.ts'
import { makeDue } from './due-payments.ts'
import type { LoggedCall } from './emulator.ts'
import { countSettled, settledSince } from './rows.ts'
import { CALLS_PER_SECOND, type SettlingStage } from './stage.ts'

export interface Settled {
  payments: number
  seconds: number
  perSecond: number
}

/** What the emulator saw of a worker that keeps to its limit. */
export interface Limited {
  calls: number
  perSecond: number
  /** How many of them it answered 429. */
  refused: number
}

const LOOK_EVERY_MS = 50
const SETTLED_WITHIN_MS = 120_000

/** From the first call to the bank until the last payment has arrived, by the workers' own clock. */
export async function settleByWorkers(
  stage: SettlingStage,
  workers: readonly Program[],
  userIds: readonly string[],
  paymentsEach: number,
): Promise<Settled> {
  const { pool } = stage.place
  await prepare(stage, userIds, paymentsEach)
  const before = await countSettled(pool)
  const startedAt = new Date()
  await atWork(stage, workers)
  const payments = userIds.length * paymentsEach
  settledSince(before, await countSettled(pool), payments)
  const { rows } = await pool.query(
    `SELECT (SELECT min(at) FROM "BankCall" WHERE at >= $1) AS first,
            (SELECT max("finalOn") FROM "Payment") AS last`,
    [startedAt],
  )
  return settled(payments, (rows[0].last.getTime() - rows[0].first.getTime()) / 1_000)
}

export async function settleByFloor(
  stage: SettlingStage,
  floor: Floor,
  userIds: string[],
  paymentsEach: number,
): Promise<Settled> {
  const { pool } = stage.place
  const payments = userIds.length * paymentsEach
  const task: Task = { kind: 'settle', floor, userIds, paymentsEach }
  const tell = async () => ((await stage.floor.tell(task)) as { seconds: number }).seconds
  if (floor === 'calls') return settled(payments, await tell())
  await prepare(stage, userIds, paymentsEach)
  const before = await countSettled(pool)
  const seconds = await tell()
  settledSince(before, await countSettled(pool), payments)
  return settled(payments, seconds)
}

/** Here the bank is the slow one; what matters is how much of what it allows is used, and that it never has to object. */
export async function settleWithinLimit(stage: SettlingStage, userIds: readonly string[]): Promise<Limited> {
  await prepare(stage, userIds, 1)
  await stage.emulator.limitTo(CALLS_PER_SECOND)
  try {
    await atWork(stage, [stage.limitedWorker])
  } finally {
    await stage.emulator.limitTo(null)
  }
  const calls = await stage.emulator.calls()
  const seconds = (Date.parse(lastOf(calls).at) - Date.parse(calls[0]?.at ?? '')) / 1_000
  const refused = calls.filter(({ status }) => status === 429).length
  return { calls: calls.length, perSecond: (calls.length - 1) / seconds, refused }
}

/** Workers stand still, so that nothing is settled before its time. */
async function prepare(stage: SettlingStage, userIds: readonly string[], each: number): Promise<void> {
  await makeDue(stage.place.pool, userIds, each)
  await stage.place.tidy()
  await stage.emulator.forgetCalls()
}

export async function atWork({ place }: SettlingStage, workers: readonly Program[]): Promise<void> {
  const startedAt = performance.now()
  for (const worker of workers) worker.resume()
  for (;;) {
    await pause(LOOK_EVERY_MS)
    const { rows } = await place.pool.query(
      'SELECT count(*)::int AS open FROM "Payment" WHERE "nextActionAt" IS NOT NULL',
    )
    if (rows[0].open === 0) break
    if (performance.now() - startedAt > SETTLED_WITHIN_MS)
      throw new Error(`after ${SETTLED_WITHIN_MS} ms ${rows[0].open} payments are still open`)
  }
  for (const worker of workers) await worker.pause()
}

function settled(payments: number, seconds: number): Settled {
  return { payments, seconds, perSecond: payments / seconds }
}

function lastOf(calls: readonly LoggedCall[]): LoggedCall {
  const last = calls.at(-1)
  if (!last) throw new Error('the bank was not asked at all')
  return last
}
