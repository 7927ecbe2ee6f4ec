/** What may be kept of requests and replies: enough to see what went wrong, nothing that opens or identifies an account. */
import { maskIban } from './numbers.ts'
import { parseJson } from './trouble.ts'

const MAX_LENGTH = 4_000
const MAX_ITEMS = 20
const MAX_DEPTH = 10
const MAX_FIELDS = 100
const GONE = '[redacted]'

/** Open doors, told by name that they were there: whoever holds the value can act. */
const SECRET_KEYS = words(
  'access_token refresh_token token id_token tpp_token client_token client_secret client_id assertion state psu_id code',
)
/** What hangs together, and holds what is kept. */
const HOLDERS = words(
  `response error errors failures group_header message_pagination messages accounts account account_numbers transactions
  payments debtor creditor instructed_amount tpp_messages links _links bank payments_ids scope`,
)
/** What a call is about: which order, which state, which failure. All else is shown by its type. */
const KEPT = words(
  `_id _type id account_type amount bic booking_date category continuation_key country creation_date_time currency
  description duration end_to_end_identification entry_date_time error error_description expires_in external_id grant_type
  href httpCode httpMessage http_code message_identification moreInformation path payment_date payment_id payment_status
  payments_ids planned_execution_date product redirect_uri redirect_url rel requested_execution_date scope status
  token_type transaction_id type urgency value`,
)
/** Of what else a saver does with their account only that there is something, and when. */
const KEPT_OF_TRANSACTIONS = words('transaction_id booking_date currency status')
/** Of a list that is named so, `code` is the bank's name for a failure; anywhere else it is an authorization code. */
const CODED_LISTS = words('failures tpp_messages errors')
/** A field of an interface is named so; anything else may be somebody's. */
const FIELD_NAME = /^_?[a-z]+(?:[_A-Z][a-z]+){0,6}$/

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/))
}

/**
 * @param secrets values known to be secret in this call: removed wherever they turn up, whatever shape the body has.
 * @returns at most a few kilobytes: the fields of the lists above, never a token, code, secret or whole account number.
 */
export function redactBody(body: string | null, secrets: readonly string[] = []): string | null {
  if (body === null || body === '') return null
  const json = parseJson(body)
  if (typeof json !== 'object' || json === null) return redactPage(body, secrets)
  return cut(JSON.stringify(redactValue(json, { list: null, kept: KEPT, depth: 0, secrets })), MAX_LENGTH)
}

const GATEWAY_FIELDS = /<(httpCode|httpMessage|moreInformation)>([^<]{0,200})</g

/** Of a page or any other text only its size, and what the gateway says of a failure. */
function redactPage(text: string, secrets: readonly string[]): string {
  const told = [...text.matchAll(GATEWAY_FIELDS)].map(
    ([, name, value = '']) => `, ${name}: ${redactText(value, secrets)}`,
  )
  return `[text of ${text.length} characters${told.slice(0, 3).join('')}]`
}

/** For a form we send: what is kept by name, the rest by its type. */
export function redactForm(
  fields: Readonly<Record<string, string>>,
  secrets: readonly string[] = [],
): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(redactField(name, value, { ...OF_FORM, secrets }))}`)
    .join('&')
}

/** A path with its query: account numbers stand in both. */
export function redactPath(target: string, secrets: readonly string[] = []): string {
  const [path = '', query] = target.split('?', 2)
  const segments = path.split('/').map((segment) => redactText(segment, secrets))
  return cut(segments.join('/') + (query === undefined ? '' : redactText(`?${query}`, secrets)), 500)
}

interface Surroundings {
  /** The name under which this stands. */
  list: string | null
  kept: ReadonlySet<string>
  depth: number
  secrets: readonly string[]
}

const OF_FORM = { list: null, kept: KEPT, depth: 0 }

/** Of what may be kept, or holds it. */
function redactValue(value: unknown, around: Surroundings): unknown {
  if (typeof value === 'string') return redactText(cut(value, 500), around.secrets)
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 10_000_000)
    return maskIban(String(value))
  if (typeof value !== 'object' || value === null) return value
  if (around.depth >= MAX_DEPTH) return '[deep]'
  const inside = { ...around, depth: around.depth + 1 }
  if (Array.isArray(value)) {
    const kept = value.slice(0, MAX_ITEMS).map((item) => redactValue(item, inside))
    return value.length > MAX_ITEMS ? [...kept, `[${value.length - MAX_ITEMS} more]`] : kept
  }
  const isAccount = '_type' in value || 'type' in value
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_FIELDS)
      .map(([name, inner]) => [
        FIELD_NAME.test(name) ? cut(name, 60) : '[odd name]',
        isAccount && name === 'value' && typeof inner === 'string'
          ? maskIban(inner)
          : redactField(name, inner, inside),
      ]),
  )
}

function redactField(name: string, value: unknown, around: Surroundings): unknown {
  if (value === null) return null
  if (isSecret(name, around.list)) return GONE
  const { kept } = around
  const inside = { ...around, list: name, kept: name === 'transactions' ? KEPT_OF_TRANSACTIONS : kept }
  if (typeof value === 'object') {
    const isKnown = HOLDERS.has(name) && (kept === KEPT || kept.has(name))
    return isKnown ? redactValue(value, inside) : typeOf(value)
  }
  const isFailureCode = name === 'code' && around.list !== null && CODED_LISTS.has(around.list)
  return kept.has(name) || isFailureCode ? redactValue(value, inside) : typeOf(value)
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return `[list of ${value.length}]`
  return `[${typeof value}]`
}

function isSecret(name: string, list: string | null): boolean {
  const isFailureCode = name === 'code' && list !== null && CODED_LISTS.has(list)
  return SECRET_KEYS.has(name.toLowerCase()) && !isFailureCode
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const DOOR = /^(code|state|token|access_token|refresh_token|client_id)=/
/** Longer unbroken runs are tokens, signatures, encoded data; message ids (32) and hashes (40) are shorter, and help. */
const TOKEN_LENGTH = 64
const PIECES = new RegExp(
  [
    '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}',
    '(?<=[?&;])(?:code|state|token|access_token|refresh_token|client_id)=[^&\\s"\'<>]*',
    `[A-Za-z0-9_+/=.-]{${TOKEN_LENGTH},}`,
    // An IBAN, or the bank's id made of country and number.
    '(?<![A-Za-z0-9])[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){1,7}(?: ?[A-Z0-9]{1,4})?',
    // Account numbers are 11 digits and more; shorter runs are masked too unless they are part of a hexadecimal id.
    '\\d{11,}',
    '(?<![0-9a-fA-F-])\\d{8,10}(?![0-9a-fA-F])',
  ].join('|'),
  'g',
)

function redactText(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, GONE)
  return clean.replace(PIECES, (piece) => {
    if (UUID.test(piece)) return piece
    const door = DOOR.exec(piece)
    if (door) return `${door[1]}=${GONE}`
    return piece.length >= TOKEN_LENGTH ? GONE : maskIban(piece)
  })
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
