import type { Request, RequestHandler, Response } from 'express'
import { StepUpNeeded, WrongState } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { dayOf } from '../../models/habit/schedule.ts'
import { pauseAt } from '../../models/savings.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { type Refused, readForm, refusedWith } from '../forms/form.ts'
import { LATER_DAY, pauseForm, savingsForm } from '../forms/savings-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { changeWords, pauseText, savingsPage } from '../view-models/savings-view.ts'

const page = () => ({ title: t('Limits and pause'), width: 'narrow' }) as const

export function savingsControllers({ models, clock }: WebContext) {
  /** GET /settings/savings */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'main/savings', page(), { ...(await props(req, {})), errors: [] })
  }

  /** POST /settings/savings */
  const update: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    if (!(await models.accounts.chosenBy(user.id))) throw new NoAccounts()
    const reading = readForm(savingsForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const { limits, cadence } = reading.value
    const change = await models.limits.change(user.id, limits, actorOf(req))
    await models.savings.changeCadence(user, cadence, actorOf(req))
    await flash(req, 'done', changeWords(change, user.timezone))
    res.redirect(303, paths.settingsSavings)
  }

  /** POST /settings/savings/withdraw */
  const withdraw: RequestHandler = async (req, res) => {
    const isTakenBack = await models.limits.withdraw(signedIn(req).id, actorOf(req))
    if (isTakenBack) await flash(req, 'done', t('Taken back. Your limits stay as they are.'))
    else await flash(req, 'info', t('Nothing was waiting any more. Here is what counts.'))
    res.redirect(303, paths.settingsSavings)
  }

  /** POST /settings/savings/pause */
  const pause: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    needsFreshIfHeld(req, res)
    const reading = readForm(pauseForm(dayOf(clock.now(), user.timezone, user.dayStartHour)), req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const { until } = reading.value
    if (!(await models.savings.pause(user, until, actorOf(req)))) {
      return refuse(req, res, refusedWith(req.body, [{ field: 'until', message: t(LATER_DAY) }]))
    }
    await flash(req, 'done', pauseText({ until }))
    res.redirect(303, paths.settingsSavings)
  }

  /** POST /settings/savings/resume */
  const resume: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    needsFreshIfHeld(req, res)
    if (await models.savings.resume(user.id, actorOf(req))) {
      await flash(req, 'done', t('Your savings go on. What was waiting is tried now.'))
    } else {
      await flash(req, 'info', t('Your savings were not paused.'))
    }
    res.redirect(303, paths.settingsSavings)
  }

  return { show, update, withdraw, pause, resume }

  async function refuse(req: Request, res: Response, refused: Refused): Promise<void> {
    const { errors, typed } = refused
    renderRefused(req, res, 'main/savings', page(), { ...(await props(req, typed)), errors })
  }

  async function props(req: Request, typed: Record<string, string>) {
    const user = signedIn(req)
    const [chosen, current, coming] = await Promise.all([
      models.accounts.chosenBy(user.id),
      models.limits.current(user.id),
      models.limits.coming(user.id),
    ])
    const { coolingOffHours } = models.limits
    const pause = pauseAt(user, clock.now())
    const currency = chosen?.debtor.currency ?? null
    return savingsPage({ user, currency, current, coming, coolingOffHours, pause }, typed)
  }
}

/** What an alarm has stopped goes on only for who has just shown that it is them. */
function needsFreshIfHeld(req: Request, res: Response): void {
  if (signedIn(req).pausedByAlarmId && res.locals.isFresh !== true) throw new StepUpNeeded('too-long-ago')
}

class NoAccounts extends WrongState {
  constructor() {
    super(t('Choose your accounts first'), t('Limits are amounts in the currency of your account.'), [
      { href: paths.bank, label: t('To your bank link') },
    ])
  }
}
