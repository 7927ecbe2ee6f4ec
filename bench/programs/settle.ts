/**
 * The floors of settling payments, told over the channel what to do. `calls-and-rows`: the worker's calls and the rows
 * they leave, in the worker's transactions; `rows`: one transaction for each payment and no bank; `calls`: no database.
 */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { createSealer } from '../../src/crypto.ts'
import { toDecimal } from '../../src/money.ts'
import { type MadeCall, openBankCalls, type Tokens } from './bank-calls.ts'
import {
  claim,
  type DuePayment,
  type DueSaver,
  inTransaction,
  logCall,
  move,
  type State,
  storeTokens,
} from './settle-rows.ts'

export type Floor = 'calls-and-rows' | 'rows' | 'calls'
/** `link`: consents of its own, for `calls`; they never reach the database. */
export type Task =
  | { kind: 'link'; savers: number }
  | { kind: 'settle'; floor: Floor; userIds: string[]; paymentsEach: number }

/** As many savers at once as the worker has under way. */
const CONCURRENCY = 4
const STEPS: [State, State][] = [
  ['SCHEDULED', 'SENDING'],
  ['SENDING', 'INITIATED'],
  ['INITIATED', 'CONFIRMING'],
  ['CONFIRMING', 'ACCEPTED'],
  ['ACCEPTED', 'PAID'],
]
const [SENDING, INITIATED, CONFIRMING, ACCEPTED, PAID] = STEPS as [Step, Step, Step, Step, Step]
type Step = [State, State]

const { DATABASE_URL, TOKEN_KEYS = '', NORDEA_BASE_URL = '', BASE_URL = '' } = process.env
const { NORDEA_CLIENT_ID: clientId = '', NORDEA_CLIENT_SECRET: clientSecret = '' } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
const bank = openBankCalls({ origin: NORDEA_BASE_URL, clientId, clientSecret, baseUrl: BASE_URL })
const sealer = createSealer(new Map([[1, Buffer.from(TOKEN_KEYS.slice('1:'.length), 'base64')]]))
const linked: Tokens[] = []

process.on('disconnect', () => process.exit())
process.on('message', (task: Task) => {
  perform(task).then(
    (answer) => process.send?.(answer),
    (error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
console.log('the floor is ready')

async function perform(task: Task): Promise<object> {
  if (task.kind === 'link') {
    await atOnce(Array.from({ length: task.savers }), async () => void linked.push(await bank.link()))
    return {}
  }
  const { floor, userIds, paymentsEach } = task
  if (floor === 'calls') {
    const savers = linked.slice(0, userIds.length)
    return { seconds: await timed(savers, (tokens) => onlyCalls(tokens, paymentsEach)) }
  }
  const savers = await dueSavers(userIds)
  return { seconds: await timed(savers, floor === 'rows' ? onlyRows : callsAndRows) }
}

/** All that the worker looks up on its way, before the clock runs. */
async function dueSavers(userIds: readonly string[]): Promise<DueSaver[]> {
  const { rows: consents } = await pool.query(
    `SELECT id, "userId", "refreshTokenSealed" FROM "BankConsent" WHERE "userId" = ANY ($1::uuid[])`,
    [userIds],
  )
  const { rows: payments } = await pool.query<DuePayment>(
    `SELECT p.id, p."userId", p."externalId", p.reference, p."amountMinor", c.id AS "checkOffId", c."habitId"
     FROM "Payment" p JOIN "CheckOff" c ON c."paymentId" = p.id
     WHERE p."userId" = ANY ($1::uuid[]) AND p."nextActionAt" IS NOT NULL`,
    [userIds],
  )
  const paymentsOf = Map.groupBy(payments, ({ userId }) => userId)
  return consents.map(({ id, userId, refreshTokenSealed }) => ({
    userId,
    consentId: id,
    refreshToken: sealer.open(refreshTokenSealed, `refresh-token:${id}`),
    payments: paymentsOf.get(userId) ?? [],
  }))
}

async function callsAndRows({ userId, consentId, refreshToken, payments }: DueSaver): Promise<void> {
  const owner = randomUUID()
  const noted = async (call: MadeCall) => {
    await logCall(pool, userId, call)
    return call
  }
  await claim(pool, payments, owner)
  const { call, tokens } = await bank.token(refreshToken)
  await noted(withoutTokens(call))
  await storeTokens(pool, consentId, sealed(consentId, tokens))
  await noted(await bank.accounts(tokens.accessToken))

  const ids = new Map<DuePayment, string>()
  for (const payment of payments) {
    await inTransaction(pool, (tx) => move(tx, payment, SENDING, { owner }))
    const { call, bankPaymentId } = await bank.initiate(tokens.accessToken, orderOf(payment))
    await noted(call)
    await inTransaction(pool, (tx) => move(tx, payment, INITIATED, { owner, bankPaymentId }))
    ids.set(payment, bankPaymentId)
  }
  const each = async (step: Step, facts: { owner?: string }) => {
    for (const [payment, bankPaymentId] of ids)
      await inTransaction(pool, (tx) => move(tx, payment, step, { ...facts, bankPaymentId }))
  }
  await each(CONFIRMING, { owner })
  await noted(await bank.confirm(tokens.accessToken, [...ids.values()], payments[0]?.id ?? ''))
  await each(ACCEPTED, {})

  await claim(pool, payments, owner)
  for (const [payment, bankPaymentId] of ids) {
    await noted(await bank.show(tokens.accessToken, bankPaymentId))
    await inTransaction(pool, (tx) => move(tx, payment, PAID, { bankPaymentId }))
  }
}

/** What belongs to the saver as a whole is written with the first payment. */
async function onlyRows({ userId, consentId, refreshToken, payments }: DueSaver): Promise<void> {
  const owner = randomUUID()
  for (const [index, payment] of payments.entries()) {
    const bankPaymentId = randomUUID()
    await inTransaction(pool, async (tx) => {
      await claim(tx, [payment], owner)
      if (index === 0) {
        const tokens = { accessToken: refreshToken, refreshToken }
        await storeTokens(tx, consentId, sealed(consentId, tokens))
        for (const api of ['authorization.refresh', 'accounts.list', 'payments.confirm'])
          await logCall(tx, userId, unmade(api))
      }
      for (const step of STEPS) await move(tx, payment, step, { owner, bankPaymentId })
      for (const api of ['payments.initiate', 'payments.detail']) await logCall(tx, userId, unmade(api))
    })
  }
}

async function onlyCalls(known: Tokens, paymentsEach: number): Promise<void> {
  const { tokens } = await bank.token(known.refreshToken)
  Object.assign(known, tokens)
  await bank.accounts(tokens.accessToken)
  const ids: string[] = []
  for (let count = 0; count < paymentsEach; count += 1) {
    const order = { externalId: randomUUID(), reference: 'BENCH0000000', amount: '25.00' }
    ids.push((await bank.initiate(tokens.accessToken, order)).bankPaymentId)
  }
  await bank.confirm(tokens.accessToken, ids, randomUUID())
  for (const id of ids) await bank.show(tokens.accessToken, id)
}

function orderOf({ externalId, reference, amountMinor }: DuePayment) {
  return { externalId, reference, amount: toDecimal(amountMinor) }
}

function sealed(consentId: string, { accessToken, refreshToken }: Tokens) {
  return {
    accessToken: sealer.seal(accessToken, `access-token:${consentId}`),
    refreshToken: sealer.seal(refreshToken, `refresh-token:${consentId}`),
  }
}

function withoutTokens(call: MadeCall): MadeCall {
  return { ...call, requestBody: '[redacted]', responseBody: '[redacted]' }
}

/** As long as such calls' lines are, of a call that nobody made. */
function unmade(api: string): MadeCall {
  const path = '/personal/v4/payments/domestic'
  const [requestBody, responseBody] = ['x'.repeat(350), 'x'.repeat(800)]
  return {
    api,
    method: 'GET',
    path,
    status: 200,
    startedAt: new Date(),
    durationMs: 1,
    requestBody,
    responseBody,
  }
}

async function timed<T>(savers: readonly T[], settle: (saver: T) => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await atOnce(savers, settle)
  return (performance.now() - startedAt) / 1_000
}

async function atOnce<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values()
  const line = async () => {
    for (const one of left) await work(one)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, line))
}
