/** What every answer is looked at for, whoever asked and whatever was asked. */
import type { Answer } from '../client.ts'
import type { Kind } from '../target.ts'

/** Ends an attribute in either quotes and opens a tag: must come back escaped or not at all. */
export const MARKUP = `fz9"'><script>fz9</script>`
/** Must never be a header of an answer. */
export const PLANTED = 'x-planted'

/** What is the same for everybody: styles, scripts, icons, health. Browsers may keep it. */
export const MAY_BE_KEPT =
  /^GET \/(?:files|icons|\.well-known)\/|\.(?:svg|png|ico|webmanifest)$|^GET \/(?:healthz|readyz|metrics|sw\.js)$/

const INSIDE =
  /\bat \S+ \(|\.(?:ts|js|mjs|ejs):\d+|node_modules|[Pp]risma|relation "|syntax error at or near|invalid input syntax|unterminated quoted|SQLSTATE|>> \d+\|/
const LEAST_HSTS_SECONDS = 31_536_000

const EXPECTED: Record<string, RegExp> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^(?:same-origin|no-referrer)$/,
  'cross-origin-opener-policy': /^same-origin$/,
}
const POLICY = ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
const BANNERS = ['server', 'x-powered-by', 'access-control-allow-origin']

export type Objection = [kind: Kind, what: string]

/** @param isFile of our own that everybody may keep: a style, a script, an icon, a health check. */
export function objectionsTo(
  answer: Answer,
  { https, isFile }: { https: boolean; isFile: boolean },
): Objection[] {
  return [
    ...troubleIn(answer),
    ...headersOf(answer, https),
    ...(isFile ||
    answer.headers['cache-control'] === 'no-store' ||
    answer.status === 308 ||
    isOpenPage(answer)
      ? []
      : ([['header', `cache-control: ${answer.headers['cache-control']}`]] as Objection[])),
    ...cookiesOf(answer, https),
  ]
}

/** The same for every visitor: their browser may keep it, and asks each time whether it still holds. */
function isOpenPage({ headers, text }: Answer): boolean {
  const isAsked = headers['cache-control'] === 'no-cache' && headers.etag !== undefined
  return isAsked && !('set-cookie' in headers) && !/<form|name="_csrf"/.test(text)
}

function troubleIn({ status, text, headers }: Answer): Objection[] {
  const objections: Objection[] = []
  if (status >= 500) objections.push(['trouble', `status ${status}`])
  const inside = INSIDE.exec(text)?.[0]
  if (inside)
    objections.push([
      /syntax|relation|quoted|SQL/.test(inside) ? 'sql-error' : 'trouble',
      `tells "${inside}"`,
    ])
  if (text.includes('fz9"\'') || text.includes('<script>fz9'))
    objections.push(['markup', 'shows markup that was typed'])
  if (PLANTED in headers) objections.push(['planted-header', `has the header ${PLANTED}`])
  return objections
}

function headersOf({ headers }: Answer, https: boolean): Objection[] {
  const wrong = Object.entries(EXPECTED).filter(([name, pattern]) => !pattern.test(String(headers[name])))
  const policy = String(headers['content-security-policy'])
  const rules = policy.split(';').map((rule) => rule.trim())
  const missing = POLICY.filter((rule) => !rules.includes(rule))
  if (/unsafe-|\*|data:/.test(policy)) missing.push('nothing unsafe')
  const hsts = /^max-age=(\d+); includeSubDomains/.exec(String(headers['strict-transport-security']))?.[1]
  return [
    ...wrong.map(([name]): Objection => ['header', `${name}: ${headers[name]}`]),
    ...missing.map((rule): Objection => ['header', `content-security-policy without ${rule}`]),
    ...BANNERS.filter((name) => name in headers).map((name): Objection => ['header', `has ${name}`]),
    ...(https && Number(hsts ?? 0) < LEAST_HSTS_SECONDS
      ? [['header', 'no strict-transport-security for a year'] as Objection]
      : []),
  ]
}

function cookiesOf({ headers }: Answer, https: boolean): Objection[] {
  return [headers['set-cookie'] ?? []].flat().flatMap((cookie): Objection[] => {
    const [pair = '', ...flags] = cookie.split(/; */)
    const name = pair.split('=')[0] ?? ''
    const wanted = ['HttpOnly', 'Path=/', ...(https ? ['Secure'] : [])]
    const missing = wanted.filter((flag) => !flags.includes(flag))
    if (!flags.some((flag) => /^SameSite=(?:Lax|Strict)$/.test(flag))) missing.push('SameSite')
    if (https && !name.startsWith('__Host-')) missing.push('the prefix __Host-')
    if (flags.some((flag) => /^domain=/i.test(flag))) missing.push('this host alone')
    return missing.map((what): Objection => ['cookie', `${name} without ${what}`])
  })
}
