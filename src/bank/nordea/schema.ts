/**
 * The shape of every reply, as loosely as the bank's own versions differ: numbers as text or number, optional things
 * missing or null, unknown keys dropped. What a value means is the parser's business.
 */
import { z } from 'zod'
import { fromDecimal } from '../../money.ts'

const optionalText = z.string().nullish()

/** Minor units out of "507.03", "12" or 12.5. */
const decimal = z.union([z.string(), z.number()]).transform((value, context) => {
  try {
    return fromDecimal(value)
  } catch {
    context.addIssue({ code: 'custom', message: 'not a decimal amount' })
    return z.NEVER
  }
})
const optionalDecimal = decimal.nullish()

/** The list is read element by element, so that one odd element does not hide the others. */
const elements = z.array(z.unknown())

const accountNumber = z.object({ _type: z.string(), value: z.string() })
const links = z.array(z.object({ rel: optionalText, href: optionalText })).nullish()
const groupHeader = z
  .object({ message_pagination: z.object({ continuation_key: optionalText }).nullish() })
  .nullish()

export const tokenReply = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,9}$/)
        .transform(Number),
    ])
    .pipe(z.number().positive()),
})
export const envelopedTokenReply = z.object({ response: tokenReply })

export const account = z.object({
  _id: z.string().min(1),
  account_name: optionalText,
  nickname: optionalText,
  product: optionalText,
  account_numbers: z.array(accountNumber),
  account_type: z.string(),
  currency: z.string(),
  country: optionalText,
  bank: z.object({ country: optionalText }).nullish(),
  status: optionalText,
  available_balance: optionalDecimal,
  booked_balance: optionalDecimal,
  credit_limit: optionalDecimal,
})
export const accountReply = z.object({ response: account })
export const accountListReply = z.object({
  group_header: groupHeader,
  response: z.object({ accounts: elements }),
})

export const transaction = z.object({
  transaction_id: optionalText,
  booking_date: optionalText,
  amount: decimal,
  currency: optionalText,
  status: optionalText,
  narrative: optionalText,
  message: optionalText,
  own_message: optionalText,
  counterparty_name: optionalText,
  // Nothing is decided by it alone, so an odd one must not hide the transaction.
  counterparty_account: optionalText.catch(null),
  type_description: optionalText,
  reference: optionalText,
})
export const transactionListReply = z.object({
  group_header: groupHeader,
  response: z.object({ transactions: elements, continuation_key: optionalText }),
})

const party = z
  .object({ account: z.object({ _type: optionalText, value: optionalText }).nullish() })
  .nullish()

export const payment = z.object({
  _id: z.string().min(1),
  payment_status: optionalText,
  external_id: optionalText,
  amount: optionalDecimal,
  currency: optionalText,
  instructed_amount: z.object({ amount: decimal, currency: z.string() }).nullish(),
  debtor: party,
  creditor: party,
  tpp_messages: z.array(z.object({ category: optionalText, code: optionalText })).nullish(),
  _links: links,
})
export const paymentReply = z.object({ response: payment, _links: links })
export const paymentListReply = z.object({
  group_header: groupHeader,
  response: z.object({ payments: elements }),
})
export const confirmReply = z.object({
  response: z.object({ payments: elements.nullish(), _links: links }).nullish(),
  errors: z.array(z.object({ payment_id: optionalText, error: optionalText })).nullish(),
  _links: links,
})

const failure = z.object({ code: optionalText, path: optionalText })
const failures = z.object({ failures: z.array(failure) })

/** The interfaces' own errors; the first versions put them under `response`. */
export const apiError = z.union([z.object({ error: failures }), z.object({ response: failures })])
/** The gateway in front of the interfaces. */
export const gatewayError = z.object({
  httpCode: z.union([z.string(), z.number()]).transform(String),
  httpMessage: optionalText,
  moreInformation: optionalText,
})

export type AccountReply = z.output<typeof account>
export type TransactionReply = z.output<typeof transaction>
export type PaymentReply = z.output<typeof payment>
export type Links = z.output<typeof links>
