import { randomUUID } from 'node:crypto'
import { MINUTE, SECOND } from '../../clock.ts'
import type { Payment } from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'
import { PAYMENT_COLUMNS } from './lines.ts'

/** A payment that one worker holds: only the holder may move it, and only from the state it was claimed in. */
export interface Claim {
  payment: Payment
  owner: string
}

/** The lease was lost, or somebody else moved the payment: whatever was about to be written is stale. */
export class LeaseLost extends Error {
  constructor(paymentId: string) {
    super(`payment ${paymentId} is no longer ours to move`)
    this.name = 'LeaseLost'
  }
}

/** A lease is renewed this often within its time, for as long as the longest run may take; who hangs longer loses it. */
const RENEWALS_A_LEASE = 3
const LONGEST_HOLD_MS = 15 * MINUTE
/** So many payments of one saver are settled in one run; the bank confirms at most as many together. */
const MOST_AT_ONCE = 100

/** Who may work on what, and until when. */
export function createClaims({ db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>) {
  const leaseMs = rules.leaseSeconds * SECOND

  return {
    /** Savers who have payments that are due and held by nobody, those who have waited longest first. */
    async dueSavers(most: number): Promise<string[]> {
      const now = clock.now()
      const rows = await db.prisma.$queryRaw<{ userId: string }[]>`
        SELECT "userId" FROM "Payment"
        WHERE "nextActionAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
        GROUP BY "userId" ORDER BY min("dueAt"), "userId" LIMIT ${most}`
      return rows.map((row) => row.userId)
    },

    /**
     * Takes all payments of a saver that are due and held by nobody, the oldest first; row locks decide between two
     * workers. Until the holder says otherwise the next look is at the end of the lease, so whoever sets an earlier one in
     * the meantime is heard.
     */
    async claimDue(userId: string): Promise<Claim[]> {
      const now = clock.now()
      const owner = randomUUID()
      const leaseUntil = leaseEnd()
      const payments = await db.prisma.$queryRaw<Payment[]>`
        UPDATE "Payment" SET "leaseOwner" = ${owner}::uuid, "leaseUntil" = ${leaseUntil}, "nextActionAt" = ${leaseUntil}
        WHERE id = ANY (ARRAY(
          SELECT id FROM "Payment"
          WHERE "userId" = ${userId}::uuid AND "nextActionAt" <= ${now}
            AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
          ORDER BY "dueAt", id LIMIT ${MOST_AT_ONCE}
          FOR UPDATE SKIP LOCKED))
        RETURNING ${PAYMENT_COLUMNS}`
      return payments.sort(byAge).map((payment) => ({ payment, owner }))
    },

    /**
     * Renews the leases as long as their holder lives: reading a long list at a slow bank takes longer than any lease should.
     * @returns ends the renewing.
     */
    hold(claims: readonly Claim[]): () => void {
      const [first] = claims
      if (!first) return () => {}
      const renew = () =>
        db.prisma.payment.updateMany({
          where: { leaseOwner: first.owner, userId: first.payment.userId, nextActionAt: { not: null } },
          data: { leaseUntil: leaseEnd() },
        })
      const begun = performance.now()
      const timer = setInterval(
        () => {
          if (performance.now() - begun > LONGEST_HOLD_MS) clearInterval(timer)
          // A renewal that fails is made up for by the next one, or the lease ends, which is what it is for.
          else renew().catch(() => {})
        },
        Math.max(leaseMs / RENEWALS_A_LEASE, 100),
      )
      return () => clearInterval(timer)
    },
  }

  function leaseEnd(): Date {
    return new Date(clock.now().getTime() + leaseMs)
  }
}

function byAge(a: Payment, b: Payment): number {
  return a.dueAt.getTime() - b.dueAt.getTime() || a.id.localeCompare(b.id)
}
