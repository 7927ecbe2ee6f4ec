import type { Request, RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { formatMoney } from '../../format.ts'
import type { Goal } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { type FieldError, idOf, readForm } from '../forms/form.ts'
import { archiveForm } from '../forms/goal-forms.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'
import { archivedGoal, GoalPutAway, ownGoal } from './goal-access.ts'

export function goalEndControllers({ models }: WebContext) {
  /** GET /goals/:id/archive */
  const showArchive: RequestHandler = async (req, res) => {
    const goal = await living(req)
    renderPage(req, res, 'main/goal-archive', archivePage(goal), await archiveProps(goal, []))
  }

  /** POST /goals/:id/archive */
  const archive: RequestHandler = async (req, res) => {
    const goal = await living(req)
    const reading = readForm(archiveForm, req.body)
    if (reading.kind === 'refused') {
      const props = await archiveProps(goal, reading.errors)
      return renderRefused(req, res, 'main/goal-archive', archivePage(goal), props)
    }
    await models.goals.archive(goal.userId, goal.id, reading.value.isUsed, actorOf(req))
    await flash(req, 'done', t('{name} is put away.', { name: goal.name }))
    res.redirect(303, paths.goals)
  }

  /** POST /goals/:id/restore */
  const restore: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const isBack = await models.goals.restore(signedIn(req).id, idOf(req), actorOf(req))
    if (isBack === null) throw new NotFound()
    if (isBack) await flash(req, 'done', t('It is back, as the last of your goals.'))
    res.redirect(303, paths.goal(idOf(req)))
  }

  /** GET /goals/:id/delete */
  const showDelete: RequestHandler = async (req, res) => {
    const goal = await ownGoal(models, req)
    renderPage(
      req,
      res,
      'main/goal-delete',
      { title: t('Delete {name}', { name: goal.name }), width: 'narrow' },
      {
        name: goal.name,
        heldLabel: await moneyOf(goal),
        goalPath: paths.goal(goal.id),
        deletePath: paths.goalDelete(goal.id),
      },
    )
  }

  /** POST /goals/:id/delete */
  const destroy: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const goal = await ownGoal(models, req)
    await models.goals.remove(goal.userId, goal.id, actorOf(req))
    await flash(req, 'done', t('{name} is deleted. No money has moved.', { name: goal.name }))
    res.redirect(303, paths.goals)
  }

  return { showArchive, archive, restore, showDelete, destroy }

  async function living(req: Request): Promise<Goal> {
    const goal = await ownGoal(models, req)
    if (goal.archivedOn) throw new GoalPutAway(goal.id)
    return goal
  }

  async function archiveProps(goal: Goal, errors: readonly FieldError[]) {
    return {
      name: goal.name,
      heldLabel: await moneyOf(goal),
      goalPath: paths.goal(goal.id),
      archivePath: paths.goalArchive(goal.id),
      errors,
    }
  }

  /** What it holds, or has used; null where that is nothing. */
  async function moneyOf({ id, userId, currency, archivedOn }: Goal): Promise<string | null> {
    const minor = archivedOn ? (await archivedGoal(models, userId, id)).usedMinor : await heldBy(userId, id)
    return minor > 0 ? formatMoney(minor, currency) : null
  }

  async function heldBy(userId: string, id: string): Promise<number> {
    const standings = await models.goals.standing(userId)
    const found = standings.flatMap(({ goals }) => goals).find(({ goal }) => goal.id === id)
    return found?.heldMinor ?? 0
  }
}

function archivePage({ name }: Goal) {
  return { title: t('Put {name} away', { name }), width: 'narrow' } as const
}
