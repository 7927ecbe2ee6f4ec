import type { RequestHandler } from 'express'
import { StepUpNeeded } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { toDecimal } from '../../money.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { readForm } from '../forms/form.ts'
import { questionsForm } from '../forms/savings-forms.ts'
import { renderPage, renderRefused } from '../page.ts'

const page = () => ({ title: t('Questions at check-offs'), width: 'narrow' }) as const

export function questionControllers({ models }: WebContext) {
  /** GET /settings/check-offs */
  const show: RequestHandler = async (req, res) => {
    const { id, asksAtCheckOff, asksAboveMinor } = signedIn(req)
    const above = asksAboveMinor === null ? '' : toDecimal(asksAboveMinor)
    renderPage(req, res, 'main/check-off-questions', page(), {
      ...(await props(id)),
      form: { always: asksAtCheckOff, above },
      errors: [],
    })
  }

  /** POST /settings/check-offs */
  const update: RequestHandler = async (req, res) => {
    const { id } = signedIn(req)
    const reading = readForm(questionsForm, req.body)
    if (reading.kind === 'refused') {
      const { typed, errors } = reading
      const form = { always: typed.always !== undefined, above: typed.above ?? '' }
      return renderRefused(req, res, 'main/check-off-questions', page(), {
        ...(await props(id)),
        form,
        errors,
      })
    }
    const isFresh = res.locals.isFresh === true
    const result = await models.questions.change(id, reading.value, { isFresh }, actorOf(req))
    if (result === 'not-fresh') throw new StepUpNeeded('too-long-ago')
    await flash(req, 'done', t('Saved.'))
    res.redirect(303, paths.settingsCheckOffs)
  }

  return { show, update }

  /** Amounts are in the accounts' currency; before there are any it has no name. */
  async function props(userId: string) {
    const chosen = await models.accounts.chosenBy(userId)
    return { currency: chosen?.debtor.currency ?? null, questionsPath: paths.settingsCheckOffs }
  }
}
