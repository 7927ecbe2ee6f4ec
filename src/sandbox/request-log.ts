/** What was asked of the API, oldest first; tests read it, and so may whoever wonders what a client really sends. */

import type { NextFunction, Request, Response } from 'express'

/** `status` null: not answered yet; 0: the connection ended without an answer. */
export interface LoggedRequest {
  method: string
  /** Without the query. */
  path: string
  status: number | null
  /** ISO instant of the bank's clock at arrival. */
  at: string
  /** The fault that struck, if any. */
  fault?: string
}

/** Older ones are forgotten. */
const KEPT = 10_000

export class RequestLog {
  #requests: LoggedRequest[] = []

  list(): LoggedRequest[] {
    return this.#requests.map((request) => ({ ...request }))
  }

  clear(): void {
    this.#requests = []
  }

  middleware(now: () => Date) {
    return (req: Request, res: Response, next: NextFunction): void => {
      const entry: LoggedRequest = {
        method: req.method,
        path: req.path,
        status: null,
        at: now().toISOString(),
      }
      this.#requests.push(entry)
      if (this.#requests.length > KEPT * 2) this.#requests = this.#requests.slice(-KEPT)
      res.once('finish', () => {
        entry.status = res.statusCode
      })
      res.once('close', () => {
        entry.status ??= 0
        if (typeof res.locals.fault === 'string') entry.fault = res.locals.fault
      })
      next()
    }
  }
}
