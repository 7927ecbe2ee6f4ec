/** What the emulated bank remembers. Rows are never changed in place: a change is a new row under the same id. */

import type { Currency } from '../money.ts'

export type Version = 'v3' | 'v4' | 'v5'

export const COUNTRIES = ['DK', 'SE', 'NO', 'FI'] as const
export type Country = (typeof COUNTRIES)[number]

export const HOME_CURRENCY: Record<Country, Currency> = { DK: 'DKK', SE: 'SEK', NO: 'NOK', FI: 'EUR' }

export const SCOPES = [
  'ACCOUNTS_BASIC',
  'ACCOUNTS_BALANCES',
  'ACCOUNTS_DETAILS',
  'ACCOUNTS_TRANSACTIONS',
  'PAYMENTS_MULTIPLE',
  'CARDS_INFORMATION',
  'CARDS_TRANSACTIONS',
] as const
export type Scope = (typeof SCOPES)[number]

/** `seq` orders rows of one kind by when they were first written. */
export interface Account {
  id: string
  /** The unreadable id v5 shows instead of `id`. */
  opaqueId: string
  seq: number
  country: Country
  iban: string
  /** null where the country has no BBAN type (FI), or where none can be read out of the IBAN. */
  bban: string | null
  currency: Currency
  name: string
  product: string
  type: 'Current' | 'Savings'
  status: 'OPEN' | 'CLOSED'
  bookedMinor: number
  availableMinor: number
  valueDatedMinor: number
  creditLimitMinor: number | null
  latestBookingDate: string | null
  /** Made through the API, and therefore deletable. */
  dynamic: boolean
}

/** The rest of the world, one row a currency: together with all booked balances it always comes to zero. */
export interface Outside {
  id: Currency
  minor: number
}

/** What a customer has granted. `accountIds` null: every account of the country, also those opened later. */
export interface Consent {
  id: string
  country: Country
  scopes: Scope[]
  accountIds: string[] | null
  grantedAt: string
  expiresAt: string
  revokedAt: string | null
  historyMonths: number
}

/** `id` is the code itself. */
export interface AuthorizationCode {
  id: string
  consentId: string
  redirectUri: string
  expiresAt: string
  usedAt: string | null
}

/** `id` is the token itself. A refresh token lives as long as its consent and is used once. */
export interface Token {
  id: string
  kind: 'access' | 'refresh'
  consentId: string
  expiresAt: string
  usedAt: string | null
  revokedAt: string | null
}

/** A sign-in under way on the bank's own pages. */
export interface SignIn {
  id: string
  stage: 'user' | 'code' | 'consent' | 'closed'
  oneTimeCode: string
  attempts: number
  expiresAt: string
  request: ConsentRequest
}

export interface ConsentRequest {
  redirectUri: string
  state: string
  country: Country
  scopes: Scope[]
  durationMinutes: number
  historyMonths: number
  /** null: all of the country's accounts. */
  accountIds: string[] | null
  /** The customer may not change the choice of accounts. */
  fixedAccounts: boolean
}

/** A customer's pending approval of one or more payments on the mock signing page. */
export interface Signing {
  id: string
  paymentIds: string[]
  redirectUrl: string | null
  state: string | null
  expiresAt: string
  answer: 'approved' | 'refused' | null
}

export type PaymentStatus =
  | 'PendingConfirmation'
  | 'PendingUserApproval'
  | 'PendingSecondConfirmation'
  | 'OnHold'
  | 'Confirmed'
  | 'Rejected'
  | 'Paid'
  | 'InsufficientFunds'
  | 'LimitExceeded'
  | 'UserApprovalFailed'
  | 'UserApprovalTimeout'
  | 'UserApprovalCancelled'
  | 'Cancelled'

/** A status the payment takes by itself at an instant (ISO). */
export interface Step {
  at: string
  to: PaymentStatus
}

export interface WireAccount {
  _type: string
  value: string
  currency?: Currency | undefined
}

export interface Creditor {
  account: WireAccount
  name?: string | undefined
  message?: string | undefined
  reference?: { _type: string; value?: string | undefined } | undefined
}

export interface Debtor {
  account: WireAccount
  message?: string | undefined
}

export interface TppMessage {
  category: 'ERROR' | 'WARNING' | 'INFO'
  code: string
  text: string
}

export type Product = 'sepa' | 'domestic'

export interface Payment {
  id: string
  seq: number
  product: Product
  country: Country
  externalId: string | null
  amountMinor: number
  currency: Currency
  urgency: string | null
  endToEnd: string | null
  debtor: Debtor
  debtorAccountId: string
  creditor: Creditor
  status: PaymentStatus
  /** The last few statuses before this one, the latest last; rows from before this was kept have none. */
  earlier?: PaymentStatus[]
  /** What happens to it by itself from here on, soonest first. */
  plan: Step[]
  /** The amount is held back from the debtor's available balance. */
  reserved: boolean
  signingId: string | null
  messages: TppMessage[]
  enteredAt: string
  executionDate: string
}

/** Texts of a transaction under the names the API gives them. */
export interface TransactionTexts {
  type_description?: string | undefined
  narrative?: string | undefined
  message?: string | undefined
  own_message?: string | undefined
  reference?: string | undefined
  counterparty_name?: string | undefined
  counterparty_account?: string | undefined
  card_number?: string | undefined
  original_currency?: string | undefined
}

/** A debit has a negative amount. */
export interface Transaction {
  id: string
  seq: number
  accountId: string
  paymentId: string | null
  amountMinor: number
  currency: Currency
  status: 'reserved' | 'billed' | 'confirmed'
  bookingDate: string
  valueDate: string
  transactionDate: string
  paymentDate: string
  balanceAfterMinor: number
  texts: TransactionTexts
  originalAmountMinor: number | null
  /** Decimal text; a rate is not money. */
  currencyRate: string | null
}

/** How far the emulator's clock has been moved ahead of real time. */
export interface ClockOffset {
  id: 'clock'
  offsetMs: number
}

export interface Tables {
  account: Account
  outside: Outside
  consent: Consent
  code: AuthorizationCode
  token: Token
  signIn: SignIn
  signing: Signing
  payment: Payment
  transaction: Transaction
  clock: ClockOffset
}

export type Kind = keyof Tables
