import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { t } from '../../language.ts'
import { paths } from '../../paths.ts'
import { readForm } from './form.ts'

/** Such fields we wrote ourselves: nobody has typed anything that could be put right. */
class NotOurOffer extends AppError {
  constructor() {
    super(
      422,
      t('This is not what the page offered'),
      t('Nothing was changed. Start again from today’s page.'),
      [{ href: paths.dashboard, label: t('To today') }],
    )
  }
}

/** @throws NotOurOffer unless the form is one that a page of ours could have sent. */
export function readOffer<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const reading = readForm(schema, body)
  if (reading.kind === 'refused') throw new NotOurOffer()
  return reading.value
}

/** For buttons that say everything by their address. */
export function readNothing(body: unknown): void {
  readOffer(z.strictObject({}), body)
}

/** Of buttons that move something in a list. */
export const moveForm = z.strictObject({ direction: z.enum(['up', 'down']) })
