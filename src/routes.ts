import { type RequestHandler, Router } from 'express'
import { clean } from './logger.ts'
import { type Guard, guardsOf } from './middleware/authorisation.ts'

/**
 * One row of the table: method, path as in the address (":id" stands for one part of it, "*file" for all that follows), who
 * may, and what is done. A HEAD is answered as its GET.
 */
export type Route = readonly [
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  guard: Guard,
  ...handlers: [RequestHandler, ...RequestHandler[]],
]

/** What a request asks for, in words that can be written down: no query, no one-time part of a link. */
export interface Asked {
  /** As in the table: "POST /habits/:id/edit"; "GET (none)" where there is no such row. */
  route: string
  object: { kind: string; id: string } | null
}

/** What the id in an address is the id of, by the word before it. */
const KINDS: Record<string, string> = {
  habits: 'habit',
  checkoffs: 'check-off',
  'check-offs': 'check-off',
  tokens: 'api-token',
  payments: 'payment',
  bank: 'consent',
  passkeys: 'passkey',
  devices: 'push-subscription',
  users: 'person',
  calls: 'bank-call',
  audit: 'audit-line',
  alarms: 'alarm',
  consents: 'consent',
  jobs: 'job',
}
/** Whose payments are orders at the bank that have none here. */
const SANDBOX = '/admin/sandbox/'
/** Of an id; ours are shorter, and the rest of a longer one tells nothing more. */
const MOST_CHARACTERS = 64

const VARIABLE = /[:*]/
const VERBS = { GET: 'get', POST: 'post', DELETE: 'delete' } as const

/** Every route of the app, and the only way to make one: a route that is in no row does not exist, and no row is without a guard. */
export class RouteTable {
  readonly #rows: Route[] = []

  /**
   * Of these rows; what is in none of them falls through. Addresses without a variable part are found at once, the others among
   * those that begin with the same word. @throws when a row stands in the table already, or begins with a variable part.
   */
  router(rows: readonly Route[]): RequestHandler {
    const exact = new Map<string, Router>()
    const patterns = new Map<string, Router>()
    for (const row of rows) {
      const [method, path, guard, ...handlers] = row
      if (this.#rows.some(([otherMethod, otherPath]) => otherMethod === method && otherPath === path))
        throw new Error(`there are two rows for ${method} ${path}`)
      if (VARIABLE.test(firstWord(path))) throw new Error(`${path} could begin with any word`)
      this.#rows.push(row)
      const [group, key] = VARIABLE.test(path) ? [patterns, firstWord(path)] : [exact, path]
      const router = group.get(key) ?? Router()
      group.set(key, router)
      router[VERBS[method]](path, ...guardsOf(guard), ...handlers)
    }
    const found: RequestHandler = (req, res, next) => {
      const path = plain(req.path)
      const alike = patterns.get(firstWord(path))
      const alone = exact.get(path)
      if (!alone) return alike ? alike(req, res, next) : next()
      if (!alike) return alone(req, res, next)
      alone(req, res, (error?: unknown) => (error ? next(error) : alike(req, res, next)))
    }
    // Whoever asks express which routes it has finds them, as in a router of its own.
    const stack = [...exact.values(), ...patterns.values()].flatMap((router) => router.stack)
    return Object.assign(found, { stack })
  }

  get rows(): readonly Route[] {
    return this.#rows
  }

  /** The methods that there is a row for; none where nothing is. */
  methodsAt(path: string): string[] {
    const methods = this.#rows.filter(([, pattern]) => shapeOf(pattern).test(path)).map(([method]) => method)
    return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  }

  /** Also for requests that were refused before any route was looked for. */
  asked({ method, path }: { method: string; path: string }): Asked {
    const wanted = method === 'HEAD' ? 'GET' : method
    for (const [ofRow, pattern] of this.#rows) {
      const found = ofRow === wanted ? shapeOf(pattern).exec(path) : null
      if (found) return { route: `${method} ${pattern}`, object: objectOf(pattern, found.groups?.id) }
    }
    return { route: `${method} (none)`, object: null }
  }
}

/** As the router sees it: without a slash at the end, and whatever its letters' case. */
function plain(path: string): string {
  const lower = path.toLowerCase()
  return lower.length > 1 && lower.endsWith('/') ? lower.slice(0, -1) : lower
}

/** "habits" of "/habits/:id". */
function firstWord(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}

/** Matches what the router matches. */
function shapeOf(pattern: string): RegExp {
  const source = pattern
    .replaceAll('.', '\\.')
    .replace('*file', '.+')
    .replace(/:(\w+)/g, '(?<$1>[^/]+)')
  return new RegExp(`^${source}/?$`, 'i')
}

function objectOf(pattern: string, id: string | undefined): Asked['object'] {
  if (id === undefined) return null
  const parts = pattern.split('/')
  const word = parts[parts.indexOf(':id') - 1] ?? ''
  const kind = pattern.startsWith(SANDBOX) ? 'order' : (KINDS[word] ?? word)
  // What stands in the place of an id may be anything, also a secret that somebody has put there by mistake.
  return { kind, id: String(clean('id', id)).slice(0, MOST_CHARACTERS) }
}
