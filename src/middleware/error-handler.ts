import type { ErrorRequestHandler, RequestHandler } from 'express'
import { AppError, isPoolTimeout, NotFound, Overloaded, retryAfterSeconds } from '../errors.ts'
import { t, term } from '../language.ts'
import { currentRequestId, type Logger } from '../logger.ts'
import type { NoteRefusal } from './refusals.ts'

export const notFound: RequestHandler = (_req, _res, next) => next(new NotFound())

export type RenderError = (
  req: Parameters<RequestHandler>[0],
  res: Parameters<RequestHandler>[1],
  problem: {
    status: number
    title: string
    meaning: string
    next: readonly { href: string; label: string }[]
    requestId: string | null
  },
) => void

/** Every error becomes one page, here; what went wrong inside is for the log only. */
export function errorHandler(
  log: Logger,
  noteRefusal: NoteRefusal,
  render: RenderError,
): ErrorRequestHandler[] {
  return [errorPage(log, noteRefusal, render), lastResort(log)]
}

function errorPage(log: Logger, noteRefusal: NoteRefusal, render: RenderError): ErrorRequestHandler {
  return async (error: unknown, req, res, next) => {
    const problem = asProblem(error)
    // Of those that are turned away at the door there are many at once; each has its line as a request.
    if (problem.status >= 500 && !(error instanceof Overloaded))
      log.error('request failed', { error, status: problem.status })
    if (error instanceof AppError) await noteRefusal(req, error)
    if (res.headersSent) return next(error)
    const seconds = retryAfterSeconds(error)
    if (seconds !== null) res.setHeader('Retry-After', String(seconds))
    res.status(problem.status).setHeader('Cache-Control', 'no-store')
    const home = [{ href: '/', label: t('To the start page') }]
    const nextSteps = problem.next.length > 0 ? problem.next : home
    render(req, res, { ...problem, next: nextSteps, requestId: currentRequestId() })
  }
}

/** The error page itself can't be drawn, or half an answer is out: nothing of the error may reach the visitor. */
function lastResort(log: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    log.error('error page failed', { error })
    // The session store reports even after the whole answer is out; only half an answer is cut off.
    if (res.headersSent) return void (res.writableEnded || res.destroy())
    const status = res.statusCode >= 400 ? res.statusCode : 500
    const words = t('Something broke on our side. Try again in a moment; if it stays, tell us {reference}.', {
      reference: currentRequestId() ?? 'none',
    })
    res.status(status).type('text').send(`${words}\n`)
  }
}

function asProblem(error: unknown): Pick<AppError, 'status' | 'title' | 'meaning' | 'next'> {
  if (error instanceof AppError) return error
  const status = clientStatusOf(error)
  if (status === null) {
    const isBusy = isPoolTimeout(error)
    return {
      status: isBusy ? 503 : 500,
      title: isBusy ? t('Too many are here at once') : t('Something broke on our side'),
      meaning: t(
        'What you had recorded before is safe. Try again in a moment; if it stays, tell us the reference below.',
      ),
      next: [],
    }
  }
  const { title, meaning } = CLIENT_ERRORS[status] ?? UNREADABLE
  return { status, title: t(title), meaning: t(meaning), next: [] }
}

const UNREADABLE = {
  title: term('We could not read that request'),
  meaning: term('Nothing was changed. Go back and try again.'),
}
const CLIENT_ERRORS: Record<number, { title: string; meaning: string }> = {
  413: {
    title: term('That was too much at once'),
    meaning: term('Nothing was changed. Send less in one go.'),
  },
  415: { title: term('We do not take this kind of content'), meaning: term('Nothing was changed.') },
}

/** body-parser and the router mark what the client did wrong with a 4xx status. */
function clientStatusOf(error: unknown): number | null {
  const status = (error as { status?: unknown } | null)?.status
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}
