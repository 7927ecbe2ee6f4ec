/** What an app may order: the bodies of v3, v4 and v5 read into one shape, by the rules of the product and the country. */

import { z } from 'zod'
import { CURRENCIES, type Currency } from '../money.ts'
import { type Call, granted, jsonBody } from './call.ts'
import { invalid } from './errors.ts'
import { type Country, type Creditor, type Debtor, HOME_CURRENCY, type Product } from './model.ts'
import { countryOfBbanType, isIban, looksLikeBban, plainNumber } from './numbers.ts'
import { isDay, readDecimal, readWith } from './validation.ts'

export interface Order {
  amountMinor: number
  currency: Currency
  urgency: string | null
  externalId: string | null
  endToEnd: string | null
  requestedDate: string | null
  debtor: Debtor
  creditor: Creditor
}

const ACCOUNT_TYPES = ['IBAN', 'BBAN_SE', 'BBAN_DK', 'BBAN_NO', 'BGNR', 'PGNR', 'GIRO_DK'] as const

/** Digits before the decimal point. */
const WHOLE_DIGITS: Record<Country, number> = { FI: 9, SE: 11, DK: 7, NO: 7 }

/** Longest creditor name and message; a Danish express payment has room for more. */
const NAME_LENGTH: Record<Country, number> = { FI: 70, SE: 35, NO: 30, DK: 70 }
const MESSAGE_LENGTH: Record<Country, number> = { FI: 140, SE: 12, DK: 40, NO: 140 }
const GIRO_MESSAGE_LENGTH: Record<string, number> = { PGNR: 25, BGNR: 150 }
const EXPRESS_MESSAGE_LENGTH = 140
const OWN_MESSAGE_LENGTH = 20

/** @throws ApiError 400 naming every field that is wrong. */
export function readOrder(call: Call, product: Product): Order {
  const { country } = granted(call)
  if ((product === 'sepa') !== (country === 'FI')) {
    throw invalid('debtor.account', 'Pattern', 'Accounts of this country are not paid from by this product.')
  }
  const at = call.dialect.version === 'v5' ? 'instructed_amount.' : ''
  const order = call.dialect.version === 'v5' ? readV5(jsonBody(call)) : readFlat(jsonBody(call))
  if (order.currency !== HOME_CURRENCY[country]) {
    throw invalid(`${at}currency`, 'Pattern', `Payments of this country are in ${HOME_CURRENCY[country]}.`)
  }
  checkAmount(`${at}amount`, order.amountMinor, country)
  checkTexts(call, order, product, country)
  return order
}

const currency = z.enum(CURRENCIES)
const account = z.object({
  _type: z.enum(ACCOUNT_TYPES),
  value: z.string().min(1).max(40),
  currency: currency.optional(),
})
const anyAmount = z
  .custom<string | number>((value) => readDecimal(value) !== null, 'A decimal with at most two decimals.')
  .transform((value) => readDecimal(value) ?? 0)

const parties = {
  urgency: z.enum(['standard', 'express', 'sameday']).nullish(),
  external_id: z.string().max(100).nullish(),
  end_to_end_identification: z.string().max(35).nullish(),
  debtor: z.object({ account, message: z.string().optional() }),
  creditor: z.object({
    account: account.refine(isWellFormed, { message: 'The number does not fit its type.', path: ['value'] }),
    name: z.string().optional(),
    message: z.string().optional(),
    reference: z.object({ _type: z.string().min(1), value: z.string().optional() }).optional(),
  }),
}

const flatBody = z.object({ amount: anyAmount, currency, ...parties })

const v5Body = z.object({
  instructed_amount: z.object({ amount: anyAmount, currency }),
  requested_execution_date: z.union([z.literal(''), z.string().refine(isDay)]).nullish(),
  ...parties,
})

type Parties = Omit<z.output<typeof flatBody>, 'amount' | 'currency'>

function readFlat(body: unknown): Order {
  const fields = readWith(flatBody, body)
  return { amountMinor: fields.amount, currency: fields.currency, requestedDate: null, ...partiesOf(fields) }
}

function readV5(body: unknown): Order {
  const fields = readWith(v5Body, body)
  const { amount: amountMinor, currency } = fields.instructed_amount
  return {
    amountMinor,
    currency,
    requestedDate: fields.requested_execution_date || null,
    ...partiesOf(fields),
  }
}

function partiesOf(fields: Parties) {
  return {
    urgency: fields.urgency ?? null,
    externalId: fields.external_id ?? null,
    endToEnd: fields.end_to_end_identification ?? null,
    debtor: fields.debtor,
    creditor: fields.creditor,
  }
}

/** Only shape and the IBAN's own check digits; giro numbers are digits. */
function isWellFormed({ _type, value }: z.output<typeof account>): boolean {
  const plain = plainNumber(value)
  if (_type === 'IBAN') return isIban(plain)
  const country = countryOfBbanType(_type)
  return country ? looksLikeBban(country, plain) : /^\d{2,10}$/.test(plain.replace('-', ''))
}

function checkAmount(path: string, amountMinor: number, country: Country): void {
  if (amountMinor <= 0) throw invalid(path, 'Size', 'The amount must be more than zero.')
  if (amountMinor >= 10 ** (WHOLE_DIGITS[country] + 2))
    throw invalid(path, 'Size', 'The amount is too large.')
}

function checkTexts(call: Call, order: Order, product: Product, country: Country): void {
  const { creditor, debtor } = order
  if (product === 'sepa' && !creditor.name)
    throw invalid('creditor.name', 'NotNull', 'The payee’s name is needed.')
  checkLength('creditor.name', creditor.name, NAME_LENGTH[country])
  checkLength('creditor.message', creditor.message, messageLength(order, country))
  if (country === 'DK' || country === 'SE') checkLength('debtor.message', debtor.message, OWN_MESSAGE_LENGTH)
  if (product === 'sepa' && call.dialect.version !== 'v3' && creditor.message && creditor.reference) {
    throw invalid('creditor', 'Pattern', 'A SEPA payment carries a message or a reference, not both.')
  }
}

function messageLength({ creditor, urgency }: Order, country: Country): number {
  if (country === 'DK' && urgency === 'express') return EXPRESS_MESSAGE_LENGTH
  return GIRO_MESSAGE_LENGTH[creditor.account._type] ?? MESSAGE_LENGTH[country]
}

function checkLength(path: string, text: string | undefined, longest: number): void {
  if ((text?.length ?? 0) > longest) throw invalid(path, 'Size', `At most ${longest} characters.`)
}
