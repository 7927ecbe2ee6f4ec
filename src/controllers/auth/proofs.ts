import type { Request, Response } from 'express'
import { inWords } from '../../format.ts'
import { checkProof } from '../../middleware/proof-of-work.ts'
import type { ProvenForm } from '../../models/proof-of-work.ts'
import type { WebContext } from '../context.ts'
import type { FieldError } from '../forms/form.ts'
import { askToWait } from '../page.ts'

const REFUSALS = {
  wrong: 'The check that keeps machines out did not fit this form.',
  expired: 'The check that keeps machines out was too old.',
  used: 'The check that keeps machines out had been used already.',
}

/** What a form says whose proof of work was not good enough, and its status. */
export interface Unproven {
  status: 422 | 429
  errors: FieldError[]
}

/** @returns null when the form may go on. */
export async function unproven(
  req: Request,
  res: Response,
  form: ProvenForm,
  { models }: Pick<WebContext, 'models'>,
): Promise<Unproven | null> {
  const result = await checkProof(req, res, form, models)
  switch (result.kind) {
    case 'good':
      return null
    case 'refused':
      return {
        status: 422,
        errors: [{ field: null, message: `${REFUSALS[result.because]} Send the form once more.` }],
      }
    case 'wait': {
      askToWait(res, result.ms)
      const message = `Without JavaScript only a few of these forms an hour are taken from one network. Try again in ${inWords(result.ms)}, or switch JavaScript on.`
      return { status: 429, errors: [{ field: null, message }] }
    }
  }
}
