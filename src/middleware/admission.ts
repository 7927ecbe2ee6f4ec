import type { Request, RequestHandler, Response } from 'express'
import { SECOND } from '../clock.ts'
import { Overloaded } from '../errors.ts'
import { Present } from '../present.ts'

export interface Admission {
  /** Lets a request in, or turns it away before anything was done for it. */
  admit: RequestHandler
  /** How many are inside at this moment. */
  underWay(): number
  /** How many were turned away since the process started. */
  refused(): number
}

interface Held {
  req: Request
  res: Response
  sinceMs: number
}

/** Whoever sends a body for longer than this, or has not yet read an answer that is finished, keeps nobody else out. */
const SENDS_WITHIN_MS = SECOND

/**
 * At most so many requests at once in this process. They wait for the few connections to the database anyway; more of them
 * would only wait longer and take memory. There is no queue before the door: whoever is inside is the queue, and with it the
 * longest wait is bounded. How many may be slow to send or to read is bounded by the number of connections.
 */
export function admission(most: number): Admission {
  const inside = new Present<Held>()
  let refused = 0

  return {
    admit: (req, res, next) => {
      if (inside.size >= most && takingTime(inside) >= most) {
        refused += 1
        return next(new Overloaded())
      }
      res.once('close', inside.add({ req, res, sinceMs: performance.now() }))
      next()
    },
    underWay: () => inside.size,
    refused: () => refused,
  }
}

/** Those that we work for, and not their senders. */
function takingTime(inside: Iterable<Held>): number {
  const now = performance.now()
  let count = 0
  for (const { req, res, sinceMs } of inside) {
    const isSending = !req.complete && now - sinceMs > SENDS_WITHIN_MS
    if (!isSending && !res.writableEnded) count += 1
  }
  return count
}
