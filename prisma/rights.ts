/** What the app's own role may do in the database, where another role owns it. */
import pg from 'pg'

const READ = ['SELECT'] as const
/** History: who can only add to it can't rewrite it, whatever becomes of the program. */
const ADD = ['SELECT', 'INSERT'] as const
const CHANGE = ['SELECT', 'INSERT', 'UPDATE'] as const
const REMOVE = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const

/** A table that isn't named here may not be touched by the app. */
export const RIGHTS: Record<string, readonly string[]> = {
  User: REMOVE,
  Erasure: CHANGE,
  KnownDevice: REMOVE,
  KnownCountry: REMOVE,
  Passkey: REMOVE,
  ApiToken: REMOVE,
  ApiAnswer: REMOVE,
  EmailChange: REMOVE,
  FactorReset: REMOVE,
  Throttle: REMOVE,
  SavingLimits: REMOVE,
  EmailToken: REMOVE,
  BackupCode: REMOVE,
  ConsentRequest: REMOVE,
  BankConsent: CHANGE,
  Account: REMOVE,
  Habit: REMOVE,
  HabitVersion: ADD,
  ImportDraft: ['SELECT', 'INSERT', 'DELETE'],
  ReminderWish: REMOVE,
  HabitReminder: REMOVE,
  Reminder: REMOVE,
  PushSubscription: REMOVE,
  HabitBreak: REMOVE,
  HabitNote: REMOVE,
  HabitCheckpoint: REMOVE,
  CheckOff: CHANGE,
  Payment: CHANGE,
  PaymentMove: READ,
  PaymentEvent: ADD,
  LedgerLine: ADD,
  LedgerBalance: CHANGE,
  Goal: REMOVE,
  GoalHabit: REMOVE,
  GoalUse: REMOVE,
  PaymentStop: CHANGE,
  BankGate: CHANGE,
  ReconciliationRun: REMOVE,
  ReconciliationDifference: REMOVE,
  BankCall: REMOVE,
  AuditEvent: ADD,
  // Kept by triggers.
  SaverRevision: READ,
  // Filled by the trail's own trigger.
  AuditUnsealed: ['SELECT', 'DELETE'],
  AuditSeal: ADD,
  JobRun: CHANGE,
  Alarm: REMOVE,
  SpentProof: REMOVE,
  session: REMOVE,
  _prisma_migrations: READ,
}

/** Everything else is run by triggers, which ask nobody. */
const CALLED = ['payment_is_the_sum(uuid)', 'forget_old_addresses(timestamptz, integer)']
const QUEUE = 'pgboss'

/**
 * Takes every right from the app's role and from everybody, and gives it those above; as often as wanted, while the app runs.
 * @param ownerUrl of the role that owns database, tables and queue.
 * @throws when there is no such role as `appRole`.
 */
export async function grantRights(ownerUrl: string, appRole: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    // Two releases at once would trip over each other's changes of the same rows of the catalogue.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('sparvana rights'))`)
    const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database')
    const database = client.escapeIdentifier(rows[0]?.database ?? '')
    for (const statement of statements(client.escapeIdentifier(appRole), database))
      await client.query(statement)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

function statements(role: string, database: string): string[] {
  const tables = Object.entries(RIGHTS).map(
    ([table, rights]) => `GRANT ${rights.join(', ')} ON public."${table}" TO ${role}`,
  )
  return [
    // Without temporary tables nothing can stand in a trigger's way under the name of another table.
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${role}`,
    `GRANT CONNECT ON DATABASE ${database} TO ${role}`,
    ...['public', QUEUE].flatMap((schema) => [
      `REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC, ${role}`,
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM PUBLIC, ${role}`,
      `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${schema} FROM PUBLIC, ${role}`,
      `REVOKE ALL ON ALL ROUTINES IN SCHEMA ${schema} FROM PUBLIC, ${role}`,
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    ]),
    // What is made later by this owner belongs to nobody else until it is named above.
    `ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC, ${role}`,
    `ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM PUBLIC, ${role}`,
    `ALTER DEFAULT PRIVILEGES REVOKE ALL ON ROUTINES FROM PUBLIC, ${role}`,
    ...tables,
    `GRANT EXECUTE ON FUNCTION ${CALLED.map((name) => `public.${name}`).join(', ')} TO ${role}`,
    `GRANT ${REMOVE.join(', ')} ON ALL TABLES IN SCHEMA ${QUEUE} TO ${role}`,
    `GRANT EXECUTE ON ALL ROUTINES IN SCHEMA ${QUEUE} TO ${role}`,
  ]
}
