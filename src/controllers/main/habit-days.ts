import type { Request, RequestHandler, Response } from 'express'
import { NotFound } from '../../errors.ts'
import type { Habit } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { dayOf } from '../../models/habit/schedule.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, readForm } from '../forms/form.ts'
import { breakForm } from '../forms/habit-forms.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'
import { breaksPage, breaksTitle } from '../view-models/breaks-page.ts'

type Named = Pick<Habit, 'id' | 'name'>

const SHOWN = 100

/** Days on which a habit, or none of them, asks for anything. */
export function habitDayControllers({ models, clock }: WebContext) {
  /** GET /habits/breaks and GET /habits/:id/breaks */
  const breaks: RequestHandler = async (req, res) => {
    const habit = await habitOf(req)
    renderPage(req, res, 'main/breaks', titleOf(habit), {
      ...(await pageFor(req, habit)),
      ...nothingTyped(req),
    })
  }

  /** POST /habits/breaks and POST /habits/:id/breaks */
  const addBreak: RequestHandler = async (req, res) => {
    const habit = await habitOf(req)
    const user = signedIn(req)
    const reading = readForm(breakForm(todayOf(req)), req.body)
    if (reading.kind === 'refused') return refuse(req, res, habit, reading)
    const wish = { ...reading.value, habitId: habit?.id ?? null }
    const result = await models.breaks.add(user, wish, actorOf(req))
    if (result === null) throw new NotFound()
    if (result !== 'added') {
      const message =
        result === 'too-many'
          ? t('There are as many breaks as there can be.')
          : t('A break begins today or later; only illness further back.')
      return refuse(req, res, habit, { typed: {}, errors: [{ field: 'start', message }] })
    }
    await flash(req, 'done', t('Saved. Nothing is due on these days, and no streak breaks.'))
    res.redirect(303, habit ? paths.habitBreaks(habit.id) : paths.habitsBreaks)
  }

  /** POST /breaks/:id/end */
  const endBreak: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const found = await models.breaks.findOwned(user.id, idOf(req))
    if (!found) throw new NotFound()
    readNothing(req.body)
    const result = await models.breaks.end(user, found.id, actorOf(req))
    await flash(
      req,
      result === 'ended' ? 'done' : 'info',
      result === 'ended'
        ? t('Ended. From today on everything counts again.')
        : t('These days are past; they stay as they were.'),
    )
    res.redirect(303, found.habitId ? paths.habitBreaks(found.habitId) : paths.habitsBreaks)
  }

  /** POST /habits/:id/skip */
  const skip: RequestHandler = async (req, res) => {
    const habit = await ownHabit(req)
    readNothing(req.body)
    const today = todayOf(req)
    const wish = { kind: 'SKIP' as const, habitId: habit.id, start: today, end: today }
    const result = await models.breaks.add(signedIn(req), wish, actorOf(req))
    await flash(
      req,
      result === 'added' ? 'done' : 'warning',
      result === 'added'
        ? t('{name} is skipped today. Its streak stays.', { name: habit.name })
        : t('{name} could not be skipped.', { name: habit.name }),
    )
    res.redirect(303, paths.dashboard)
  }

  return { breaks, addBreak, endBreak, skip }

  function todayOf(req: Request): string {
    const user = signedIn(req)
    return dayOf(clock.now(), user.timezone, user.dayStartHour)
  }

  /** Null where the address names none: all habits. */
  async function habitOf(req: Request): Promise<Named | null> {
    return req.params.id === undefined ? null : ownHabit(req)
  }

  async function ownHabit(req: Request): Promise<Named> {
    const habit = await models.habits.nameOwned(signedIn(req).id, idOf(req))
    if (!habit) throw new NotFound()
    return habit
  }

  async function pageFor(req: Request, habit: Named | null) {
    const breaks = await models.breaks.list(signedIn(req).id, habit?.id ?? null, SHOWN)
    return breaksPage(habit, breaks, todayOf(req))
  }

  async function refuse(
    req: Request,
    res: Response,
    habit: Named | null,
    { typed, errors }: { typed: Record<string, string>; errors: { field: string | null; message: string }[] },
  ): Promise<void> {
    renderRefused(req, res, 'main/breaks', titleOf(habit), {
      ...(await pageFor(req, habit)),
      form: typed,
      errors,
    })
  }

  function nothingTyped(req: Request) {
    return { form: { kind: 'PAUSE', start: todayOf(req), end: '' }, errors: [] }
  }
}

function titleOf(habit: Named | null) {
  return { title: breaksTitle(habit) }
}
