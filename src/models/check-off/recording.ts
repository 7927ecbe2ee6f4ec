import { SECOND } from '../../clock.ts'
import { uuidv7 } from '../../crypto.ts'
import { Prisma, type Statements } from '../../db.ts'
import type { CheckOff, User } from '../../generated/client.ts'
import { type AuditEntry, auditLine } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { book, bookingParts } from '../ledger.ts'
import { limitsAt } from '../limits.ts'
import type { Order } from '../payment/pledges.ts'
import { batchDueAt } from '../payment/windows.ts'
import type { Payments } from '../payment.ts'
import { holdSaver } from './locking.ts'
import { CHECK_OFF_COLUMNS, type DayOfHabit, type Sides } from './places.ts'

/** A place that is free, and what is to happen with it. */
export interface Taking extends DayOfHabit {
  habitId: string
  place: { slot: number; daySlot: number }
  isBackfill: boolean
  /** Null where it only counts and pays nothing. */
  sides: Sides | null
}

/** Steps of a statement after which `made` has the id of the payment that carries a check-off. */
interface Carrier {
  id: string
  steps: Prisma.Sql
}

const ONCE_RECORDED = Prisma.sql`EXISTS (SELECT 1 FROM recorded)`

/** How a check-off is written: together with its payment, ledger entry and audit line, in the caller's transaction. */
export function createRecording({ clock, rules }: Pick<ModelContext, 'clock' | 'rules'>, payments: Payments) {
  return {
    /**
     * One statement, in the order in which a worker that sends locks rows: payment, then balances; the habit stands between them.
     * @throws AlreadyExists when somebody else has taken the place in the meantime.
     */
    async take(tx: Statements, user: User, taking: Taking, by: Actor): Promise<CheckOff> {
      const at = clock.now()
      const id = uuidv7()
      const payment = taking.sides && (await carrierOf(tx, user, taking, taking.sides, by))
      const recorded = recordedStep(id, user, taking, at)
      const told = auditLine(auditEntry(id, user, taking, payment?.id ?? null, by, at))
      if (!payment) {
        const [only] = await tx.$queryRaw<CheckOff[]>`
          WITH made AS (SELECT NULL::uuid AS id), ${recorded}, told AS (${told})
          SELECT ${CHECK_OFF_COLUMNS} FROM recorded AS "CheckOff"`
        return written(only)
      }
      const { amountMinor, currency } = taking.version
      const move = {
        userId: user.id,
        paymentId: payment.id,
        currency,
        from: 'OPEN',
        to: 'PLEDGED',
        at,
      } as const
      const amounts = [{ habitId: taking.habitId, checkOffId: id, amountMinor }]
      const { steps, lines } = bookingParts(move, amounts, ONCE_RECORDED)
      const [row] = await tx.$queryRaw<(CheckOff & { isBooked: boolean })[]>`
        WITH ${payment.steps}, ${recorded}, told AS (${told}), ${steps}, booked AS (${lines} RETURNING id)
        SELECT ${CHECK_OFF_COLUMNS}, EXISTS (SELECT 1 FROM booked) AS "isBooked" FROM recorded AS "CheckOff"`
      const { isBooked, ...checkOff } = written(row)
      // A habit's first: its balances have to be made.
      if (!isBooked) await book(tx, move, amounts)
      return checkOff
    },
  }

  /** A payment of its own, or a part of the one that goes out at the end of the saver's day or week. */
  async function carrierOf(
    tx: Statements,
    user: User,
    { version }: Taking,
    { debtor, creditor }: Sides,
    by: Actor,
  ): Promise<Carrier> {
    const order: Order = {
      userId: user.id,
      debtorAccountId: debtor.id,
      creditorAccountId: creditor.id,
      amountMinor: version.amountMinor,
      currency: version.currency,
    }
    if (user.cadence === 'AT_ONCE') return payments.schedulingParts(order, by)
    const now = clock.now()
    // Who comes so late that the undo window would be cut short goes with the next batch.
    const windowEnd = new Date(now.getTime() + rules.undoWindowSeconds * SECOND)
    const dueAt = batchDueAt(user.cadence, windowEnd, user)
    await holdSaver(tx, user.id)
    const { capPerPaymentMinor } = await limitsAt(tx, user.id, now)
    const joined = await payments.joinBatch(tx, order, { dueAt, capMinor: capPerPaymentMinor }, by)
    if (!joined) return payments.schedulingParts(order, by, { batchDueAt: dueAt })
    return { id: joined.id, steps: Prisma.sql`made AS (SELECT ${joined.id}::uuid AS id)` }
  }
}

function recordedStep(id: string, user: User, taking: Taking, at: Date): Prisma.Sql {
  const { habitId, day, version, progress, place, isBackfill, sides } = taking
  return Prisma.sql`
    recorded AS (
      INSERT INTO "CheckOff" (id, "userId", "habitId", "habitVersionId", "paymentId", "recordOnly", "isBackfill", day, at,
        timezone, "dayStartHour", period, slot, "daySlot", "amountMinor", currency)
      SELECT ${id}::uuid, ${user.id}::uuid, ${habitId}::uuid, ${version.id}::uuid, made.id, ${sides === null}::boolean,
        ${isBackfill}::boolean, ${day}::date, ${at}::timestamptz, ${user.timezone}, ${user.dayStartHour}::smallint,
        ${progress.period.start}::date, ${place.slot}::smallint, ${place.daySlot}::smallint, ${version.amountMinor}::int,
        ${version.currency}::"Currency"
      FROM made
      RETURNING ${CHECK_OFF_COLUMNS}
    )`
}

function auditEntry(
  id: string,
  user: User,
  { habitId, day, progress, place, version, isBackfill, sides }: Taking,
  paymentId: string | null,
  by: Actor,
  at: Date,
): AuditEntry {
  return {
    action: isBackfill ? 'check-off.backfilled' : 'check-off.recorded',
    by,
    at,
    subjectId: user.id,
    object: { kind: 'check-off', id },
    detail: {
      habitId,
      day,
      period: progress.period.start,
      slot: place.slot,
      amountMinor: version.amountMinor,
      currency: version.currency,
      recordOnly: sides === null,
      paymentId,
    },
  }
}

function written<Row>(row: Row | undefined): Row {
  if (!row) throw new Error('a check-off was not written')
  return row
}
