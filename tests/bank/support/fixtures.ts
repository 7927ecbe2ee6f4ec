/** People, accounts and orders the bank tests share. */

import {
  type Bank,
  type BankCallEntry,
  type CallContext,
  type Country,
  createNordea,
  type LookUp,
  type NordeaSettings,
  type PaymentOrder,
} from '../../../src/bank/index.ts'
import { ManualClock } from '../../../src/clock.ts'

export const NOW = '2026-11-20T12:00:00.000Z'
export const REDIRECT_URI = 'http://127.0.0.1:3000/auth/bank/callback'
export const PAYMENT_RETURN_URI = 'http://127.0.0.1:3000/auth/payments/returned'

export const saver: CallContext = {
  accessToken: 'access-token-of-the-saver',
  onBehalfOf: 'user-1',
  actor: 'worker',
  requestId: 'request-1',
}

export const EVERYDAY = 'DK3420301544117544'
export const HOLIDAY = 'DK6120301544118028'

export const order: PaymentOrder = {
  externalId: 'd630b00a-227c-474e-8d20-1fc2b7141fdc',
  reference: 'SPV7K2M4Q9XT',
  amountMinor: 2_500,
  currency: 'DKK',
  debtor: { iban: EVERYDAY, number: { type: 'BBAN_DK', value: '20301544117544' }, country: 'DK' },
  creditor: {
    iban: HOLIDAY,
    number: { type: 'BBAN_DK', value: '20301544118028' },
    country: 'DK',
    name: 'Holiday account',
  },
}

/** Long enough for a busy machine; only tests of a bank that hangs wait for a timeout, and those are impatient. */
export const PATIENT = { connectMs: 5_000, headersMs: 5_000, bodyMs: 5_000 }
export const IMPATIENT = { connectMs: 100, headersMs: 100, bodyMs: 100 }

export type TestBank = Bank & { close(): Promise<void>; log: BankCallEntry[] }

export function settingsFor(baseUrl: string): NordeaSettings {
  return {
    baseUrl,
    profile: 'current',
    clientId: 'client-id-1',
    clientSecret: 'client-secret-1',
    redirectUri: REDIRECT_URI,
    paymentReturnUri: PAYMENT_RETURN_URI,
    signing: { kind: 'skip-in-sandbox' },
    sandbox: true,
    browserOrigins: [new URL(baseUrl).origin],
    allowPlainHttp: true,
    timeouts: PATIENT,
    clock: new ManualClock(NOW),
    onCall: () => {},
  }
}

/** A client for a bank on this machine, with its log of calls beside it. */
export function bankAt(baseUrl: string, changes: Partial<NordeaSettings> = {}): TestBank {
  const log: BankCallEntry[] = []
  const onCall = (entry: BankCallEntry) => void log.push(entry)
  return Object.assign(createNordea({ ...settingsFor(baseUrl), onCall, ...changes }), { log })
}

/** One order out of those asked for at once. */
export async function findOrder(
  bank: Bank,
  externalId: string,
  country: Country = 'DK',
  context: CallContext = saver,
): Promise<LookUp> {
  const found = (await bank.findOrders([externalId], country, context)).get(externalId)
  if (!found) throw new Error('no answer for the id asked for')
  return found
}

/** A payment as version 4 answers with it; the order's own values unless changed. */
export function wirePayment(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    _id: 'payment-1',
    payment_status: 'PendingConfirmation',
    external_id: order.externalId,
    amount: '25.00',
    currency: 'DKK',
    debtor: { account: { _type: 'BBAN_DK', currency: 'DKK', value: '20301544117544' } },
    creditor: {
      account: { _type: 'BBAN_DK', currency: 'DKK', value: '20301544118028' },
      message: order.reference,
    },
    ...changes,
  }
}

export function enveloped(response: unknown, header: Record<string, unknown> = {}): unknown {
  return { group_header: { message_identification: 'a', http_code: 200, ...header }, response }
}

export function failures(code: string, more: Record<string, unknown> = {}): unknown {
  return { group_header: { http_code: 400 }, error: { failures: [{ code, description: 'no', ...more }] } }
}
