/** The words of the door: what the app says to a bank and hears from it. Import them from `index.ts`. */
import type { Currency } from '../money.ts'

export const COUNTRIES = ['DK', 'SE', 'NO', 'FI'] as const
export type Country = (typeof COUNTRIES)[number]

/** Who asks, for whom: goes into the log of bank calls, and tells the bank whether the saver is present. */
export interface CallContext {
  accessToken: string
  onBehalfOf: string | null
  actor: string
  requestId: string | null
  /** Present only while the saver is in session; the bank counts calls without the user against a quota. */
  presence?: { ip: string; userAgent: string }
  /**
   * How many milliseconds from now the first byte of an acting call may still leave: what is left of the caller's lease.
   * Waiting for the gate and for a connection counts. Later nothing is sent; calls that only read don't heed it.
   */
  sendWithinMs?: number
}
export type AnonymousContext = Omit<CallContext, 'accessToken'>

export interface Tokens {
  accessToken: string
  refreshToken: string
  /** Seconds until the access token ends. */
  expiresInSeconds: number
}

export interface BankAccount {
  /** The bank's own id for the account: opaque, never parsed, never stored. */
  id: string
  name: string
  /** The IBAN, found or computed; this is what is hashed. */
  iban: string
  /** What the payment calls take, as the bank wrote it. */
  number: { type: string; value: string }
  country: Country
  currency: Currency
  kind: 'current' | 'savings'
  open: boolean
  /** Minor units; null where the consent doesn't cover balances. */
  availableMinor: number | null
  bookedMinor: number | null
  creditLimitMinor: number | null
}

export interface BankTransaction {
  id: string | null
  bookedOn: string | null
  /** Minor units, negative for a debit. */
  amountMinor: number
  currency: Currency
  /** Every text the bank shows, joined: which of them carries a payment's reference differs by country and side. */
  text: string
  reference: string | null
  /** The other account as the bank writes it; some versions show it on debits only. */
  counterpartyNumber: string | null
  booked: boolean
}

export interface PaymentOrder {
  /** Our own id of the order; the bank keeps it as external_id and we find the order by it. */
  externalId: string
  /** 12 characters, shown on both statements. */
  reference: string
  amountMinor: number
  currency: Currency
  debtor: { iban: string; number: { type: string; value: string }; country: Country }
  creditor: { iban: string; number: { type: string; value: string }; country: Country; name: string }
}

/** Every way a bank can look at an order, in our words. */
export type OrderStatus =
  | { kind: 'awaiting-confirmation' }
  | { kind: 'awaiting-approval' }
  | { kind: 'on-hold' }
  | { kind: 'accepted' }
  | { kind: 'paid' }
  | { kind: 'rejected'; reason: RejectionReason; code: string | null }
  | { kind: 'expired'; reason: 'approval-timeout' }
  | { kind: 'cancelled' }
  /** A status nobody has told us about: never success, never failure. */
  | { kind: 'not-understood'; status: string }

export type RejectionReason =
  | 'insufficient-funds'
  | 'limit-exceeded'
  | 'approval-refused'
  | 'approval-cancelled'
  | 'debtor-account'
  | 'creditor-account'
  | 'invalid-order'
  | 'refused-by-bank'

export interface BankOrder {
  bankPaymentId: string
  externalId: string | null
  amountMinor: number
  currency: Currency
  status: OrderStatus
  /** The accounts as the bank writes them, to hold against ours with `isSameAccount`; null where it leaves them out. */
  debtorNumber: string | null
  creditorNumber: string | null
  /** Where the saver approves, when the bank wants that. */
  approvalUrl?: string
}

/**
 * What came of asking the bank to do something.
 * `not-sent`: the bank certainly did not act; sending later is safe. `unknown`: it may have acted; never resend before looking.
 */
export type OrderOutcome =
  | { kind: 'order'; order: BankOrder }
  | { kind: 'rejected'; reason: RejectionReason; code: string | null }
  /** Refused because of the state the order is in, or because there is one already: look at it before anything else. */
  | { kind: 'conflict'; code: string | null }
  | { kind: 'not-found' }
  | { kind: 'not-sent'; because: BankTroubleKind; retryAfterSeconds: number | null }
  | { kind: 'unknown'; because: BankTroubleKind; retryAfterSeconds: number | null }

export type LookUp =
  /**
   * `others` is there only when the bank holds several orders under one external id: `order` is the one that has come
   * furthest, and a person must look at the rest, because money may move twice.
   */
  | { kind: 'found'; order: BankOrder; others?: readonly BankOrder[] }
  | { kind: 'absent' }
  | { kind: 'unknown'; because: BankTroubleKind; retryAfterSeconds: number | null }

export type BankTroubleKind =
  | 'timeout'
  | 'connection'
  | 'server-error'
  | 'unreadable'
  | 'rate-limited'
  | 'token-expired'
  | 'token-invalid'
  | 'consent-denied'
  | 'client-refused'
  | 'invalid-request'
  | 'not-found'
  | 'conflict'
  /** The gate is closed: the bank wasn't asked at all. */
  | 'resting'

/** Thrown by the calls that read or link; calls that move money answer with an outcome instead. */
export class BankError extends Error {
  override readonly name = 'BankError'
  readonly kind: BankTroubleKind
  readonly status: number | null
  /** The bank's own code, for the log and for support; never shown to a saver as the explanation. */
  readonly code: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    kind: BankTroubleKind,
    detail: {
      status?: number | null
      code?: string | null
      retryAfterSeconds?: number | null
      cause?: unknown
    } = {},
  ) {
    super(
      `bank: ${kind}${detail.status ? ` (${detail.status})` : ''}${detail.code ? ` ${detail.code}` : ''}`,
      {
        cause: detail.cause,
      },
    )
    this.kind = kind
    this.status = detail.status ?? null
    this.code = detail.code ?? null
    this.retryAfterSeconds = detail.retryAfterSeconds ?? null
  }
}

export const SCOPES = [
  'ACCOUNTS_BASIC',
  'ACCOUNTS_BALANCES',
  'ACCOUNTS_DETAILS',
  'ACCOUNTS_TRANSACTIONS',
  'PAYMENTS_MULTIPLE',
] as const

/** One address of the bank's that the app may call. */
export interface BankEndpoint {
  /** The name it has in the log of bank calls. */
  api: string
  method: string
  /** Below the bank's host; ":id" stands for one part. */
  path: string
  version: string
  /** Kinds of data that go there or come from there. */
  data: string
}

export interface Bank {
  /** Short name of the versions in use, kept with each consent: 'paper' or 'current'. */
  readonly profile: string
  /** Everything that can be asked of the bank with this profile. */
  readonly endpoints: readonly BankEndpoint[]
  /** Origins the saver's browser is sent to; the page policy must allow them. */
  readonly browserOrigins: readonly string[]

  beginConsent(
    request: { state: string; country: Country; durationMinutes: number },
    context: AnonymousContext,
  ): Promise<{ redirectTo: string }>
  exchangeCode(code: string, context: AnonymousContext): Promise<Tokens>
  refreshTokens(refreshToken: string, context: AnonymousContext): Promise<Tokens>
  /** Whether the bank can be told that a consent is over: version 3 can't. */
  readonly canRevoke: boolean
  /** Version 3 has no such call: there it resolves without one, and the app must forget the tokens. */
  revoke(token: string, context: AnonymousContext): Promise<void>

  listAccounts(context: CallContext): Promise<BankAccount[]>
  account(id: string, context: CallContext): Promise<BankAccount>
  /** Dates inclusive, yyyy-mm-dd. All pages are read, up to a bound. */
  transactions(
    accountId: string,
    range: { from: string; to: string },
    context: CallContext,
  ): Promise<BankTransaction[]>

  /**
   * An order the bank could only refuse (amount, currency, a number that isn't the account's) is `rejected` without a
   * call, with a code that begins with "order."; an answer that doesn't repeat the order is `unknown`.
   */
  initiate(order: PaymentOrder, context: CallContext): Promise<OrderOutcome>
  /** At most 100 ids, one element per id in the answer; v3 takes one call per id. */
  confirm(
    request: { bankPaymentIds: readonly string[]; country: Country; returnState: string },
    context: CallContext,
  ): Promise<OrderOutcome[]>
  /** `not-sent` and `unknown` mean that the bank could not be asked, and say nothing about the order. */
  order(bankPaymentId: string, country: Country, context: CallContext): Promise<OrderOutcome>
  /** Reads the bank's whole list, once for all ids, before it says `absent`. One answer for every id asked for. */
  findOrders(
    externalIds: readonly string[],
    country: Country,
    context: CallContext,
  ): Promise<Map<string, LookUp>>
  listOrders(country: Country, context: CallContext): Promise<BankOrder[]>
  /** `null` where the versions in use can't delete. */
  deleteOrder:
    | ((bankPaymentId: string, country: Country, context: CallContext) => Promise<OrderOutcome>)
    | null

  /** The sandbox's own calls; `null` against a real bank. */
  sandbox: SandboxBank | null
}

export interface SandboxBank {
  createAccount(
    account: {
      country: Country
      number: { type: string; value: string }
      currency: Currency
      name: string
      kind: 'current' | 'savings'
      balanceMinor: number
    },
    context: CallContext,
  ): Promise<BankAccount>
  deleteAccount(id: string, context: CallContext): Promise<void>
  createTransaction(
    accountId: string,
    transaction: { amountMinor: number; currency: Currency; text: string },
    context: CallContext,
  ): Promise<void>
}

/** Decides when a call may go to the bank's host; the app shares one among its processes. */
export interface BankGate {
  /** Waits for the call's turn. `closed`: the bank must be left alone for so many milliseconds; nothing was sent. */
  enter(): Promise<{ kind: 'go' } | { kind: 'closed'; forMs: number }>
  /**
   * What became of a call that went: `failed` is a time-out, a broken connection or a 5xx. Milliseconds of the bank's own
   * wish (429/503 with Retry-After) or null. A call we held back ourselves after all says nothing about the bank and is
   * not reported, nor is one whose process dies: a turn must not depend on its report.
   */
  report(outcome: 'answered' | 'failed', pauseMs: number | null): Promise<void>
}

/** One line of the log of bank calls; bodies are redacted before they leave the client. */
export type BankCallOutcome = 'ok' | BankTroubleKind

export interface BankCallEntry {
  actor: string
  onBehalfOf: string | null
  requestId: string | null
  api: string
  method: string
  path: string
  startedAt: Date
  durationMs: number
  /** The bank was told where the saver sits; calls without that count against its quota. */
  attended: boolean
  outcome: BankCallOutcome
  status: number | null
  /** What a person should notice: elements left out, an answer that contradicts the order. No numbers or secrets. */
  remark: string | null
  requestBody: string | null
  responseBody: string | null
}
