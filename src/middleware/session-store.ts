import connectPgSimple from 'connect-pg-simple'
import type { Request } from 'express'
import session from 'express-session'
import type pg from 'pg'
import type { Flash } from './flash.ts'

type Found = session.Session & Partial<session.SessionData>

/** Whoever reads no page collects no more sentences than these, the latest. */
const MOST_FLASHES = 10

/**
 * The store as it is writes whatever a request ends with, over everything that others have done meanwhile. Here requests of
 * one session that overlap keep out of each other's way: only a new session is inserted, so that one that was ended
 * (signed out, password changed) doesn't come back to life with a request that was under way; of one that exists only what
 * the request has changed is written; and sentences for the next page are added and taken by single statements.
 */
export class SessionStore extends connectPgSimple(session) {
  readonly #pool: pg.Pool
  /** By session, what its row holds as far as this request knows, as JSON. */
  readonly #stored = new WeakMap<object, Map<string, string>>()
  readonly #withFlashes = new WeakSet<object>()

  constructor(pool: pg.Pool, errorLog: (...details: unknown[]) => void) {
    super({ pool, errorLog, pruneSessionInterval: 15 * 60 })
    this.#pool = pool
  }

  override createSession(req: Request, data: session.SessionData): session.Session & session.SessionData {
    const row: session.SessionData & { flashes?: unknown } = data
    const hasFlashes = row.flashes !== undefined
    delete row.flashes
    const found = super.createSession(req, row)
    this.#stored.set(found, contentOf(found))
    if (hasFlashes) this.#withFlashes.add(found)
    return found
  }

  override set(sid: string, data: session.SessionData, done: (error?: unknown) => void = () => {}): void {
    const before = this.#stored.get(data)
    const now = contentOf(data)
    // Only what has been written counts as stored: a write that failed is made up for by the next one.
    const written = (error?: unknown) => {
      if (!error) this.#stored.set(data, now)
      done(error)
    }
    if (before) this.#update(sid, data, changes(before, now)).then(() => written(), written)
    else super.set(sid, data, written)
  }

  /** Puts a sentence into the session's row, unless the same one waits there. */
  async leaveFlash(found: Found, flash: Flash): Promise<void> {
    if (!this.#stored.has(found)) {
      // An empty session gets no cookie, and then nobody would ever read the sentence.
      found.isTold = true
      await saved(found)
    }
    await this.#pool.query(
      `UPDATE session SET sess = jsonb_set(sess::jsonb, '{flashes}',
         jsonb_path_query_array(coalesce(sess::jsonb -> 'flashes', '[]') || $2::jsonb, '$[last - ${MOST_FLASHES - 1} to last]'))::json
       WHERE sid = $1 AND NOT coalesce(sess::jsonb -> 'flashes', '[]') @> $2::jsonb`,
      [found.id, JSON.stringify([flash])],
    )
    this.#withFlashes.add(found)
  }

  /** Takes the sentences out of the session's row: of requests that come at once, one gets each. */
  async takeFlashes(found: Found): Promise<Flash[]> {
    if (!this.#withFlashes.delete(found)) return []
    const { rows } = await this.#pool.query<{ flashes: Flash[] | null }>(
      `WITH before AS MATERIALIZED (SELECT sid, sess::jsonb -> 'flashes' AS flashes FROM session WHERE sid = $1 FOR UPDATE)
       UPDATE session SET sess = (sess::jsonb - 'flashes')::json FROM before
       WHERE session.sid = before.sid RETURNING before.flashes`,
      [found.id],
    )
    return rows[0]?.flashes ?? []
  }

  async #update(sid: string, data: session.SessionData, { set, unset }: Changes): Promise<void> {
    const expire = Math.ceil((data.cookie.expires?.getTime() ?? Date.now()) / 1_000)
    await this.#pool.query(
      `UPDATE session SET sess = ((sess::jsonb - $1::text[]) || $2::jsonb)::json, expire = to_timestamp($3)
       WHERE sid = $4`,
      [unset, set, expire, sid],
    )
  }
}

/** Writes it down now instead of when the request ends. */
export function saved(found: session.Session): Promise<void> {
  return new Promise((resolve, reject) => {
    found.save((error) => (error ? reject(error) : resolve()))
  })
}

/** Ends the session of a request and begins another; nothing of it is kept. */
export function regenerated(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.regenerate((error) => (error ? reject(error) : resolve()))
  })
}

interface Changes {
  /** A JSON object. */
  set: string
  unset: string[]
}

function changes(before: Map<string, string>, now: Map<string, string>): Changes {
  const set = [...now].filter(([key, value]) => before.get(key) !== value)
  return {
    set: `{${set.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`,
    unset: [...before.keys()].filter((key) => !now.has(key)),
  }
}

function contentOf(data: session.SessionData): Map<string, string> {
  return new Map(
    Object.entries(data).flatMap(([key, value]) => {
      const json: string | undefined = JSON.stringify(value)
      return json === undefined ? [] : [[key, json]]
    }),
  )
}
