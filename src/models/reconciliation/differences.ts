import type { Db } from '../../db.ts'
import type { ReconciliationDifference } from '../../generated/client.ts'
import { BOOKS_DIFFER, raiseAlarm } from '../alarm.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { type DifferenceKind, type Finding, holdsBack } from './kinds.ts'

/** What a comparison was able to see: what is open within it and was not found is gone. */
export interface Searched {
  kinds: readonly DifferenceKind[]
  /** Of one saver; null: of all. */
  userId: string | null
  /** Nothing is said about these: they moved while they were looked at. */
  exceptPayments?: readonly string[]
  /** What was seen first before this is out of reach. */
  since?: Date
}

export interface Recorded {
  id: string
  kind: DifferenceKind
  userId: string | null
  paymentId: string | null
  isNew: boolean
}

/** As it is shown: with its words, and the reference of the payment it is about. */
export type OpenDifference = Omit<ReconciliationDifference, 'detail'> &
  Pick<Finding, 'ours' | 'theirs'> & { reference: string | null }

/** Findings in one transaction; each new one adds a line to the audit trail. */
const CHUNK = 200
/** A mistake of ours may make hundreds of differences in a night. */
const MOST_TOLD = 10

/** Open differences: one row for each, however often it is found, and one alarm. */
export function createDifferences({ db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>) {
  return {
    async record(findings: readonly Finding[], searched: Searched, by: Actor): Promise<Recorded[]> {
      const recorded: Recorded[] = []
      for (let at = 0; at < findings.length; at += CHUNK) {
        recorded.push(...(await keep(findings.slice(at, at + CHUNK), by)))
      }
      await close(searched, new Set(recorded.map(({ id }) => id)), by)
      return recorded
    },

    /** Those that a run has found, the ones that hold payments back first. */
    async seenSince(since: Date, most: number): Promise<OpenDifference[]> {
      const differences = await db.prisma.reconciliationDifference.findMany({
        where: { lastSeenOn: { gte: since }, goneOn: null },
        orderBy: [{ holds: 'desc' }, { kind: 'asc' }, { firstSeenOn: 'asc' }, { id: 'asc' }],
        take: most,
      })
      const references = await referencesOf(db, differences)
      return differences.map(({ detail, ...difference }) => ({
        ...difference,
        ...(detail as Pick<Finding, 'ours' | 'theirs'>),
        reference: references.get(difference.paymentId ?? '') ?? null,
      }))
    },
  }

  async function keep(findings: readonly Finding[], by: Actor): Promise<Recorded[]> {
    const now = clock.now()
    const rows = findings.map(({ ours, theirs, ...finding }) => ({
      ...finding,
      holds: holdsBack(finding.kind),
      detail: { ours, theirs },
    }))
    return db.transaction(async (tx) => {
      const recorded = await tx.$queryRaw<Recorded[]>`
        INSERT INTO "ReconciliationDifference"
          (id, kind, "objectKey", "userId", "paymentId", holds, detail, "firstSeenOn", "lastSeenOn")
        SELECT gen_random_uuid(), kind, "objectKey", "userId", "paymentId", holds, detail, ${now}, ${now}
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS found (kind text, "objectKey" text, "userId" uuid, "paymentId" uuid, holds boolean, detail jsonb)
        ORDER BY kind, "objectKey"
        ON CONFLICT (kind, "objectKey") WHERE "goneOn" IS NULL
          DO UPDATE SET "lastSeenOn" = EXCLUDED."lastSeenOn", detail = EXCLUDED.detail, holds = EXCLUDED.holds
        RETURNING id, kind, "userId", "paymentId", xmax = 0 AS "isNew"`
      for (const { id, kind, userId, paymentId } of recorded.filter(({ isNew }) => isNew)) {
        await audit(tx, {
          action: 'difference.found',
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'difference', id },
          detail: { kind, paymentId },
        })
        const about = { key: id, subjectId: userId, detail: { kind } }
        const alarm = { rule: BOOKS_DIFFER, ...about, mostTold: MOST_TOLD }
        await raiseAlarm(tx, queue, alarm, { by, at: now })
      }
      return recorded
    })
  }

  async function close(
    { kinds, userId, exceptPayments = [], since }: Searched,
    found: ReadonlySet<string>,
    by: Actor,
  ): Promise<void> {
    const open = await db.prisma.reconciliationDifference.findMany({
      where: {
        kind: { in: [...kinds] },
        goneOn: null,
        ...(userId === null ? {} : { userId }),
        ...(since ? { firstSeenOn: { gte: since } } : {}),
      },
    })
    const gone = open.filter(
      ({ id, paymentId }) => !found.has(id) && !(paymentId && exceptPayments.includes(paymentId)),
    )
    for (let at = 0; at < gone.length; at += CHUNK) await closeAll(gone.slice(at, at + CHUNK), by)
  }

  async function closeAll(gone: readonly ReconciliationDifference[], by: Actor): Promise<void> {
    const now = clock.now()
    await db.transaction(async (tx) => {
      for (const { id, kind, userId, paymentId } of gone) {
        const { count } = await tx.reconciliationDifference.updateMany({
          where: { id, goneOn: null },
          data: { goneOn: now },
        })
        if (count === 0) continue
        await audit(tx, {
          action: 'difference.gone',
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'difference', id },
          detail: { kind, paymentId },
        })
      }
    })
  }
}

async function referencesOf(
  db: Db,
  differences: readonly ReconciliationDifference[],
): Promise<Map<string, string>> {
  const ids = differences.flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId]))
  const payments = await db.prisma.payment.findMany({
    where: { id: { in: ids } },
    select: { id: true, reference: true },
  })
  return new Map(payments.map(({ id, reference }) => [id, reference]))
}
