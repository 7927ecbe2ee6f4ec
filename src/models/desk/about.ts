import type { Db } from '../../db.ts'

export interface About {
  count: number
  /** Counted one by one; otherwise as PostgreSQL's own statistics have it. */
  isExact: boolean
}

/** Fewer rows than this are counted in some milliseconds. */
const COUNTED_BELOW = 50_000

/** How many rows a table has: counted while there are few, estimated when counting would take too long for a page. */
export async function rowsAbout({ prisma }: Pick<Db, 'prisma'>, table: 'User' | 'Payment'): Promise<About> {
  const [facts] = await prisma.$queryRaw<{ estimate: number }[]>`
    SELECT reltuples::float8 AS estimate FROM pg_class WHERE oid = format('public.%I', ${table}::text)::regclass`
  const estimate = facts?.estimate ?? 0
  if (estimate >= COUNTED_BELOW) return { count: Math.round(estimate), isExact: false }
  const count = table === 'User' ? await prisma.user.count() : await prisma.payment.count()
  return { count, isExact: true }
}
