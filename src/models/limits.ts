import { HOUR } from '../clock.ts'
import { Prisma, type Statements, type Tx } from '../db.ts'
import type { SavingLimits } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { wakeWaiting } from './payment/waking.ts'

/** What a saver allows; minor units of the accounts' currency. */
export type Limits = Pick<
  SavingLimits,
  'capPerPaymentMinor' | 'capPerDayMinor' | 'capPerMonthMinor' | 'floorMinor'
>

/** For everybody who has never set their own. */
export const DEFAULT_LIMITS: Readonly<Limits> = {
  capPerPaymentMinor: 1_000_000,
  capPerDayMinor: 1_000_000,
  capPerMonthMinor: 3_000_000,
  floorMinor: 0,
}

/** A loosening that doesn't count yet. */
export interface ComingLimits extends Limits {
  from: Date
}

export interface LimitsChange {
  /** Something counts already. */
  countsNow: boolean
  /** When the rest of the wish does; null when nothing is left to wait for. */
  restFrom: Date | null
}

/** @returns what counts for this saver at that instant. */
export async function limitsAt(tx: Pick<Statements, '$queryRaw'>, userId: string, at: Date): Promise<Limits> {
  const [row] = await tx.$queryRaw<Limits[]>(limitsRow(userId, at))
  return row ?? DEFAULT_LIMITS
}

/** The same as a part of a larger statement: one row, or none for who has never set limits. */
export function limitsRow(userId: string, at: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT "capPerPaymentMinor", "capPerDayMinor", "capPerMonthMinor", "floorMinor" FROM "SavingLimits"
    WHERE "userId" = ${userId}::uuid AND "withdrawnOn" IS NULL AND "effectiveFrom" <= ${at}
    ORDER BY "effectiveFrom" DESC, id DESC LIMIT 1`
}

/** Lower caps, a higher floor: of both, whatever lets less money go. */
export function tighterOf(some: Limits, others: Limits): Limits {
  return {
    capPerPaymentMinor: Math.min(some.capPerPaymentMinor, others.capPerPaymentMinor),
    capPerDayMinor: Math.min(some.capPerDayMinor, others.capPerDayMinor),
    capPerMonthMinor: Math.min(some.capPerMonthMinor, others.capPerMonthMinor),
    floorMinor: Math.max(some.floorMinor, others.floorMinor),
  }
}

export function createLimits({ db, clock, queue, rules }: ModelContext) {
  return {
    coolingOffHours: rules.coolingOffHours,

    async current(userId: string): Promise<Limits> {
      return limitsAt(db.prisma, userId, clock.now())
    },

    async coming(userId: string): Promise<ComingLimits | null> {
      return comingIn(db.prisma, userId, clock.now())
    },

    /**
     * What is tightened counts at once, what is loosened after the cooling-off: a wish that does both is two versions.
     * A loosening that was waiting is withdrawn, unless it is the very one that is wished for again.
     */
    async change(userId: string, wish: Limits, by: Actor): Promise<LimitsChange> {
      return db.transaction(async (tx) => {
        const now = await lockedNow(tx, userId)
        const current = await limitsAt(tx, userId, now)
        const coming = await comingIn(tx, userId, now)
        if (isSame(wish, coming ?? current) && isSame(tighterOf(current, wish), current)) {
          return { countsNow: false, restFrom: coming?.from ?? null }
        }
        const looseFrom = new Date(now.getTime() + rules.coolingOffHours * HOUR)
        const isCooling = looseFrom > now
        const atOnce = isCooling ? tighterOf(current, wish) : wish
        const restFrom = isSame(atOnce, wish) ? null : looseFrom
        const { replacedNow } = await withdrawFrom(tx, userId, now)
        const countsNow = !isSame(atOnce, current)
        if (countsNow || replacedNow) await addVersion(tx, userId, atOnce, now, now)
        if (countsNow) await wakeWaiting(tx, userId, now)
        if (restFrom) {
          await addVersion(tx, userId, wish, restFrom, now)
          await tryAgainAt(tx, userId, restFrom)
        }
        await audit(tx, {
          action: 'limits.changed',
          by,
          at: now,
          subjectId: userId,
          detail: { ...only(wish), countsNow, restFrom: restFrom?.toISOString() ?? null },
        })
        // Told at the address we know, so that nobody can loosen them behind the saver's back.
        if (!isSame(tighterOf(current, wish), wish))
          await queue.enqueue(tx, 'send-mail', { userId, kind: 'limits-loosened' })
        return { countsNow, restFrom }
      })
    },

    /** Takes back a loosening that doesn't count yet. @returns false when there is none. */
    async withdraw(userId: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const now = await lockedNow(tx, userId)
        const coming = await comingIn(tx, userId, now)
        if (!coming) return false
        await tx.savingLimits.updateMany({
          where: { userId, withdrawnOn: null, effectiveFrom: { gt: now } },
          data: { withdrawnOn: now },
        })
        const detail = { ...only(coming), restFrom: coming.from.toISOString() }
        await audit(tx, { action: 'limits.withdrawn', by, at: now, subjectId: userId, detail })
        return true
      })
    },
  }

  /**
   * Two changes at once queue at the saver's row. Not before the last change, because the clocks of two processes differ a
   * little and the later one must not take the earlier one's versions for coming ones.
   */
  async function lockedNow(tx: Tx, userId: string): Promise<Date> {
    await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
    const last = await tx.savingLimits.aggregate({ where: { userId }, _max: { createdOn: true } })
    const { createdOn } = last._max
    const now = clock.now()
    return createdOn && createdOn > now ? createdOn : now
  }

  /** What a wider limit may let go is tried as soon as that counts; it may be resting until its next day or month. */
  async function tryAgainAt(tx: Tx, userId: string, at: Date): Promise<void> {
    await tx.payment.updateMany({
      where: { userId, state: 'BLOCKED', nextActionAt: { gt: at } },
      data: { nextActionAt: at },
    })
  }
}

async function comingIn(
  tx: Pick<Tx, 'savingLimits'>,
  userId: string,
  now: Date,
): Promise<ComingLimits | null> {
  const row = await tx.savingLimits.findFirst({
    where: { userId, withdrawnOn: null, effectiveFrom: { gt: now } },
    orderBy: [{ effectiveFrom: 'asc' }, { id: 'asc' }],
  })
  return row && { ...only(row), from: row.effectiveFrom }
}

/** Of two versions from the same instant nobody could say which counts, so one of this very instant goes too. */
async function withdrawFrom(tx: Tx, userId: string, now: Date): Promise<{ replacedNow: boolean }> {
  const withdrawn = await tx.savingLimits.updateManyAndReturn({
    where: { userId, withdrawnOn: null, effectiveFrom: { gte: now } },
    data: { withdrawnOn: now },
  })
  return { replacedNow: withdrawn.some((row) => row.effectiveFrom.getTime() === now.getTime()) }
}

async function addVersion(
  tx: Tx,
  userId: string,
  limits: Limits,
  effectiveFrom: Date,
  now: Date,
): Promise<void> {
  await tx.savingLimits.create({ data: { userId, ...only(limits), effectiveFrom, createdOn: now } })
}

function isSame(some: Limits, others: Limits): boolean {
  return (
    some.capPerPaymentMinor === others.capPerPaymentMinor &&
    some.capPerDayMinor === others.capPerDayMinor &&
    some.capPerMonthMinor === others.capPerMonthMinor &&
    some.floorMinor === others.floorMinor
  )
}

function only({ capPerPaymentMinor, capPerDayMinor, capPerMonthMinor, floorMinor }: Limits): Limits {
  return { capPerPaymentMinor, capPerDayMinor, capPerMonthMinor, floorMinor }
}
