import type { Request, RequestHandler, Response } from 'express'
import { networkOf } from '../models/network.ts'
import type { Proofs, ProvenForm } from '../models/proof-of-work.ts'
import type { Throttles } from '../models/throttle.ts'

/** The field that the page's script adds to a form. */
const FIELD = '_proof'

export type ProofResult =
  | { kind: 'good' }
  | { kind: 'refused'; because: 'wrong' | 'expired' | 'used' }
  /** There was none, and without one the network has sent too much lately. */
  | { kind: 'wait'; ms: number }

/** Takes the answer out of the form: it never reaches the form's own handler. */
export const takeProof: RequestHandler = (req, res, next) => {
  const { body } = req
  res.locals.proof = body?.[FIELD] ?? ''
  if (body) delete body[FIELD]
  next()
}

/**
 * Whether a form may go on. One without an answer (no JavaScript, or a script that failed) is taken too, but slowly; one with
 * a bad answer isn't.
 */
export async function checkProof(
  req: Request,
  res: Response,
  form: ProvenForm,
  { proofs, throttles }: { proofs: Proofs; throttles: Throttles },
): Promise<ProofResult> {
  if (!proofs.isOn) return { kind: 'good' }
  const answer: unknown = res.locals.proof
  if (answer === '' || answer === undefined) {
    const ms = await throttles.attempt('plain', networkOf(req.ip ?? ''))
    return ms > 0 ? { kind: 'wait', ms } : { kind: 'good' }
  }
  // A field that comes twice is a list, and no answer.
  const verdict = typeof answer === 'string' ? await proofs.spend(form, answer) : 'wrong'
  return verdict === 'good' ? { kind: 'good' } : { kind: 'refused', because: verdict }
}
