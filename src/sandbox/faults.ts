/** Trouble on demand: which calls go wrong, how, how often. Consulted in one place, in front of everything under /vN. */

import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NextFunction, Request, Response } from 'express'
import { z } from 'zod'
import { refusal, sendError, tooManyCalls } from './errors.ts'
import { uuid } from './ids.ts'

/** `route` is "<METHOD or *> <path>"; in the path `*` stands for anything and `:name` for one segment. */
const shared = {
  route: z.string().regex(/^(\*|[A-Z]+) \S+$/, 'Write a route as "PUT /v3/payments/*", or "* *" for all.'),
  /** How many times it still happens; null: until it is cleared. */
  count: z.int().min(1).nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
  seed: z.int().default(1),
}
const longestDelayMs = 120_000

/**
 * delay: the call is handled later, even if the caller has given up by then. status: answered so, without acting. drop-before, drop-after: the connection breaks
 * before, or after, the call has had its effect. rate-limit: 429 with Retry-After.
 */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ...shared, delayMs: z.int().min(1).max(longestDelayMs) }),
  z.strictObject({ kind: z.literal('status'), ...shared, status: z.int().min(500).max(599).default(500) }),
  z.strictObject({ kind: z.literal('drop-before'), ...shared }),
  z.strictObject({ kind: z.literal('drop-after'), ...shared }),
  z.strictObject({ kind: z.literal('rate-limit'), ...shared, retryAfterSeconds: z.int().min(0).default(1) }),
])

export type FaultOrder = z.input<typeof faultSchema>
export type Fault = z.output<typeof faultSchema> & { id: string }

interface Armed {
  fault: Fault
  matches: RegExp
  random: () => number
}

export class Faults {
  #armed: Armed[] = []
  /** Ends delays that are under way when the emulator closes. */
  readonly #closing = new AbortController()

  constructor() {
    setMaxListeners(0, this.#closing.signal)
  }

  /** @throws ZodError for an unknown kind or a setting that doesn't fit it. */
  add(order: FaultOrder): Fault {
    const fault = { id: uuid(), ...faultSchema.parse(order) }
    this.#armed.push({ fault, matches: routePattern(fault.route), random: randomFrom(fault.seed) })
    return fault
  }

  list(): Fault[] {
    return this.#armed.map(({ fault }) => ({ ...fault }))
  }

  /** @param id one of them, or all when absent. */
  clear(id?: string): void {
    this.#armed = id === undefined ? [] : this.#armed.filter(({ fault }) => fault.id !== id)
  }

  close(): void {
    this.#closing.abort()
  }

  /** Delays add up; of the other kinds the first that strikes decides. */
  middleware(now: () => Date) {
    return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
      for (const fault of this.#strike(`${req.method} ${req.path}`)) {
        res.locals.fault = fault.kind
        if (fault.kind === 'delay') await this.#wait(fault.delayMs)
        else if (!befall(fault, req, res, now())) return
      }
      if (!this.#closing.signal.aborted) next()
    }
  }

  /** Which faults strike this call; each one's own dice are rolled once for every call it matches. */
  #strike(route: string): Fault[] {
    const striking: Fault[] = []
    for (const { fault, matches, random } of [...this.#armed]) {
      if (!matches.test(route) || random() >= fault.probability) continue
      striking.push(fault)
      if (fault.count !== null) fault.count -= 1
      if (fault.count === 0) this.clear(fault.id)
      if (fault.kind !== 'delay') break
    }
    return striking
  }

  async #wait(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }
}

/** @returns whether the call goes on to its handler. */
function befall(fault: Fault, req: Request, res: Response, now: Date): boolean {
  switch (fault.kind) {
    case 'status':
      sendError(refusal(fault.status, 'error.internal', 'A fault was asked for here.'), req, res, now)
      return false
    case 'rate-limit':
      sendError(tooManyCalls(fault.retryAfterSeconds), req, res, now)
      return false
    case 'drop-before':
      req.socket.destroy()
      return false
    case 'drop-after':
      dropInsteadOfAnswering(req, res)
      return true
    case 'delay':
      return true
  }
}

function dropInsteadOfAnswering(req: Request, res: Response): void {
  res.end = () => {
    req.socket.destroy()
    return res
  }
}

function routePattern(route: string): RegExp {
  const source = route
    .split(/(\*|:\w+)/)
    .map((part) =>
      part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('')
  return new RegExp(`^${source}$`)
}

/** mulberry32: small, and the same sequence for the same seed everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
