import type { RequestHandler } from 'express'
import { AppError, NotFound } from '../../errors.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { type Flash, flash } from '../../middleware/flash.ts'
import type { CheckOffResult } from '../../models/check-off.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, readForm } from '../forms/form.ts'
import { checkOffForm } from '../forms/habit-forms.ts'
import { formatMoney } from '../view-models/format.ts'

export function checkOffControllers({ models }: WebContext) {
  /** POST /habits/:id/checkoff */
  const create: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const habit = await models.habits.findOwned(user, idOf(req))
    if (!habit) throw new NotFound()
    const reading = readForm(checkOffForm, req.body)
    if (reading.kind === 'refused') throw new NotOurOffer()
    const result = await models.checkOffs.record(user, habit.habit.id, reading.value, actorOf(req))
    const { kind, text } = wordsFor(result, habit.habit.name)
    flash(req, kind, text)
    res.redirect(303, paths.dashboard)
  }

  /** POST /checkoffs/:id/undo */
  const undo: RequestHandler = async (req, res) => {
    const result = await models.checkOffs.undo(signedIn(req).id, idOf(req), actorOf(req))
    if (!result) throw new NotFound()
    if (result.kind === 'too-late') {
      flash(req, 'warning', 'Too late to take it back: the payment has been sent. Here is where it stands.')
      return res.redirect(303, paths.payment(result.paymentId))
    }
    flash(req, 'done', 'Taken back. No money moves for it.')
    res.redirect(303, paths.dashboard)
  }

  return { create, undo }
}

/** Day and slot are hidden fields that we wrote: nobody has typed anything that could be put right. */
class NotOurOffer extends AppError {
  constructor() {
    super(
      422,
      'This is not what the page offered',
      'Nothing was recorded. Check off again from today’s page.',
      [{ href: paths.dashboard, label: 'To today' }],
    )
  }
}

function wordsFor(result: CheckOffResult, habitName: string): Flash {
  switch (result.kind) {
    case 'recorded': {
      const { amountMinor, currency } = result.checkOff
      return { kind: 'done', text: `${habitName}: done. ${formatMoney(amountMinor, currency)} pledged.` }
    }
    case 'already-recorded':
      return { kind: 'info', text: `${habitName} was checked off already. It counts once.` }
    case 'day-changed':
      return {
        kind: 'warning',
        text: 'The page was from another day. Nothing was recorded; check off again below.',
      }
    case 'enough-today':
      return { kind: 'info', text: `${habitName} is done for today.` }
    case 'period-complete':
      return { kind: 'info', text: `${habitName} is complete for this period.` }
    case 'archived':
      return { kind: 'warning', text: `${habitName} has been put away. Nothing was recorded.` }
    case 'no-accounts':
      return { kind: 'warning', text: 'Choose your accounts first. Nothing was recorded.' }
    case 'currency-differs':
      return {
        kind: 'warning',
        text: `${habitName} has its amount in another currency than your account. Edit the habit first. Nothing was recorded.`,
      }
  }
}
