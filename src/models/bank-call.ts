import type { BankCallEntry } from '../bank/index.ts'
import { DAY } from '../clock.ts'
import { uuidv7 } from '../crypto.ts'
import { Prisma } from '../db.ts'
import type { BankCall } from '../generated/client.ts'
import type { ModelContext } from './context.ts'

const BODY_LIMIT = 20_000
/** Outcomes by which the bank says that the consent doesn't hold (any more). */
const REFUSALS: BankCallEntry['outcome'][] = ['token-expired', 'token-invalid', 'consent-denied']
const GAVE_NOTHING: BankCallEntry['outcome'][] = ['connection', 'timeout', 'server-error', 'rate-limited']

/** What is left of the reads that the bank allows while the saver is away; `allowed` and `left` are null where it has no such limit. */
export interface UnattendedReads {
  /** In any 24 hours. */
  allowed: number | null
  left: number | null
  /** When the next one is allowed, if none is now. */
  nextAllowedAt: Date | null
}

export type BankCalls = ReturnType<typeof createBankCalls>

export function createBankCalls({ db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>) {
  return {
    /**
     * The client hands over bodies already redacted; here they are only bounded. What a call tells of the consent it was made
     * by is kept at the consent.
     */
    async record(entry: BankCallEntry): Promise<void> {
      // By hand, because there are as many of these as calls: Prisma would read each row back.
      await db.prisma.$executeRaw`
        ${noteOf(entry)}
        INSERT INTO "BankCall" (id, at, actor, "onBehalfOfId", api, method, path, outcome, "httpStatus", "durationMs", attended,
          "requestId", "requestBody", "responseBody", remark)
        VALUES (${uuidv7()}::uuid, ${entry.startedAt}, ${entry.actor}, ${entry.onBehalfOf}::uuid, ${entry.api}, ${entry.method},
          ${entry.path}, ${entry.outcome}, ${entry.status}, ${Math.round(entry.durationMs)}, ${entry.attended},
          ${entry.requestId}, ${bounded(entry.requestBody)}, ${bounded(entry.responseBody)}, ${entry.remark?.slice(0, 500) ?? null})`
    },

    /**
     * Any 24 hours count, not the calendar's days: so it holds whatever the bank takes for a day. A bank that was down has
     * told nobody anything; otherwise its bad hour would cost the saver a day.
     */
    async unattendedReads(userId: string): Promise<UnattendedReads> {
      const allowed = rules.unattendedReadsPerDay
      if (allowed === null) return { allowed, left: null, nextAllowedAt: null }
      const reads = await db.prisma.bankCall.findMany({
        where: {
          onBehalfOfId: userId,
          api: { startsWith: 'accounts.' },
          attended: false,
          outcome: { notIn: GAVE_NOTHING },
          at: { gt: new Date(clock.now().getTime() - DAY) },
        },
        orderBy: { at: 'desc' },
        take: allowed,
        select: { at: true },
      })
      const inTheWay = reads[allowed - 1]
      return {
        allowed,
        left: allowed - reads.length,
        nextAllowedAt: inTheWay ? new Date(inTheWay.at.getTime() + DAY) : null,
      }
    },

    async latest(most: number): Promise<BankCall[]> {
      return db.prisma.bankCall.findMany({ orderBy: [{ at: 'desc' }, { id: 'desc' }], take: most })
    },
  }
}

/** Most calls go well by consents that went well before: those change no row. */
function noteOf({ onBehalfOf, outcome, startedAt }: BankCallEntry): Prisma.Sql {
  if (onBehalfOf === null) return Prisma.empty
  const live = Prisma.sql`"userId" = ${onBehalfOf}::uuid AND "revokedAt" IS NULL AND "grantedAt" <= ${startedAt}`
  if (REFUSALS.includes(outcome)) {
    return Prisma.sql`WITH noted AS (UPDATE "BankConsent" SET "refusedOn" = ${startedAt} WHERE ${live} AND "refusedOn" IS NULL)`
  }
  if (outcome !== 'ok') return Prisma.empty
  return Prisma.sql`WITH noted AS (UPDATE "BankConsent" SET "refusedOn" = NULL WHERE ${live} AND "refusedOn" <= ${startedAt})`
}

function bounded(body: string | null): string | null {
  return body?.slice(0, BODY_LIMIT) ?? null
}
