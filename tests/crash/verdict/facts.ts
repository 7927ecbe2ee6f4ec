/** Everything that is left behind when all has come to rest: ours and the bank's. */
import type { LedgerBucket, PaymentKind, PaymentState } from '../../../src/generated/enums.ts'
import { type BankState, bankState } from '../bank-state.ts'
import type { Look } from '../database.ts'
import type { Stage } from '../stage.ts'

export interface PaymentFact {
  id: string
  userId: string
  kind: PaymentKind
  state: PaymentState
  reason: string | null
  externalId: string
  bankPaymentId: string | null
  amountMinor: number
  currency: string
  nextActionAt: Date | null
  debtorHash: string
  creditorHash: string
}

export interface CheckOffFact {
  id: string
  userId: string
  habitId: string
  day: string
  slot: number
  state: 'RECORDED' | 'UNDONE'
  paymentId: string | null
  amountMinor: number
}

export interface EventFact {
  paymentId: string
  from: PaymentState | null
  to: PaymentState
  reason: string | null
  at: Date
}

/** What was booked for a payment in one bucket; or, of the balances, what stands there for a habit. */
export interface Booked {
  id: string
  bucket: LedgerBucket
  minor: number
}

export interface Facts {
  payments: PaymentFact[]
  checkOffs: CheckOffFact[]
  events: Map<string, EventFact[]>
  /** By payment. */
  booked: Booked[]
  /** By habit: added up from the lines, and as kept. */
  lines: Booked[]
  balances: Booked[]
  opening: BankState
  closing: BankState
}

export async function gatherFacts({ look, opening, bankUrl }: Stage): Promise<Facts> {
  const events = await look.rows<EventFact>(
    `SELECT "paymentId", "from", "to", reason, at FROM "PaymentEvent" ORDER BY at, id`,
  )
  return {
    payments: await look.rows<PaymentFact>(
      `SELECT p.id, p."userId", p.kind, p.state, p.reason, p."externalId", p."bankPaymentId", p."amountMinor",
              p.currency, p."nextActionAt", d."hashedAccNo" AS "debtorHash", c."hashedAccNo" AS "creditorHash"
       FROM "Payment" p JOIN "Account" d ON d.id = p."debtorAccountId" JOIN "Account" c ON c.id = p."creditorAccountId"
       ORDER BY p.id`,
    ),
    checkOffs: await look.rows<CheckOffFact>(
      `SELECT id, "userId", "habitId", day::text, slot, state, "paymentId", "amountMinor" FROM "CheckOff" ORDER BY id`,
    ),
    events: Map.groupBy(events, ({ paymentId }) => paymentId),
    booked: await bookedBy(look, '"paymentId"'),
    lines: await bookedBy(look, '"habitId"'),
    balances: await look.rows<Booked>(
      `SELECT "habitId" AS id, bucket, "balanceMinor"::int AS minor FROM "LedgerBalance" WHERE "balanceMinor" <> 0`,
    ),
    opening,
    closing: await bankState(bankUrl),
  }
}

function bookedBy(look: Look, column: '"paymentId"' | '"habitId"'): Promise<Booked[]> {
  return look.rows<Booked>(
    `SELECT ${column} AS id, bucket, sum("amountMinor")::int AS minor FROM "LedgerLine"
     GROUP BY 1, 2 HAVING sum("amountMinor") <> 0`,
  )
}
