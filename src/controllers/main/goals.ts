import type { Request, RequestHandler, Response } from 'express'
import { NotFound, WrongState } from '../../errors.ts'
import type { Currency } from '../../generated/enums.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { dayOf } from '../../models/habit/schedule.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { readForm } from '../forms/form.ts'
import { goalForm } from '../forms/goal-forms.ts'
import { moveForm, readNothing, readOffer } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'
import { dayIn, goalFields, typedOf } from '../view-models/goal-fields.ts'
import { goalPage } from '../view-models/goal-page.ts'
import { archivedCard, goalsPage } from '../view-models/goals-page.ts'
import { archivedGoal, GoalPutAway, ownGoal } from './goal-access.ts'

const listPage = () => ({ title: t('Goals') }) as const
const newPage = () => ({ title: t('New goal') }) as const

export function goalControllers({ models, clock }: WebContext) {
  /** GET /goals */
  const list: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const [standings, archived] = await Promise.all([
      models.goals.ahead(user),
      models.goals.archived(user.id),
    ])
    renderPage(req, res, 'main/goals', listPage(), goalsPage(standings, archived))
  }

  /** GET /goals/new */
  const showNew: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const [currency, habits] = await Promise.all([currencyFor(user.id), models.goals.habitsToTie(user.id)])
    const fields = goalFields({ picture: 'sprout' }, { habits, currency, goalId: null })
    renderPage(req, res, 'main/goal-new', newPage(), { ...fields, errors: [] })
  }

  /** POST /goals/new */
  const create: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const [currency, habits] = await Promise.all([currencyFor(user.id), models.goals.habitsToTie(user.id)])
    const reading = readForm(goalForm(idsOf(habits), todayOf(user)), req.body)
    if (reading.kind === 'refused') {
      const fields = goalFields(reading.typed, { habits, currency, goalId: null })
      return renderRefused(req, res, 'main/goal-new', newPage(), { ...fields, errors: reading.errors })
    }
    const goal = await models.goals.create(user.id, reading.value, currency, actorOf(req))
    await flash(req, 'done', t('{name}: a new goal.', { name: goal.name }))
    res.redirect(303, paths.goal(goal.id))
  }

  /** GET /goals/:id */
  const show: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const goal = await ownGoal(models, req)
    if (goal.archivedOn) return showArchived(req, res, goal.id)
    const found = await models.goals.findAhead(user, goal.id)
    if (!found) throw new NotFound()
    renderPage(req, res, 'main/goal', { title: goal.name }, goalPage(found, user.timezone, todayOf(user)))
  }

  /** GET /goals/:id/edit */
  const showEdit: RequestHandler = async (req, res) => {
    const goal = await ownGoal(models, req)
    if (goal.archivedOn) throw new GoalPutAway(goal.id)
    const habits = await models.goals.habitsToTie(goal.userId)
    const fields = goalFields(typedOf(goal, habits), { habits, currency: goal.currency, goalId: goal.id })
    renderPage(req, res, 'main/goal-edit', editPage(goal), { ...fields, ...placesOf(goal), errors: [] })
  }

  /** POST /goals/:id/edit */
  const edit: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const goal = await ownGoal(models, req)
    if (goal.archivedOn) throw new GoalPutAway(goal.id)
    const habits = await models.goals.habitsToTie(user.id)
    const reading = readForm(goalForm(idsOf(habits), todayOf(user), dayIn(goal)), req.body)
    if (reading.kind === 'refused') {
      const fields = goalFields(reading.typed, { habits, currency: goal.currency, goalId: goal.id })
      const props = { ...fields, ...placesOf(goal), errors: reading.errors }
      return renderRefused(req, res, 'main/goal-edit', editPage(goal), props)
    }
    const result = await models.goals.edit(user.id, goal.id, reading.value, actorOf(req))
    if (result === null) throw new NotFound()
    if (result === 'archived') throw new GoalPutAway(goal.id)
    await flash(req, 'done', t('Saved.'))
    res.redirect(303, paths.goal(goal.id))
  }

  /** POST /goals/:id/move */
  const move: RequestHandler = async (req, res) => {
    const goal = await ownGoal(models, req)
    const { direction } = readOffer(moveForm, req.body)
    const isMoved = await models.goals.move(goal.userId, goal.id, direction, actorOf(req))
    if (isMoved === null) throw new NotFound()
    if (!isMoved) await flash(req, 'info', t('It cannot go any further.'))
    res.redirect(303, paths.goals)
  }

  /** POST /goals/:id/celebrate */
  const celebrate: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const goal = await ownGoal(models, req)
    await models.goals.celebrate(goal.userId, goal.id, actorOf(req))
    res.redirect(303, paths.goal(goal.id))
  }

  return { list, showNew, create, show, showEdit, edit, move, celebrate }

  async function showArchived(req: Request, res: Response, id: string): Promise<void> {
    const found = await archivedGoal(models, signedIn(req).id, id)
    const page = { title: found.goal.name, width: 'narrow' } as const
    renderPage(req, res, 'main/goal-archived', page, { goal: archivedCard(found) })
  }

  function todayOf({ timezone, dayStartHour }: Express.User) {
    return dayOf(clock.now(), timezone, dayStartHour)
  }

  /** Amounts need a currency, and that is the account's. */
  async function currencyFor(userId: string): Promise<Currency> {
    const chosen = await models.accounts.chosenBy(userId)
    if (chosen) return chosen.debtor.currency
    throw new WrongState(
      t('Choose your accounts first'),
      t('A goal is filled from your savings account, in that account’s currency.'),
      [{ href: paths.bank, label: t('To your bank link') }],
    )
  }
}

function idsOf(habits: readonly { id: string }[]): string[] {
  return habits.map(({ id }) => id)
}

function editPage({ name }: { name: string }) {
  return { title: t('Edit {name}', { name }) }
}

function placesOf({ id }: { id: string }) {
  return { goalPath: paths.goal(id), editPath: paths.goalEdit(id) }
}
