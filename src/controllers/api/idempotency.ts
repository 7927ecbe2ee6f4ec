import type { Request, Response } from 'express'
import { currentRequestId } from '../../logger.ts'
import type { ApiAnswers, KeptAnswer } from '../../models/api-answer.ts'
import { answerAsIs } from './answers.ts'
import { ApiProblem, type ProblemName, problemOf } from './problems.ts'
import { readHeader } from './reading.ts'
import { idempotencyKey } from './schemas.ts'

/** What came of a request, or the name of the problem that it met; either is an answer that is kept. */
export type Outcome = { status: number; body: object } | { problem: ProblemName }

/**
 * Does the work and answers with what came of it. Where the request has a key of its sender's, the answer is kept: the same
 * request gets it again, and another one with that key is refused. What fails without an outcome is kept by nobody.
 * @param content all that the request says.
 */
export type AnswerOnce = (
  req: Request,
  res: Response,
  content: unknown,
  work: () => Promise<Outcome>,
) => Promise<void>

/** @param page where problems are explained. */
export function createAnswerOnce(answers: ApiAnswers, page: string): AnswerOnce {
  return async (req, res, content, work) => {
    const key = readHeader(idempotencyKey, req, 'Idempotency-Key')
    const { apiToken } = req
    const kept = key && apiToken ? await answers.begin(keyed(apiToken, key, req, content)) : null
    if (kept === null) return send(res, whole(await work()))
    if (kept.kind === 'other') throw new ApiProblem('key-reused')
    if (kept.kind === 'under-way') throw new ApiProblem('under-way')
    if (kept.kind === 'answered') return send(res.set('Idempotency-Replayed', 'true'), kept.answer)
    try {
      const outcome = whole(await work())
      await answers.keep(kept.id, outcome)
      send(res, outcome)
    } finally {
      await answers.drop(kept.id)
    }
  }

  function whole(outcome: Outcome): KeptAnswer {
    if ('body' in outcome) return { ...outcome, body: JSON.stringify(outcome.body) }
    const body = problemOf(outcome.problem, {}, { page, requestId: currentRequestId() })
    return { status: body.status, body: JSON.stringify(body) }
  }
}

function keyed({ id, userId }: { id: string; userId: string }, key: string, req: Request, content: unknown) {
  return { tokenId: id, userId, key, content: JSON.stringify([req.method, req.route?.path, content]) }
}

function send(res: Response, { status, body }: KeptAnswer): void {
  answerAsIs(res, status, body)
}
