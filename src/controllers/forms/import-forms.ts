import { z } from 'zod'
import { term } from '../../language.ts'
import { MOST_TEXT } from '../../models/import/shape.ts'
import { told } from './form.ts'

const MISSING = term('Choose a file, or paste its text.')

export const importForm = z.strictObject({
  text: z
    .string(told(MISSING))
    .min(1, told(MISSING))
    .max(
      MOST_TEXT,
      told('At most {millions} million characters at a time.', { millions: MOST_TEXT / 1_000_000 }),
    ),
})

/** Which reading is meant, and what its new habits move each time where the text doesn't say it. */
export const importConfirmForm = z.strictObject({ draft: z.uuid(), amount: z.string().max(20).optional() })
