import type { Request, Response } from 'express'
import { DAY } from '../clock.ts'
import { type Browser, browserLabel } from '../models/device.ts'

const YEAR_MS = 365 * DAY
/** Ours are 43 characters; whatever else comes is somebody else's. */
const MARK = /^[\w-]{43}$/

/** The browser of a request: the mark that it was given at an earlier sign-in, and its name in words. */
export function browserOf(req: Request): Browser {
  const name = nameOf(req)
  const cookies = (req.headers.cookie ?? '').split(';').map((part) => part.trim())
  const mark = cookies.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  return { mark: MARK.test(mark) ? mark : null, label: browserLabel(req.headers['user-agent'] ?? '') }
}

/** It opens nothing: whoever steals it may try passwords of one account at that account's own pace. */
export function keepMark(req: Request, res: Response, mark: string): void {
  const secure = req.session.cookie.secure === true
  res.cookie(nameOf(req), mark, { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: YEAR_MS })
}

function nameOf(req: Request): string {
  return req.session.cookie.secure === true ? '__Host-sparvana-browser' : 'sparvana-browser'
}
