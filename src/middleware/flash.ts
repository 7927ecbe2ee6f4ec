import type { Request } from 'express'

export interface Flash {
  kind: 'done' | 'info' | 'warning' | 'problem'
  text: string
}

const MOST = 5

/** A sentence for the next page this visitor sees. */
export function flash(req: Request, kind: Flash['kind'], text: string): void {
  req.session.flashes = [...(req.session.flashes ?? []), { kind, text }].slice(-MOST)
}

/** They wait for a page that somebody reads: what a script or an image fetches in between does not use them up. */
export function takeFlashes(req: Request): Flash[] {
  const destination = req.headers['sec-fetch-dest'] ?? 'document'
  const flashes = (destination === 'document' && req.session?.flashes) || []
  if (flashes.length > 0) delete req.session.flashes
  return flashes
}
