import { Prisma } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { PaymentStop } from '../generated/client.ts'
import type { Currency, PaymentState } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import type { PaymentReason } from './payment/reasons.ts'
import { IN_FLIGHT } from './payment/states.ts'

const STOPPED: PaymentReason = 'payments-stopped'
const HELD_BACK = { reason: STOPPED, nextActionAt: { not: null } } satisfies Prisma.PaymentWhereInput
/** A worker that holds one may just be finding out that payments are stopped; it hears that it should look again. */
const HELD_BACK_OR_ABOUT_TO_BE = {
  OR: [HELD_BACK, { state: { in: ['SCHEDULED', 'BLOCKED', 'INITIATED'] }, leaseOwner: { not: null } }],
} satisfies Prisma.PaymentWhereInput

/** How much is at stake while payments are stopped, or would be. */
export interface Standing {
  /** Orders that the bank has or may have, by currency; minor units. */
  exposure: { currency: Currency; inFlightMinor: number; limitMinor: number }[]
  /** Payments that wait because of the stop. */
  heldBack: number
  /** All that is not sent yet, those included. */
  unsent: number
}

export type Stops = ReturnType<typeof createStops>

/** The switch that keeps every payment of everybody from being sent; a trigger sees to it that nothing slips through. */
export function createStops({ db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>) {
  return {
    /** @returns the stop that is on now, with the name of who started it. */
    async current(): Promise<(PaymentStop & { startedBy: string | null }) | null> {
      const stop = await db.prisma.paymentStop.findFirst({ where: { endedOn: null } })
      if (!stop) return null
      const admin = stop.startedById
        ? await db.prisma.user.findUnique({ where: { id: stop.startedById }, select: { fullName: true } })
        : null
      return { ...stop, startedBy: admin?.fullName ?? null }
    },

    /** A unique index decides between two admins. @returns false when payments are stopped already. */
    async start(reason: string, by: Actor): Promise<boolean> {
      const at = clock.now()
      try {
        await db.transaction(async (tx) => {
          const stop = await tx.paymentStop.create({ data: { reason, startedOn: at, startedById: by.id } })
          const object = { kind: 'payment-stop', id: stop.id }
          await audit(tx, { action: 'payments.stopped', by, at, object, detail: { reason } })
        })
        return true
      } catch (error) {
        if (error instanceof AlreadyExists) return false
        throw error
      }
    },

    /** What was held back is tried at once. @returns false when payments weren't stopped. */
    async end(by: Actor): Promise<boolean> {
      const at = clock.now()
      return db.transaction(async (tx) => {
        const open = await tx.paymentStop.findFirst({ where: { endedOn: null } })
        if (!open) return false
        // The clock of another process may have been a little ahead when it started.
        const endedOn = at > open.startedOn ? at : open.startedOn
        const { count } = await tx.paymentStop.updateMany({
          where: { id: open.id, endedOn: null },
          data: { endedOn, endedById: by.id },
        })
        if (count === 0) return false
        await tx.payment.updateMany({ where: HELD_BACK_OR_ABOUT_TO_BE, data: { nextActionAt: at } })
        const object = { kind: 'payment-stop', id: open.id }
        await audit(tx, { action: 'payments.resumed', by, at, object })
        return true
      })
    },

    async standing(): Promise<Standing> {
      const [sums, heldBack, unsent] = await Promise.all([
        db.prisma.$queryRaw<{ currency: Currency; sum: bigint }[]>`
          SELECT currency, sum("amountMinor")::bigint AS sum FROM "Payment" WHERE state IN (${named(IN_FLIGHT)}) GROUP BY currency`,
        db.prisma.payment.count({ where: HELD_BACK }),
        db.prisma.$queryRaw<{ count: number }[]>`
          SELECT count(*)::int AS count FROM "Payment" WHERE state IN (${named(['SCHEDULED', 'BLOCKED'])})`,
      ])
      return {
        exposure: sums
          .map(({ currency, sum }) => ({
            currency,
            inFlightMinor: Number(sum),
            limitMinor: rules.exposureLimitMinor,
          }))
          .sort((a, b) => a.currency.localeCompare(b.currency)),
        heldBack,
        unsent: unsent[0]?.count ?? 0,
      }
    },
  }
}

/** Literally: only what is no parameter can be seen to be part of what an index is for. */
function named(states: readonly PaymentState[]): Prisma.Sql {
  return Prisma.raw(states.map((state) => `'${state}'::"PaymentState"`).join(', '))
}
