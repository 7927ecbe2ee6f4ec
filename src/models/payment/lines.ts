import { uuidv7 } from '../../crypto.ts'
import { Prisma } from '../../db.ts'
import type { PaymentState } from './states.ts'

/** All columns of a payment by name, for statements that Prisma has no words for. */
export const PAYMENT_COLUMNS = Prisma.raw(
  Object.values(Prisma.PaymentScalarFieldEnum)
    .map((name) => `"${name}"`)
    .join(', '),
)

interface Event {
  paymentId: string
  from: PaymentState | null
  to: PaymentState
  reason?: string | null
  bankCode?: string | null
  at: Date
}

/** A line in a payment's history, as a part of a larger statement: one for each row of `source`, if that is given. */
export function eventLine(event: Event, source = Prisma.empty): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "PaymentEvent" (id, "paymentId", "from", "to", reason, "bankCode", at)
    SELECT ${uuidv7()}::uuid, ${event.paymentId}::uuid, ${event.from}::"PaymentState", ${event.to}::"PaymentState",
      ${event.reason ?? null}, ${event.bankCode ?? null}, ${event.at}::timestamptz
    ${source}`
}
