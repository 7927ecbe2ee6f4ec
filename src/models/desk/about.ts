import type { Db } from '../../db.ts'

export interface About {
  count: number
  /** Counted one by one; otherwise as PostgreSQL's own statistics have it, or as far as was counted. */
  isExact: boolean
}

/** Fewer rows than this are counted in some milliseconds. */
export const COUNTED_BELOW = 20_000

/**
 * How many rows a table has, or a partial index: counted while there are few, estimated when counting would take too long for
 * a page. @param exactly counts them.
 */
export async function rowsAbout(
  { prisma }: Pick<Db, 'prisma'>,
  relation: 'User' | 'Payment' | 'BankConsent_one_live' | 'Account_one_debitor',
  exactly: () => Promise<number>,
): Promise<About> {
  const [facts] = await prisma.$queryRaw<{ estimate: number }[]>`
    SELECT reltuples::float8 AS estimate FROM pg_class WHERE oid = format('public.%I', ${relation}::text)::regclass`
  const estimate = facts?.estimate ?? 0
  if (estimate >= COUNTED_BELOW) return { count: Math.round(estimate), isExact: false }
  return { count: await exactly(), isExact: true }
}
