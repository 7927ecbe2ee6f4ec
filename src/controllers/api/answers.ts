import type { ErrorRequestHandler, Response } from 'express'
import {
  AppError,
  isPoolTimeout,
  Overloaded,
  retryAfterSeconds,
  ScopeMissing,
  TokenNeeded,
  TokenWrong,
} from '../../errors.ts'
import { currentRequestId, type Logger } from '../../logger.ts'
import type { NoteRefusal } from '../../middleware/refusals.ts'
import { ApiProblem, PROBLEMS, type ProblemFacts, type ProblemName, problemOf } from './problems.ts'

const REALM = 'Bearer realm="Sparvana"'

/** One JSON text, and no more: express's own adds an ETag, which nobody here compares. */
export function answer(res: Response, status: number, body: object): void {
  answerAsIs(res, status, JSON.stringify(body))
}

export function answerAsIs(res: Response, status: number, json: string): void {
  res.status(status).type(status < 400 ? 'application/json' : 'application/problem+json')
  res.end(json)
}

/** Every error below the API becomes one problem document, here; what went wrong inside is for the log only. */
export function problemHandler(log: Logger, noteRefusal: NoteRefusal, page: string): ErrorRequestHandler {
  return async (error: unknown, req, res, next) => {
    const { name, facts } = named(error)
    const problem = problemOf(name, facts, { page, requestId: currentRequestId() })
    if (problem.status >= 500 && !(error instanceof Overloaded))
      log.error('request failed', { error, status: problem.status })
    if (error instanceof AppError) await noteRefusal(req, error)
    if (res.headersSent) return next(error)
    const seconds = retryAfterSeconds(error)
    if (seconds !== null) res.setHeader('Retry-After', String(seconds))
    const challenge = challengeFor(name, facts)
    if (challenge) res.setHeader('WWW-Authenticate', challenge)
    answer(res, problem.status, problem)
  }
}

function named(error: unknown): { name: ProblemName; facts: ProblemFacts } {
  if (error instanceof ApiProblem) return { name: error.problem, facts: error.facts }
  if (error instanceof TokenNeeded) return { name: 'token-missing', facts: {} }
  if (error instanceof TokenWrong) return { name: 'token-wrong', facts: {} }
  if (error instanceof ScopeMissing) return { name: 'scope-missing', facts: { scope: error.scope } }
  if (isPoolTimeout(error)) return { name: 'overloaded', facts: {} }
  // body-parser and the router mark what the client did wrong with a 4xx status.
  const status = (error as { status?: unknown } | null)?.status
  return { name: (typeof status === 'number' && BY_STATUS.get(status)) || 'server-error', facts: {} }
}

/** The first of each status is the one that nobody has named. */
const BY_STATUS = new Map(
  (Object.entries(PROBLEMS) as [ProblemName, { status: number }][])
    .reverse()
    .map(([name, { status }]) => [status, name] as const),
)

/** RFC 6750. */
function challengeFor(name: ProblemName, { scope }: ProblemFacts): string | null {
  if (name === 'token-missing') return REALM
  if (name === 'token-wrong') return `${REALM}, error="invalid_token"`
  return name === 'scope-missing' ? `${REALM}, error="insufficient_scope", scope="${scope}"` : null
}
