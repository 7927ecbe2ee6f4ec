import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { moveForm, readNothing, readOffer } from '../forms/offers.ts'
import { renderPage } from '../page.ts'
import { archivedRows, orderRows } from '../view-models/habit-shelf-view.ts'

/** Where habits stand: their order, and the archive. */
export function shelfControllers({ models }: WebContext) {
  /** GET /habits/order */
  const order: RequestHandler = async (req, res) => {
    const habits = await models.habits.listOwned(signedIn(req))
    const links = {
      archivedPath: paths.habitsArchived,
      breaksPath: paths.habitsBreaks,
      newPath: paths.habitNew,
    }
    renderPage(
      req,
      res,
      'main/habits-order',
      { title: t('Your habits') },
      { rows: orderRows(habits), ...links },
    )
  }

  /** POST /habits/:id/move */
  const move: RequestHandler = async (req, res) => {
    const id = idOf(req)
    const { id: userId } = signedIn(req)
    if (!(await models.habits.nameOwned(userId, id))) throw new NotFound()
    const { direction } = readOffer(moveForm, req.body)
    const moved = await models.habits.move(userId, id, direction, actorOf(req))
    if (!moved) await flash(req, 'info', t('It stands as far up or down as it can.'))
    res.redirect(303, paths.habitsOrder)
  }

  /** GET /habits/archived */
  const archived: RequestHandler = async (req, res) => {
    const habits = await models.habits.listArchived(signedIn(req))
    renderPage(req, res, 'main/habits-archived', { title: t('Archive') }, { rows: archivedRows(habits) })
  }

  /** POST /habits/:id/archive */
  const archive: RequestHandler = async (req, res) => {
    const { id, name } = await named(req)
    readNothing(req.body)
    await models.habits.archive(signedIn(req).id, id, actorOf(req))
    await flash(
      req,
      'done',
      t('{name} is put away. What it saved stays, and you can take it back out.', { name }),
    )
    res.redirect(303, paths.dashboard)
  }

  /** POST /habits/:id/restore */
  const restore: RequestHandler = async (req, res) => {
    const { id, name } = await named(req)
    readNothing(req.body)
    const restored = await models.habits.restore(signedIn(req), id, actorOf(req))
    await flash(
      req,
      restored ? 'done' : 'info',
      restored
        ? t('{name} is back. The days it was away don’t count against it.', { name })
        : t('{name} was not put away.', { name }),
    )
    res.redirect(303, paths.habit(id))
  }

  return { order, move, archived, archive, restore }

  async function named(req: Parameters<RequestHandler>[0]) {
    const habit = await models.habits.nameOwned(signedIn(req).id, idOf(req))
    if (!habit) throw new NotFound()
    return habit
  }
}
