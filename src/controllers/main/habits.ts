import type { Request, RequestHandler, Response } from 'express'
import { NotFound, WrongState } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { dayOf } from '../../models/habit/schedule.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { habitForm, noteForm } from '../forms/habit-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { habitCard } from '../view-models/habit-card.ts'
import {
  formOf,
  formProps,
  isNotBegun,
  newForm,
  pendingNotice,
  starterLinks,
} from '../view-models/habit-form-view.ts'
import { habitPage } from '../view-models/habit-page.ts'
import { heatmapOf, trendOf } from '../view-models/habit-year.ts'

const newPage = () => ({ title: t('New habit') }) as const
const HISTORY = 30

export function habitControllers({ models, clock }: WebContext) {
  /** GET /habits/new */
  const showNew: RequestHandler = async (req, res) => {
    const currency = await currencyFor(signedIn(req).id)
    renderPage(req, res, 'main/habit-new', newPage(), {
      ...formProps(newForm(req.query.starter), true),
      starters: starterLinks(),
      currency,
      errors: [],
    })
  }

  /** POST /habits/new */
  const create: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const currency = await currencyFor(user.id)
    const { capPerPaymentMinor } = await models.limits.current(user.id)
    const reading = readForm(habitForm(capPerPaymentMinor, todayOf(user), kindIn(req.body)), req.body)
    if (reading.kind === 'refused') {
      return renderRefused(req, res, 'main/habit-new', newPage(), {
        ...formProps(reading.typed, true),
        starters: [],
        currency,
        errors: reading.errors,
      })
    }
    const habit = await models.habits.create(user, reading.value, currency, actorOf(req))
    await flash(req, 'done', t('{name}: ready to be checked off.', { name: habit.name }))
    res.redirect(303, paths.dashboard)
  }

  /** GET /habits/:id */
  const show: RequestHandler = async (req, res) => {
    const habit = await owned(req)
    renderPage(req, res, 'main/habit', { title: habit.habit.name }, await pageOf(req, habit))
  }

  /** POST /habits/:id/notes */
  const note: RequestHandler = async (req, res) => {
    const habit = await owned(req)
    const { id, name } = habit.habit
    const reading = readForm(noteForm(habit.today), req.body)
    if (reading.kind === 'refused') return refuseNote(req, res, habit, reading)
    const result = await models.notes.write(signedIn(req), id, reading.value, actorOf(req))
    if (result === null) throw new NotFound()
    if (result === 'not-then') {
      const errors = [{ field: 'day', message: t('{name} had not begun on that day.', { name }) }]
      return refuseNote(req, res, habit, refusedWith(req.body, errors))
    }
    await flash(req, 'done', result === 'removed' ? t('The note is taken away.') : t('Written down.'))
    res.redirect(303, paths.habit(id))
  }

  /** GET /habits/:id/edit */
  const showEdit: RequestHandler = async (req, res) => {
    const today = living(await owned(req))
    const { habit } = today
    renderPage(req, res, 'main/habit-edit', editPage(habit.name), {
      ...formProps(formOf(today), isNotBegun(habit, today.today)),
      pending: pendingNotice(today),
      currency: await currencyFor(habit.userId),
      habitPath: paths.habit(habit.id),
      editPath: paths.habitEdit(habit.id),
      errors: [],
    })
  }

  /** POST /habits/:id/edit */
  const edit: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const today = living(await owned(req))
    const { habit } = today
    const currency = await currencyFor(user.id)
    const { capPerPaymentMinor } = await models.limits.current(user.id)
    const reading = readForm(habitForm(capPerPaymentMinor, today.today, kindIn(req.body)), req.body)
    if (reading.kind === 'refused') return refuseEdit(req, res, today, currency, reading)
    const result = await models.habits.edit(user, habit.id, reading.value, currency, actorOf(req))
    if (result === null) throw new NotFound()
    if (result === 'archived') throw new PutAway(habit.id)
    if (result === 'ended') throw new Over(habit.id)
    await flash(
      req,
      'done',
      result === 'edited-later'
        ? t('Saved. It makes the habit easier, so it counts in seven days.')
        : t('Saved. What you have already checked off stays as it was.'),
    )
    res.redirect(303, paths.habit(habit.id))
  }

  /** GET /habits/:id/delete */
  const showDelete: RequestHandler = async (req, res) => {
    const today = living(await owned(req))
    const { habit } = today
    renderPage(
      req,
      res,
      'main/habit-delete',
      { title: t('Delete {name}', { name: habit.name }), width: 'narrow' },
      {
        habit: habitCard(today),
        habitPath: paths.habit(habit.id),
        deletePath: paths.habitDelete(habit.id),
        hasHistory: (await models.checkOffs.recentOf(habit.userId, habit.id, 1)).length > 0,
      },
    )
  }

  /** POST /habits/:id/delete */
  const destroy: RequestHandler = async (req, res) => {
    const { habit } = living(await owned(req))
    const result = await models.habits.remove(signedIn(req).id, habit.id, actorOf(req))
    if (result === null) throw new NotFound()
    await flash(
      req,
      'done',
      result === 'archived'
        ? t('{name} is put away. What it saved stays.', { name: habit.name })
        : t('{name} is deleted.', { name: habit.name }),
    )
    res.redirect(303, paths.dashboard)
  }

  return { showNew, create, show, note, showEdit, edit, showDelete, destroy }

  async function pageOf(req: Request, habit: HabitToday) {
    const user = signedIn(req)
    const [checkOffs, openDays, notes, year] = await Promise.all([
      models.checkOffs.recentOf(user.id, habit.habit.id, HISTORY),
      models.checkOffs.openDays(user, habit.habit.id),
      models.notes.list(user.id, habit.habit.id, HISTORY),
      models.habits.yearOf(user, habit.habit.id),
    ])
    const charts = { heatmap: heatmapOf(year, user.weekStart), trend: trendOf(year, habit.strength) }
    return { ...habitPage(habit, checkOffs, openDays, notes), ...charts }
  }

  async function refuseNote(
    req: Request,
    res: Response,
    habit: HabitToday,
    { typed, errors }: Refused,
  ): Promise<void> {
    const page = await pageOf(req, habit)
    const props = { ...page, note: { ...page.note, ...typed }, errors }
    renderRefused(req, res, 'main/habit', { title: habit.habit.name }, props)
  }

  function todayOf(user: Express.User): string {
    return dayOf(clock.now(), user.timezone, user.dayStartHour)
  }

  async function owned(req: Request): Promise<HabitToday> {
    const habit = await models.habits.findOwned(signedIn(req), idOf(req))
    if (!habit) throw new NotFound()
    return habit
  }

  /** Amounts need a currency, and that is the account's. */
  async function currencyFor(userId: string) {
    const chosen = await models.accounts.chosenBy(userId)
    if (chosen) return chosen.debtor.currency
    throw new WrongState(
      t('Choose your accounts first'),
      t('A habit saves into an account, in that account’s currency.'),
      [{ href: paths.bank, label: t('To your bank link') }],
    )
  }
}

function living(habit: HabitToday): HabitToday {
  if (!habit.habit.archivedOn) return habit
  throw new PutAway(habit.habit.id)
}

/** Which fields of the form have to be right depends on it. */
function kindIn(body: unknown): unknown {
  return (body as Record<string, unknown> | undefined)?.kind
}

class Over extends WrongState {
  constructor(habitId: string) {
    super(
      t('This habit has ended'),
      t('Its last day is over. Its history stays, and it can no longer be changed.'),
      [
        { href: paths.habit(habitId), label: t('See its history') },
        { href: paths.habitNew, label: t('Make a new one') },
      ],
    )
  }
}

class PutAway extends WrongState {
  constructor(habitId: string) {
    super(t('This habit has been put away'), t('Its history stays, and it can no longer be changed.'), [
      { href: paths.habit(habitId), label: t('See its history') },
      { href: paths.dashboard, label: t('To today') },
    ])
  }
}

function editPage(name: string) {
  return { title: t('Edit {name}', { name }) }
}

function refuseEdit(
  req: Request,
  res: Response,
  today: HabitToday,
  currency: string,
  refused: Refused,
): void {
  const { habit } = today
  renderRefused(req, res, 'main/habit-edit', editPage(habit.name), {
    ...formProps(refused.typed, isNotBegun(habit, today.today)),
    pending: pendingNotice(today),
    currency,
    habitPath: paths.habit(habit.id),
    editPath: paths.habitEdit(habit.id),
    errors: refused.errors,
  })
}
