import express, { type Request, type RequestHandler } from 'express'
import { SECOND } from '../clock.ts'
import { TooManyRequests } from '../errors.ts'
import { paths } from '../paths.ts'

/** What people type. */
const USUAL = { extended: false, limit: '16kb', parameterLimit: 50 } as const
/** A text of five million characters, as forms write it. */
const LARGE = { extended: false, limit: '9mb', parameterLimit: 10 } as const
/** So many large bodies are in one process's memory at a time. */
const MOST_LARGE = 2
const AGAIN_MS = 5 * SECOND

/** Forms are small, but for the one text that a confirmed saver may import. */
export function formBodies(): RequestHandler {
  const usual = express.urlencoded(USUAL)
  const large = express.urlencoded(LARGE)
  let reading = 0
  return (req, res, next) => {
    if (!mayBeLarge(req)) return usual(req, res, next)
    if (reading >= MOST_LARGE) return next(new TooManyRequests(AGAIN_MS))
    reading += 1
    res.once('close', () => {
      reading -= 1
    })
    large(req, res, next)
  }
}

function mayBeLarge(req: Request): boolean {
  return req.method === 'POST' && req.path === paths.import && Boolean(req.user?.emailConfirmedOn)
}
