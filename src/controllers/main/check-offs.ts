import type { Request, RequestHandler, Response } from 'express'
import { NotFound, StepUpNeeded } from '../../errors.ts'
import type { Habit } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { asksAt, asksAtAll } from '../../models/question.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { backfillForm, checkOffForm } from '../forms/habit-forms.ts'
import { readNothing, readOffer } from '../forms/offers.ts'
import { backfillWords, checkOffWords } from './check-off-words.ts'

export function checkOffControllers({ models }: WebContext) {
  /** POST /habits/:id/checkoff */
  const create: RequestHandler = async (req, res) => {
    const habit = await owned(req)
    const offer = readOffer(checkOffForm, req.body)
    await askIfWished(req, res, habit.id, offer.version)
    const result = await models.checkOffs.record(signedIn(req), habit.id, offer, actorOf(req))
    const { kind, text } = checkOffWords(result, habit.name)
    await flash(req, kind, text)
    res.redirect(303, paths.dashboard)
  }

  /** POST /habits/:id/backfill */
  const backfill: RequestHandler = async (req, res) => {
    const habit = await owned(req)
    const offer = readOffer(backfillForm, req.body)
    if (offer.pays) await askIfWished(req, res, habit.id, offer.version)
    const result = await models.checkOffs.backfill(signedIn(req), habit.id, offer, actorOf(req))
    const { kind, text } = backfillWords(result, habit.name, offer.day)
    await flash(req, kind, text)
    res.redirect(303, paths.habit(habit.id))
  }

  /** POST /checkoffs/:id/undo */
  const undo: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const result = await models.checkOffs.undo(signedIn(req).id, idOf(req), actorOf(req))
    if (!result) throw new NotFound()
    if (result.kind === 'too-late') {
      await flash(
        req,
        'warning',
        t('Too late to take it back: the payment has been sent. Here is where it stands.'),
      )
      return res.redirect(303, paths.payment(result.paymentId))
    }
    if (result.kind === 'moved-back') {
      await flash(
        req,
        'info',
        t('Its money is being moved back already, or has been. Here is where that stands.'),
      )
      return res.redirect(303, paths.payment(result.paymentId))
    }
    await flash(req, 'done', t('Taken back. No money moves for it.'))
    res.redirect(303, paths.dashboard)
  }

  return { create, backfill, undo }

  /** @throws StepUpNeeded when its owner wants to be asked before so much moves. The amount is that of the terms offered. */
  async function askIfWished(req: Request, res: Response, habitId: string, version: number): Promise<void> {
    const user = signedIn(req)
    if (res.locals.isFresh === true || !asksAtAll(user)) return
    const terms = await models.habits.terms(user.id, habitId, version)
    if (terms && asksAt(user, terms.amountMinor)) throw new StepUpNeeded('asked')
  }

  async function owned(req: Request): Promise<Pick<Habit, 'id' | 'name'>> {
    const habit = await models.habits.nameOwned(signedIn(req).id, idOf(req))
    if (!habit) throw new NotFound()
    return habit
  }
}
