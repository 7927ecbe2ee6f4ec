import { z } from 'zod'
import { MOST_TEXT } from '../../models/import/shape.ts'

const MISSING = 'Choose a file, or paste its text.'

export const importForm = z.strictObject({
  text: z
    .string({ error: MISSING })
    .min(1, MISSING)
    .max(MOST_TEXT, `At most ${MOST_TEXT / 1_000_000} million characters at a time.`),
})

/** Which reading is meant, and what its new habits move each time where the text doesn't say it. */
export const importConfirmForm = z.strictObject({ draft: z.uuid(), amount: z.string().max(20).optional() })
