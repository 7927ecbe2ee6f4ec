/** What may be kept of requests and replies: enough to see what went wrong, nothing that opens or identifies an account. */
import { maskIban } from './numbers.ts'
import { parseJson } from './trouble.ts'

const MAX_LENGTH = 4_000
const MAX_ITEMS = 20
const MAX_DEPTH = 10
const GONE = '[redacted]'

/** Open doors: whoever holds the value can act. */
const SECRET_KEYS = new Set(
  'access_token refresh_token token id_token tpp_token client_token client_secret client_id assertion state psu_id'.split(
    ' ',
  ),
)
/** About people and their money; amounts of orders stay, they are ours. */
const PERSONAL_KEYS = new Set(
  (
    'account_name nickname name owner_name cardholder_name counterparty_name counterparty_account card_number ' +
    'narrative message own_message available_balance booked_balance value_dated_balance balance_after_transaction credit_limit'
  ).split(' '),
)
/** Under these, `code` is the bank's name for a failure; anywhere else it is an authorization code. */
const CODED_LISTS = new Set(['failures', 'tpp_messages', 'errors'])

/**
 * @param secrets values known to be secret in this call: removed wherever they turn up, whatever shape the body has.
 * @returns at most a few kilobytes, never a token, code, secret or whole account number.
 */
export function redactBody(body: string | null, secrets: readonly string[] = []): string | null {
  if (body === null || body === '') return null
  const json = parseJson(body)
  const clean =
    typeof json === 'object' && json !== null
      ? JSON.stringify(redactValue(json, null, 0, secrets))
      : redactText(cut(body, MAX_LENGTH), secrets)
  return cut(clean, MAX_LENGTH)
}

/** For a form we send: `code` and tokens by name, the rest as text. */
export function redactForm(
  fields: Readonly<Record<string, string>>,
  secrets: readonly string[] = [],
): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${isSecret(name, null) ? GONE : redactText(value, secrets)}`)
    .join('&')
}

/** A path with its query: account numbers stand in both. */
export function redactPath(target: string, secrets: readonly string[] = []): string {
  const [path = '', query] = target.split('?', 2)
  const segments = path.split('/').map((segment) => redactText(segment, secrets))
  return cut(segments.join('/') + (query === undefined ? '' : redactText(`?${query}`, secrets)), 500)
}

function redactValue(
  value: unknown,
  list: string | null,
  depth: number,
  secrets: readonly string[],
): unknown {
  if (typeof value === 'string') return redactText(cut(value, 500), secrets)
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 10_000_000)
    return maskIban(String(value))
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[deep]'
  if (Array.isArray(value)) {
    const kept = value.slice(0, MAX_ITEMS).map((item) => redactValue(item, list, depth + 1, secrets))
    return value.length > MAX_ITEMS ? [...kept, `[${value.length - MAX_ITEMS} more]`] : kept
  }
  const isAccount = '_type' in value || 'type' in value
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 100)
      .map(([key, inner]) => {
        const name = redactText(cut(key, 100), secrets)
        if (isGone(key, inner, list)) return [name, GONE]
        if (isAccount && key === 'value' && typeof inner === 'string') return [name, maskIban(inner)]
        return [name, redactValue(inner, key, depth + 1, secrets)]
      }),
  )
}

function isGone(key: string, value: unknown, list: string | null): boolean {
  if (value === null || typeof value === 'object') return false
  return isSecret(key, list) || PERSONAL_KEYS.has(key)
}

function isSecret(key: string, list: string | null): boolean {
  const name = key.toLowerCase()
  return SECRET_KEYS.has(name) || (name === 'code' && !(list !== null && CODED_LISTS.has(list)))
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
