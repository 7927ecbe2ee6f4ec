import type { TestApp } from '../../support/app.ts'

/** What a request leaves behind that does nothing: its session, counts of tries, the log of calls to the bank, lines to be sealed. */
const BESIDE = ['session', 'Throttle', 'BankCall', 'BankGate', 'AuditUnsealed', '_prisma_migrations']

/**
 * How much there is of everything that a request could add, take away or change; two equal ones mean that nothing was done.
 * That somebody was refused, or an admin looked, is written down, and consents and browsers remember when they were last used; neither is doing
 * something.
 */
export async function snapshot(app: TestApp): Promise<Record<string, string>> {
  const { rows: tables } = await app.deps.db.pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> ALL($1)`,
    [BESIDE],
  )
  const entries = tables.map(async ({ name }) => {
    const { rows } = await app.deps.db.pool.query(
      `SELECT md5(coalesce(string_agg(line, '|' ORDER BY line), '')) AS digest FROM (
         SELECT (to_jsonb(t) - 'lastUsedAt' - 'lastSeenOn')::text AS line FROM "${name}" t
         WHERE coalesce(to_jsonb(t) ->> 'action', '') NOT IN ('access.refused', 'admin.looked', 'user.token-refused')) AS lines`,
    )
    return [name, rows[0].digest as string] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
