/** Rows by the million, made without the rules that would have to look at each of them. */
import type pg from 'pg'
import { SECOND } from '../../src/clock.ts'

/** Tables that no page may read from end to end. */
export const LARGE = [
  'User',
  'Account',
  'BankConsent',
  'Payment',
  'PaymentEvent',
  'BankCall',
  'AuditEvent',
  'Habit',
]

const PEOPLE = 100_000
const PAYMENTS = 1_000_000
const CALLS = 5_000_000
const LINES = 2_000_000

/** So that ids of the same time stand together, as the app's own do. */
const ID_AT = (instant: string) =>
  `(lpad(to_hex((extract(epoch FROM ${instant}) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
     || '8' || substr(md5(random()::text), 1, 15))::uuid`

const USER_OF = (n: string) => `(SELECT id FROM people WHERE place = 1 + (${n} * 7919::bigint) % $2)`

export async function generateRows(admin: pg.Client, scale: number): Promise<void> {
  const people = Math.round(PEOPLE * scale)
  await admin.query('SET session_replication_role = replica')
  await admin.query('SET synchronous_commit = off')
  await step(`${people} people`, () =>
    admin.query(
      `INSERT INTO "User" (id, "fullName", email, "hashedPwd", status, "emailConfirmedOn", "createdOn", "accLoaded")
       SELECT ${ID_AT('at')}, 'Ida Berg ' || n, 'person-' || n || '@example.com', 'x',
         (CASE WHEN n % 5000 = 0 THEN 'LOCKED' ELSE 'ACTIVE' END)::"UserStatus", CASE WHEN n % 50 > 0 THEN at END, at, TRUE
       FROM generate_series(1, $1::int) n, LATERAL (SELECT now() - n * interval '5 minutes' AS at) t`,
      [people],
    ),
  )
  await admin.query(
    `CREATE TEMP TABLE people AS SELECT id, row_number() OVER (ORDER BY "createdOn") AS place FROM "User" WHERE email LIKE 'person-%'`,
  )
  await admin.query('CREATE UNIQUE INDEX ON people (place)')
  await admin.query('ANALYZE people')
  await step('their consents and accounts', async () => {
    await admin.query(
      `INSERT INTO "BankConsent" (id, "userId", profile, country, scopes, "grantedAt", "expiresAt", "accessTokenExpiresAt")
       SELECT id, id, 'current', 'DK', '{ACCOUNTS_BASIC}', now() - interval '10 days', now() + interval '80 days', now()
       FROM people`,
    )
    await admin.query(
      `INSERT INTO "Account" (id, "userId", "consentId", "hashedAccNo", name, currency, country, "isDebitor", "isCreditor", "loadedOn")
       SELECT gen_random_uuid(), id, id, md5(id::text) || md5(side), side, 'DKK', 'DK', side = 'Current', side = 'Savings', now()
       FROM people, unnest(ARRAY['Current', 'Savings']) side`,
    )
  })
  await step('three habits each', () =>
    admin.query(
      `INSERT INTO "Habit" (id, "userId", name, "startDate", "createdOn")
       SELECT gen_random_uuid(), id, name, current_date - 100, now() FROM people, unnest(ARRAY['Walk', 'Read', 'Swim']) name`,
    ),
  )
  await step(`${Math.round(PAYMENTS * scale)} payments`, () =>
    admin.query(
      `INSERT INTO "Payment" (id, "userId", "externalId", reference, "debtorAccountId", "creditorAccountId", "amountMinor", currency,
         state, reason, "bankPaymentId", "dueAt", "createdOn", "finalOn", attempts)
       SELECT ${ID_AT('at')}, ${USER_OF('n')}, gen_random_uuid(), lpad(upper(to_hex(n)), 12, '0'), gen_random_uuid(),
         gen_random_uuid(), 2500, 'DKK',
         (CASE WHEN n % 400 = 0 THEN 'REJECTED' WHEN n % 350 = 0 THEN 'CANCELLED' ELSE 'PAID' END)::"PaymentState",
         CASE WHEN n % 400 = 0 THEN 'refused-by-bank' WHEN n % 350 = 0 THEN 'undone-by-saver' END, gen_random_uuid()::text,
         at, at, at, 1
       FROM generate_series(1, $1::int) n, LATERAL (SELECT now() - n * interval '30 seconds' AS at) t`,
      [Math.round(PAYMENTS * scale), people],
    ),
  )
  await step('two moves of each', () =>
    admin.query(
      `INSERT INTO "PaymentEvent" (id, "paymentId", at, "from", "to")
       SELECT gen_random_uuid(), id, "createdOn", "from"::"PaymentState", "to"::"PaymentState"
       FROM "Payment", (VALUES ('SCHEDULED', 'SENDING'), ('SENDING', 'PAID')) moves ("from", "to")`,
    ),
  )
  await step(`${Math.round(CALLS * scale)} calls to the bank`, () =>
    admin.query(
      `INSERT INTO "BankCall" (id, at, actor, "onBehalfOfId", api, method, path, outcome, "httpStatus", "durationMs", attended,
         "requestId", "requestBody", "responseBody")
       SELECT ${ID_AT('at')}, at, 'worker', ${USER_OF('n / 5')},
         (ARRAY['accounts.list', 'payments.initiate', 'payments.confirm', 'payments.detail', 'payments.list'])[1 + n % 5],
         'GET', '/personal/v5/accounts', CASE WHEN n % 97 = 0 THEN 'timeout' WHEN n % 5003 = 0 THEN 'rate-limited' ELSE 'ok' END,
         200, (random() * 300)::int, n % 2 = 0, md5((n / 5)::text), NULL, '{"accounts":2}'
       FROM generate_series(1, $1::int) n, LATERAL (SELECT now() - n * interval '6 seconds' AS at) t`,
      [Math.round(CALLS * scale), people],
    ),
  )
  await step(`${Math.round(LINES * scale)} lines of the audit trail`, () =>
    admin.query(
      `INSERT INTO "AuditEvent" (id, at, "actorKind", "actorId", "subjectId", action, "objectKind", "objectId", outcome, ip)
       SELECT ${ID_AT('at')}, at, 'saver', who, who,
         (ARRAY['check-off.recorded', 'payment.scheduled', 'payment.sending', 'payment.paid', 'user.sign-in'])[1 + n % 5],
         'payment', md5(n::text), 'done', '192.0.2.1'
       FROM generate_series(1, $1::int) n, LATERAL (SELECT now() - n * interval '15 seconds' AS at, ${USER_OF('n / 5')} AS who) t`,
      [Math.round(LINES * scale), people],
    ),
  )
  await admin.query('RESET session_replication_role')
}

/** Something of each, to be looked at. */
export async function samples(admin: pg.Client) {
  const first = async (sql: string) => (await admin.query(sql)).rows[0]
  const {
    id: payment,
    userId: user,
    reference,
  } = await first('SELECT * FROM "Payment" ORDER BY id DESC OFFSET 1000 LIMIT 1')
  const { email } = await first(`SELECT email FROM "User" WHERE id = '${user}'`)
  const { id: call, requestId: request } = await first(
    'SELECT * FROM "BankCall" ORDER BY at DESC OFFSET 1000 LIMIT 1',
  )
  const { id: line } = await first('SELECT * FROM "AuditEvent" ORDER BY at DESC OFFSET 1000 LIMIT 1')
  return { payment, user, reference, email, call, request, line } as Record<
    'payment' | 'user' | 'reference' | 'email' | 'call' | 'request' | 'line',
    string
  >
}

export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  console.log(`  ${what}: ${((performance.now() - began) / SECOND).toFixed(0)} s`)
  return result
}
