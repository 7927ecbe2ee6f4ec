import type { BankCallEntry } from '../bank/index.ts'
import type { BankCall } from '../generated/client.ts'
import type { ModelContext } from './context.ts'

const BODY_LIMIT = 20_000

export type BankCalls = ReturnType<typeof createBankCalls>

export function createBankCalls({ db }: Pick<ModelContext, 'db'>) {
  return {
    /** The client hands over bodies already redacted; here they are only bounded. */
    async record(entry: BankCallEntry): Promise<void> {
      await db.prisma.bankCall.create({
        data: {
          at: entry.startedAt,
          actor: entry.actor,
          onBehalfOfId: entry.onBehalfOf,
          api: entry.api,
          method: entry.method,
          path: entry.path,
          outcome: entry.outcome,
          httpStatus: entry.status,
          durationMs: Math.round(entry.durationMs),
          requestId: entry.requestId,
          requestBody: entry.requestBody?.slice(0, BODY_LIMIT) ?? null,
          responseBody: entry.responseBody?.slice(0, BODY_LIMIT) ?? null,
          remark: entry.remark?.slice(0, 500) ?? null,
        },
      })
    },

    async latest(most: number): Promise<BankCall[]> {
      return db.prisma.bankCall.findMany({ orderBy: [{ at: 'desc' }, { id: 'desc' }], take: most })
    },
  }
}
