import type { TestApp } from '../../support/app.ts'

/** How much there is of everything that a request could add, take away or change; two equal ones mean that nothing was done. */
export async function snapshot(app: TestApp): Promise<Record<string, string>> {
  const tables = [
    'User',
    'SavingLimits',
    'PaymentStop',
    'Habit',
    'HabitVersion',
    'Account',
    'CheckOff',
    'Payment',
    'PaymentEvent',
    'LedgerLine',
    'BankConsent',
    'ConsentRequest',
    'EmailToken',
    'AuditEvent',
  ]
  const entries = tables.map(async (table) => {
    const { rows } = await app.deps.db.pool.query(
      `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM "${table}" t`,
    )
    return [table, rows[0].digest as string] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
