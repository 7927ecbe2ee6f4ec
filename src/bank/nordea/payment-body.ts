/** A payment order as the bank takes it, within the limits each country's scheme sets to texts and amounts. */
import { type Currency, toDecimal } from '../../money.ts'
import type { Country, PaymentOrder } from '../words.ts'
import { type AccountNumber, isSameAccount } from './numbers.ts'

export type PaymentBody = { kind: 'body'; json: unknown } | { kind: 'refused'; code: string }

interface Scheme {
  currency: Currency
  /** Digits before the decimal point. */
  wholeDigits: number
  /** Characters of the payee's name; 0 where the scheme doesn't carry one. */
  nameLength: number
  messageLength: number
  /** Characters of the payer's own note; 0 where it would be thrown away. */
  noteLength: number
}

const SCHEMES: Readonly<Record<Country, Scheme>> = {
  DK: { currency: 'DKK', wholeDigits: 7, nameLength: 0, messageLength: 40, noteLength: 20 },
  NO: { currency: 'NOK', wholeDigits: 7, nameLength: 30, messageLength: 140, noteLength: 0 },
  SE: { currency: 'SEK', wholeDigits: 11, nameLength: 35, messageLength: 12, noteLength: 20 },
  FI: { currency: 'EUR', wholeDigits: 9, nameLength: 70, messageLength: 140, noteLength: 0 },
}

/**
 * The reference goes into the message to the payee. A structured creditor reference is never sent: SEPA allows only one
 * of the two. An order the bank could only refuse, or whose numbers don't belong together, is refused here, so nothing is sent.
 */
export function paymentBody(order: PaymentOrder): PaymentBody {
  const scheme = SCHEMES[order.debtor.country]
  const code = objection(order, scheme)
  if (code) return { kind: 'refused', code }
  const name = payeeName(order.creditor.name, scheme.nameLength)
  return {
    kind: 'body',
    json: {
      amount: toDecimal(order.amountMinor),
      currency: order.currency,
      external_id: order.externalId,
      debtor: {
        account: wireAccount(order.debtor.number, order.currency),
        ...(scheme.noteLength > 0 ? { message: order.reference } : {}),
      },
      creditor: {
        account: wireAccount(order.creditor.number, order.currency),
        ...(scheme.nameLength > 0 ? { name } : {}),
        message: order.reference,
      },
    },
  }
}

function objection(order: PaymentOrder, scheme: Scheme): string | null {
  const { amountMinor, currency, reference, externalId, debtor, creditor } = order
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) return 'order.amount'
  if (amountMinor >= 10 ** (scheme.wholeDigits + 2)) return 'order.amount'
  if (currency !== scheme.currency) return 'order.currency'
  if (creditor.country !== debtor.country) return 'order.countries'
  if (!/^[A-Za-z0-9-]+$/.test(reference) || reference.length > Math.min(scheme.messageLength, 20))
    return 'order.reference'
  if (!/^[\x21-\x7e]{1,70}$/.test(externalId)) return 'order.external-id'
  // The number is what the bank acts on, the IBAN what the saver chose: they must be one account.
  if (!isSameAccount(debtor.number, debtor.iban)) return 'order.debtor'
  if (!isSameAccount(creditor.number, creditor.iban)) return 'order.creditor'
  if (debtor.iban === creditor.iban) return 'order.same-account'
  if (scheme.nameLength > 0 && payeeName(creditor.name, scheme.nameLength) === '')
    return 'order.creditor-name'
  return null
}

/** Letters, digits and the punctuation every scheme carries; anything else becomes a blank. */
function payeeName(name: string, length: number): string {
  const plain = name
    .normalize('NFC')
    .replace(/[^\p{Script=Latin}\d/?:().,'+ -]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return [...plain].slice(0, length).join('').trim()
}

function wireAccount({ type, value }: AccountNumber, currency: Currency): unknown {
  return { _type: type, currency, value: value.replace(/[\s.-]/g, '') }
}
