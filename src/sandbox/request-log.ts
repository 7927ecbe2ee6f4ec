/** What was asked of the API, oldest first; tests read it, and so may whoever wonders what a client really sends. */

import type { NextFunction, Request, Response } from 'express'

/** `status` null: not answered yet; 0: the connection ended before the whole answer was sent. */
export interface LoggedRequest {
  method: string
  /** Without the query. */
  path: string
  status: number | null
  /** ISO instant of the bank's clock at arrival. */
  at: string
  /** The fault that struck, if any; several are joined by commas, in the order they struck. */
  fault?: string
}

/** Older ones are forgotten. */
export const REQUESTS_KEPT = 10_000

export class RequestLog {
  #requests: LoggedRequest[] = []
  #rateLimited = 0

  list(): LoggedRequest[] {
    return this.#requests.slice(-REQUESTS_KEPT).map((request) => ({ ...request }))
  }

  /** How many calls were answered 429 since the last reset, also those the list has forgotten. */
  get rateLimited(): number {
    return this.#rateLimited
  }

  clear(): void {
    this.#requests = []
  }

  reset(): void {
    this.clear()
    this.#rateLimited = 0
  }

  middleware(now: () => Date) {
    return (req: Request, res: Response, next: NextFunction): void => {
      const entry: LoggedRequest = {
        method: req.method,
        path: req.path,
        status: null,
        at: now().toISOString(),
      }
      this.#keep(entry)
      res.locals.logged = entry
      res.once('finish', () => {
        entry.status = res.statusCode
        if (entry.status === 429) this.#rateLimited += 1
      })
      res.once('close', () => {
        entry.status ??= 0
      })
      next()
    }
  }

  /** Cut back only when it has doubled, so that hardly any call pays for it. */
  #keep(entry: LoggedRequest): void {
    this.#requests.push(entry)
    if (this.#requests.length > REQUESTS_KEPT * 2) this.#requests = this.#requests.slice(-REQUESTS_KEPT)
  }
}

export function noteFault(res: Response, kind: string): void {
  const entry = res.locals.logged as LoggedRequest
  entry.fault = entry.fault === undefined ? kind : `${entry.fault}, ${kind}`
}
