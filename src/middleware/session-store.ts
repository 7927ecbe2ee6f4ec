import connectPgSimple from 'connect-pg-simple'
import type { Request } from 'express'
import session from 'express-session'
import type pg from 'pg'
import { MINUTE } from '../clock.ts'
import type { User } from '../generated/client.ts'
import type { Visit, Visits } from '../models/visit.ts'
import type { Flash } from './flash.ts'
import { onlyLooks } from './known-requests.ts'

type Found = session.Session & Partial<session.SessionData>

/** How much sooner than it says a session's row may be swept away: so that not every look has to put it off. */
const SWEPT_EARLIER_MS = MINUTE

/**
 * What is known of a request and of its session stands in them, by names that JSON passes over. A WeakMap would keep both until all
 * of the heap is collected, where otherwise they go with the next small collection.
 */
const VISIT = Symbol('visit')
const ROW = Symbol('row')

/** What a session's row holds, as far as its request knows. */
interface Row {
  /** As JSON; undefined for a session that has none yet. */
  stored?: string
  /** Milliseconds: until then it is kept as it stands. */
  keptUntil: number
  hasFlashes: boolean
  /** Its request only looks: that somebody was there may be written down after the answer. */
  isLook?: boolean
}

type Marked<Thing> = Thing & { [VISIT]?: Visit; [ROW]?: Row }

/** Who came with a request's session, as the look-up of the session has found them. */
export function visitorOf(req: Marked<Request>): User | null {
  return req[VISIT]?.user ?? null
}

/** Of what whoever is signed in is shown, when the request came; null where that is not known. */
export function markOf(req: Marked<Request>): string | null {
  return req[VISIT]?.mark ?? null
}

function rowOf(found: Marked<object>): Row {
  found[ROW] ??= { keptUntil: 0, hasFlashes: false }
  return found[ROW]
}

/** Whoever reads no page collects no more sentences than these, the latest. */
const MOST_FLASHES = 10

/** All with a name: the answer to every form leaves a flash, and the next page takes it. */
const CHANGE = {
  name: 'change a session',
  text: `UPDATE session SET sess = ((sess::jsonb - $1::text[]) || $2::jsonb)::json, expire = to_timestamp($3)
    WHERE sid = $4`,
}
const LEAVE_FLASH = {
  name: 'leave a flash',
  text: `UPDATE session SET sess = jsonb_set(sess::jsonb, '{flashes}',
      jsonb_path_query_array(coalesce(sess::jsonb -> 'flashes', '[]') || $2::jsonb, '$[last - ${MOST_FLASHES - 1} to last]'))::json
    WHERE sid = $1 AND NOT coalesce(sess::jsonb -> 'flashes', '[]') @> $2::jsonb`,
}
const TAKE_FLASHES = {
  name: 'take flashes',
  text: `WITH before AS MATERIALIZED (SELECT sid, sess::jsonb -> 'flashes' AS flashes FROM session WHERE sid = $1 FOR UPDATE)
    UPDATE session SET sess = (sess::jsonb - 'flashes')::json FROM before
    WHERE session.sid = before.sid RETURNING before.flashes`,
}

/**
 * The store as it is writes whatever a request ends with, over everything that others have done meanwhile. Here requests of
 * one session that overlap keep out of each other's way: only a new session is inserted, so that one that was ended
 * (signed out, password changed) doesn't come back to life with a request that was under way; of one that exists only what
 * the request has changed is written; and sentences for the next page are added and taken by single statements. Whoever is
 * signed in is looked up together with the session.
 */
export class SessionStore extends connectPgSimple(session) {
  readonly #pool: pg.Pool
  readonly #visits: Visits
  readonly #errorLog: (...details: unknown[]) => void
  #isSwept = false

  constructor(pool: pg.Pool, visits: Visits, errorLog: (...details: unknown[]) => void) {
    super({ pool, errorLog, pruneSessionInterval: 15 * 60 })
    this.#pool = pool
    this.#visits = visits
    this.#errorLog = errorLog
  }

  override get(sid: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
    this.#sweep()
    this.#visits.find(sid).then((visit) => {
      if (!visit) return done(null, null)
      const data = visit.session as Marked<session.SessionData>
      data[VISIT] = visit
      done(null, data)
    }, done)
  }

  override createSession(
    req: Marked<Request>,
    data: Marked<session.SessionData & { flashes?: unknown }>,
  ): session.Session & session.SessionData {
    const hasFlashes = data.flashes !== undefined
    if (hasFlashes) delete data.flashes
    if (data[VISIT]) req[VISIT] = data[VISIT]
    const found: Marked<session.Session & session.SessionData> = super.createSession(req, data)
    found[ROW] = {
      stored: JSON.stringify(found),
      keptUntil: endOf(found),
      hasFlashes,
      isLook: onlyLooks(req),
    }
    return found
  }

  override set(sid: string, data: session.SessionData, done: (error?: unknown) => void = () => {}): void {
    const row = rowOf(data)
    const before = row.stored
    const now = JSON.stringify(data)
    // Only what has been written counts as stored: a write that failed is made up for by the next one.
    const written = (error?: unknown) => {
      if (!error) row.stored = now
      done(error)
    }
    if (!before) {
      super.set(sid, data, written)
      return
    }
    const change = changes(contentOf(before), contentOf(now))
    if (row.isLook && saysOnlySeen(change)) {
      this.#noteSeen(sid, data, change)
      written()
    } else this.#update(sid, data, change).then(() => written(), written)
  }

  /** The answer doesn't wait for it, and many are written down at once. */
  #noteSeen(sid: string, data: session.SessionData, { set }: Changes): void {
    const seen = { at: data.lastSeenAt, parts: jsonOf(set), endsAt: rowEndOf(data) }
    this.#visits.noteSeen(sid, seen).catch((error) => this.#errorLog('not written down who was there', error))
  }

  /** Each request would move the end of its session a little; it is written down once that is worth it. */
  override touch(sid: string, data: session.SessionData, done: () => void = () => {}): void {
    const end = endOf(data)
    if (end - rowOf(data).keptUntil < SWEPT_EARLIER_MS) done()
    else super.touch(sid, data, done)
  }

  /** Puts a sentence into the session's row, unless the same one waits there. */
  async leaveFlash(found: Found, flash: Flash): Promise<void> {
    if (rowOf(found).stored === undefined) {
      // An empty session gets no cookie, and then nobody would ever read the sentence.
      found.isTold = true
      await saved(found)
    }
    await this.#pool.query({ ...LEAVE_FLASH, values: [found.id, JSON.stringify([flash])] })
    rowOf(found).hasFlashes = true
  }

  /** Takes the sentences out of the session's row: of requests that come at once, one gets each. */
  async takeFlashes(found: Found): Promise<Flash[]> {
    const row = rowOf(found)
    if (!row.hasFlashes) return []
    row.hasFlashes = false
    const { rows } = await this.#pool.query<{ flashes: Flash[] | null }>({
      ...TAKE_FLASHES,
      values: [found.id],
    })
    return rows[0]?.flashes ?? []
  }

  /** With the first look begin the rounds in which what has ended is thrown away. */
  #sweep(): void {
    if (this.#isSwept) return
    this.#isSwept = true
    this.pruneSessions()
  }

  async #update(sid: string, data: session.SessionData, { set, unset }: Changes): Promise<void> {
    await this.#pool.query({ ...CHANGE, values: [unset, jsonOf(set), rowEndOf(data), sid] })
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

/** Milliseconds. */
function endOf({ cookie }: session.SessionData): number {
  return cookie.expires ? new Date(cookie.expires).getTime() : Date.now()
}

/** Seconds since 1970. */
function rowEndOf(data: session.SessionData): number {
  return Math.ceil(endOf(data) / 1_000)
}

interface Changes {
  /** Names of parts, each with its JSON. */
  set: [string, string][]
  unset: string[]
}

/** Nothing has happened but that somebody was there, and so its cookie lasts longer. */
function saysOnlySeen({ set, unset }: Changes): boolean {
  const names = set.map(([name]) => name)
  return (
    unset.length === 0 &&
    names.includes('lastSeenAt') &&
    names.every((name) => name === 'lastSeenAt' || name === 'cookie')
  )
}

function jsonOf(parts: Changes['set']): string {
  return `{${parts.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

function changes(before: Map<string, string>, now: Map<string, string>): Changes {
  return {
    set: [...now].filter(([key, value]) => before.get(key) !== value),
    unset: [...before.keys()].filter((key) => !now.has(key)),
  }
}

/** Each part of a session as JSON, by its name. */
function contentOf(session: string): Map<string, string> {
  return new Map(Object.entries(JSON.parse(session)).map(([key, value]) => [key, JSON.stringify(value)]))
}
