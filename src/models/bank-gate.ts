import type { BankGate } from '../bank/index.ts'
import { MINUTE, SECOND, type Timer } from '../clock.ts'
import type { ModelContext } from './context.ts'

/** So many calls in a row without an answer, and the bank is left alone for a while. */
const TRIP_AFTER = 5
const FIRST_PAUSE_MS = 5 * SECOND
const LONGEST_PAUSE_MS = 5 * MINUTE
/** After a pause one call may try, for as long as the longest call takes; the others wait for what becomes of it. */
const TRIAL_MS = 25 * SECOND
/** Whoever would have to wait longer for their turn comes back later. */
const LONGEST_QUEUE_MS = 5 * SECOND

export type Gate = ReturnType<typeof createBankGate>

/**
 * One gate for all processes, kept in one row: the calls take turns at the rate we may ask at, a bank that asks for a pause
 * gets it from everybody, and one that doesn't answer is left alone, longer each time.
 */
export function createBankGate(
  { db, clock, rules }: Pick<ModelContext, 'db' | 'rules'> & { clock: Timer },
  host: string,
): BankGate & {
  /** How long nothing may be asked; 0 when the gate is open. */
  closedForMs(): Promise<number>
  /**
   * The bank has not answered for a while: one call may try, and what becomes of it decides for all.
   * @returns how many have tried in vain; null when the bank answers.
   */
  trials(): Promise<number | null>
} {
  const stepMs = rules.bankCallsPerSecond === null ? 0 : 1_000 / rules.bankCallsPerSecond
  let mayBeFailing = true

  return {
    async enter() {
      const now = clock.now()
      const turn = (await takeTurn(now)) ?? (await takeFirstTurn(now))
      if (!turn) return { kind: 'closed', forMs: Math.max(await closedForMs(now), SECOND) }
      mayBeFailing ||= turn.failures > 0
      const waitMs = turn.slot.getTime() - now.getTime()
      if (waitMs <= 0) return { kind: 'go' }
      await clock.sleep(waitMs)
      // What has become known of the bank meanwhile counts for those who waited, too.
      const forMs = await closedMeanwhileMs(clock.now(), turn)
      return forMs > 0 ? { kind: 'closed', forMs: Math.max(forMs, SECOND) } : { kind: 'go' }
    },

    async report(outcome, pauseMs) {
      const now = clock.now()
      if (outcome === 'failed') await noteFailure(now)
      else if (mayBeFailing) await noteAnswer()
      if (pauseMs !== null && pauseMs > 0) await restUntil(new Date(now.getTime() + pauseMs))
    },

    closedForMs: () => closedForMs(clock.now()),

    async trials() {
      const gate = await db.prisma.bankGate.findUnique({ where: { host } })
      return gate && gate.failures >= TRIP_AFTER ? gate.failures - TRIP_AFTER : null
    },
  }

  async function takeTurn(now: Date): Promise<{ slot: Date; failures: number } | null> {
    const { rows } = await db.pool.query({
      name: 'bank-gate-turn',
      text: `UPDATE "BankGate" SET
         "nextSlotAt" = greatest("nextSlotAt", $2) + $3 * interval '1 millisecond',
         "closedUntil" = CASE WHEN failures >= $4 THEN $2::timestamptz + $5 * interval '1 millisecond' END
       WHERE host = $1 AND ("closedUntil" IS NULL OR "closedUntil" <= $2)
         AND ("restUntil" IS NULL OR "restUntil" <= $2)
         AND "nextSlotAt" <= $2::timestamptz + $6 * interval '1 millisecond'
       RETURNING "nextSlotAt" - $3 * interval '1 millisecond' AS slot, failures`,
      values: [host, now, stepMs, TRIP_AFTER, TRIAL_MS, LONGEST_QUEUE_MS],
    })
    return rows[0] ?? null
  }

  /** The row may not be there yet; of processes that find so at once, each gets its turn. */
  async function takeFirstTurn(now: Date): Promise<{ slot: Date; failures: number } | null> {
    await db.pool.query(
      `INSERT INTO "BankGate" (host, "nextSlotAt") VALUES ($1, $2) ON CONFLICT DO NOTHING`,
      [host, now],
    )
    return takeTurn(now)
  }

  async function closedForMs(now: Date): Promise<number> {
    const gate = await db.prisma.bankGate.findUnique({ where: { host } })
    if (!gate) return 0
    const opensAt = Math.max(
      gate.closedUntil?.getTime() ?? 0,
      gate.restUntil?.getTime() ?? 0,
      gate.nextSlotAt.getTime() - LONGEST_QUEUE_MS,
    )
    return Math.max(opensAt - now.getTime(), 0)
  }

  /** While a call tries for all, it is its own turn that keeps the gate closed to the others. */
  async function closedMeanwhileMs(now: Date, { failures }: { failures: number }): Promise<number> {
    const gate = await db.prisma.bankGate.findUnique({ where: { host } })
    const closedUntil = failures >= TRIP_AFTER ? null : gate?.closedUntil
    return Math.max(closedUntil?.getTime() ?? 0, gate?.restUntil?.getTime() ?? 0) - now.getTime()
  }

  async function noteAnswer(): Promise<void> {
    await db.pool.query(
      `UPDATE "BankGate" SET failures = 0, "closedUntil" = NULL WHERE host = $1 AND failures > 0`,
      [host],
    )
    mayBeFailing = false
  }

  async function noteFailure(now: Date): Promise<void> {
    mayBeFailing = true
    await db.pool.query(
      `UPDATE "BankGate" SET failures = failures + 1,
         "closedUntil" = CASE WHEN failures + 1 >= $3
           THEN $2::timestamptz + least($5, $4 * power(2, least(failures + 1 - $3, 20))) * interval '1 millisecond'
           ELSE "closedUntil" END
       WHERE host = $1`,
      [host, now, TRIP_AFTER, FIRST_PAUSE_MS, LONGEST_PAUSE_MS],
    )
  }

  /** Kept apart from the pauses of our own making: an answer to a call that was under way ends those, but not this. */
  async function restUntil(until: Date): Promise<void> {
    await db.pool.query(`UPDATE "BankGate" SET "restUntil" = greatest("restUntil", $2) WHERE host = $1`, [
      host,
      until,
    ])
  }
}
