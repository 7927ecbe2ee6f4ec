import type { Request } from 'express'
import type { Logger } from '../logger.ts'
import type { Access, Refusal } from '../models/access.ts'
import { actorOf } from './authentication.ts'

export type NoteRefusal = (req: Request, error: { name: string; status: number }) => Promise<void>

/**
 * Writes down who was refused what: always in the log, and in the audit trail when somebody is signed in. Everything with
 * status 401 or 403 is a refusal; a thing that is not there (for them) is one too: harmless once, a pattern when it is somebody
 * trying ids.
 * @param asked what the request asks for, by the table of routes.
 */
export function refusals(
  log: Logger,
  access: Access,
  asked: (req: Request) => Omit<Refusal, 'because'>,
): NoteRefusal {
  return async (req, { name, status }) => {
    const { route, object } = asked(req)
    if (status !== 401 && status !== 403 && !(status === 404 && object)) return
    log.warn('refused', {
      route,
      object: object?.id ?? null,
      because: name,
      userId: req.user?.id ?? null,
      via: req.apiToken?.id ?? null,
      ip: req.ip,
      origin: req.headers.origin ?? null,
      outcome: 'denied',
    })
    if (!req.user) return
    await access.noteRefusal({ route, object, because: name }, actorOf(req)).catch((error) => {
      log.error('a refusal is missing in the audit trail', { error })
    })
  }
}
