import type { Request, Response } from 'express'
import { inWords } from '../../format.ts'
import { t, term } from '../../language.ts'
import { checkProof } from '../../middleware/proof-of-work.ts'
import type { ProvenForm } from '../../models/proof-of-work.ts'
import type { WebContext } from '../context.ts'
import type { FieldError } from '../forms/form.ts'
import { askToWait } from '../page.ts'

const REFUSALS = {
  wrong: term('The check that keeps machines out did not fit this form.'),
  expired: term('The check that keeps machines out was too old.'),
  used: term('The check that keeps machines out had been used already.'),
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
    case 'refused': {
      const message = `${t(REFUSALS[result.because])} ${t('Send the form once more.')}`
      return { status: 422, errors: [{ field: null, message }] }
    }
    case 'wait': {
      askToWait(res, result.ms)
      const message = t(
        'Without JavaScript only a few of these forms an hour are taken from one network. Try again in {time}, or switch JavaScript on.',
        { time: inWords(result.ms) },
      )
      return { status: 429, errors: [{ field: null, message }] }
    }
  }
}
