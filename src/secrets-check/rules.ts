/** What a secret looks like, in one line of text or in the name of a file. */

export interface Hit {
  rule: string
  /** Without spaces. */
  value: string
}

interface Shape {
  rule: string
  /** Its group `value`, or else all of it, is the secret. */
  pattern: RegExp
  isSecret?: (value: string) => boolean
}

const NAME = String.raw`[\w.-]*(?:secret|passw(?:or)?d|pwd|pepper|token|credential|(?:api|private|signing|hash|access|encryption)[_-]?key)[\w.-]*`
const SHAPES: Shape[] = [
  { rule: 'private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/g },
  { rule: 'AWS key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { rule: 'GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})\b/g },
  { rule: 'npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { rule: 'Heroku key', pattern: /\bHRKU-[A-Za-z0-9_-]{30,}/g },
  { rule: 'Slack token', pattern: /\bxox[abeprs]-[A-Za-z0-9-]{20,}/g },
  { rule: 'Google key', pattern: /\bAIza[\w-]{35}/g },
  { rule: 'payment key', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,}/g },
  { rule: 'Sparvana token', pattern: /\bspv_[0-9A-Za-z]{42}\b/g },
  { rule: 'signed token', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g },
  { rule: 'credentials in an address', pattern: /:\/\/[^\s/:@'"`]+:(?<value>[^\s/@'"`$<{]{3,})@/g },
  {
    rule: 'secret as it stands',
    pattern: new RegExp(String.raw`\b${NAME}["'\`]?\s*[:=]>?\s*(["'\`])(?<value>[^\s"'\`]{16,200})\1`, 'gi'),
    isSecret: looksRandom,
  },
  {
    rule: 'secret in a setting',
    pattern:
      /^\s*(?:export )?[A-Z_]*(?:SECRET|PASSWORD|PEPPER|TOKEN|KEYS?)[A-Z_]*=(?<value>[^\s'"`$<]{16,})/g,
    isSecret: looksRandom,
  },
  {
    rule: 'account number',
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    isSecret: isIban,
  },
]
/** Files that exist to hold secrets. */
const SECRET_FILES =
  /(^|\/)(\.env(\.(?!example$)[\w.]+)?|\.npmrc|\.netrc|\.pgpass|id_(rsa|ecdsa|ed25519)|secrets\.json)$|\.(pem|key|p12|pfx|jks|kdbx)$/

export function hitsIn(line: string): Hit[] {
  return SHAPES.flatMap(({ rule, pattern, isSecret = () => true }) =>
    [...line.matchAll(pattern)]
      .map((match) => ({ rule, value: (match.groups?.value ?? match[0]).replaceAll(' ', '') }))
      .filter(({ value }) => isSecret(value)),
  )
}

export function isSecretFile(path: string): boolean {
  return SECRET_FILES.test(path)
}

/** Bits a character, by how often each one stands in it. Words have less, and no digits among them. */
const RANDOM_BITS = { withDigits: 3.2, withoutDigits: 4.4 }
const PATH = /^(\/[a-z][a-z0-9-]*)+$/

function looksRandom(value: string): boolean {
  if (!/^[\w+/=.:,~-]+$/.test(value) || !/[A-Za-z]/.test(value) || PATH.test(value)) return false
  const counts = Object.values(Object.groupBy(value, (character) => character))
  const shares = counts.map((same) => (same?.length ?? 0) / value.length)
  const bits = shares.reduce((sum, share) => sum - share * Math.log2(share), 0)
  return bits >= (/\d/.test(value) ? RANDOM_BITS.withDigits : RANDOM_BITS.withoutDigits)
}

/** By its check digits (ISO 13616): one string in 97 that looks like an IBAN is one. */
function isIban(text: string): boolean {
  const digits = (text.slice(4) + text.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  )
  return BigInt(digits) % 97n === 1n
}
