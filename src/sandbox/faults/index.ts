/** Trouble on demand: which calls go wrong, how, how often. Consulted in one place, in front of everything under /vN. */

import type { NextFunction, Request, Response } from 'express'
import type { Bank } from '../bank.ts'
import type { Answer, Route } from '../call.ts'
import { sendError, tooManyCalls } from '../errors.ts'
import { uuid } from '../ids.ts'
import { noteFault } from '../request-log.ts'
import { spoilAnswer, statusAsked } from './answers.ts'
import { routePattern } from './matching.ts'
import {
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type FaultOrder,
  faultSchema,
  ONLY_METHOD,
} from './orders.ts'
import { Pauses } from './pauses.ts'
import { randomFrom } from './random.ts'
import { keepFault } from './struck.ts'
import { expireAccessToken, revokeAccess } from './tokens.ts'

export type Strikes = Record<FaultKind, number>

interface Armed {
  fault: Fault
  matches: RegExp
  random: () => number
}

export class Faults {
  #armed: Armed[] = []
  #strikes = noStrikes()
  readonly #lastAnswers = new Map<Route, Answer>()
  readonly #pauses = new Pauses()

  /** @throws ZodError for an unknown kind or a setting that doesn't fit it. */
  add(order: FaultOrder): Fault {
    const fault = { id: uuid(), ...faultSchema.parse(order) }
    this.#armed.push({ fault, matches: routePattern(fault.route), random: randomFrom(fault.seed) })
    return { ...fault }
  }

  /** Those that may still strike, with what is left of `skip` and `count`. */
  list(): Fault[] {
    return this.#armed.map(({ fault }) => ({ ...fault }))
  }

  /** How many calls each kind has been dealt to. */
  strikes(): Strikes {
    return { ...this.#strikes }
  }

  /** @param id one of them, or all when absent. */
  clear(id?: string): void {
    this.#armed = id === undefined ? [] : this.#armed.filter(({ fault }) => fault.id !== id)
  }

  /** Forgets what has struck and been answered, too. */
  reset(): void {
    this.clear()
    this.#strikes = noStrikes()
    this.#lastAnswers.clear()
  }

  /** Ends delays that are under way. */
  close(): void {
    this.#pauses.close()
  }

  /** Delays add up; of the other kinds the first that strikes decides. */
  middleware(bank: Bank) {
    return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
      for (const fault of this.#strike(req)) {
        noteFault(res, fault.kind)
        const goesOn =
          fault.kind === 'delay'
            ? await this.#pauses.wait(fault.delayMs)
            : this.#befall(fault, bank, req, res)
        if (!goesOn) return
      }
      next()
    }
  }

  /** What goes out for a successful answer: itself, or under `duplicate-answer` the one before it. */
  outgoing(route: Route, answer: Answer, fault: Fault | null): Answer {
    const before = this.#lastAnswers.get(route)
    this.#lastAnswers.set(route, answer)
    return fault?.kind === 'duplicate-answer' ? (before ?? answer) : answer
  }

  /** Which faults strike this call; each one's own dice are rolled once for every call it matches. */
  #strike(req: Request): Fault[] {
    const striking: Fault[] = []
    for (const armed of [...this.#armed]) {
      if (!isMeantFor(armed, req) || !isDue(armed)) continue
      const { fault } = armed
      striking.push(fault)
      this.#strikes[fault.kind] += 1
      if (fault.count !== null) fault.count -= 1
      if (fault.count === 0) this.clear(fault.id)
      if (fault.kind !== 'delay') break
    }
    return striking
  }

  /** @returns whether the call goes on to its handler. */
  #befall(fault: Exclude<Fault, { kind: 'delay' }>, bank: Bank, req: Request, res: Response): boolean {
    const now = bank.clock.now()
    switch (fault.kind) {
      case 'status':
        sendError(statusAsked(fault), req, res, now)
        return false
      case 'rate-limit':
        sendError(tooManyCalls(fault.retryAfterSeconds), req, res, now)
        return false
      case 'drop-before':
        req.socket.destroy()
        return false
      case 'timeout-before':
        return false
      case 'token-expired':
        expireAccessToken(bank, req)
        return true
      case 'consent-revoked':
        revokeAccess(bank, req)
        return true
      case 'duplicate-answer':
      case 'late-status':
      case 'wrong-amount':
      case 'course':
        keepFault(res, fault)
        return true
      default:
        spoilAnswer(fault, req, res, now, this.#pauses)
        return true
    }
  }
}

function isMeantFor({ fault, matches }: Armed, { method, path }: Request): boolean {
  const only = ONLY_METHOD[fault.kind]
  return (only === undefined || only === method) && matches.test(`${method} ${path}`)
}

function isDue({ fault, random }: Armed): boolean {
  if (fault.skip === 0) return random() < fault.probability
  fault.skip -= 1
  return false
}

function noStrikes(): Strikes {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Strikes
}
