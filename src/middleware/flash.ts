import type { Request } from 'express'
import { SessionStore } from './session-store.ts'

export interface Flash {
  kind: 'done' | 'info' | 'warning' | 'problem'
  text: string
  /** Where to go on from there. */
  link?: { href: string; label: string }
}

/**
 * A sentence for the next page this visitor sees. It is kept before the request is answered: a browser follows a redirect as
 * soon as it reads the head of the answer, and its next request must find the sentence.
 */
export async function flash(
  req: Request,
  kind: Flash['kind'],
  text: string,
  link?: Flash['link'],
): Promise<void> {
  await storeOf(req).leaveFlash(req.session, { kind, text, ...(link ? { link } : {}) })
}

/** They wait for a page that somebody reads: what a script or an image fetches in between does not use them up. */
export async function takeFlashes(req: Request): Promise<Flash[]> {
  const destination = req.headers['sec-fetch-dest'] ?? 'document'
  return destination === 'document' && req.session ? storeOf(req).takeFlashes(req.session) : []
}

function storeOf({ sessionStore }: Request): SessionStore {
  if (!(sessionStore instanceof SessionStore)) throw new TypeError('sentences are kept by our own store only')
  return sessionStore
}
