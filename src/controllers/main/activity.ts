import type { Request, RequestHandler, Response } from 'express'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { Wish } from '../../models/activity.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { uuidParam } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { activityPage, CALL_FILTERS, callRow, EVENT_FILTERS, eventRow } from '../view-models/activity-view.ts'

const PAGE_SIZE = 50

export function activityControllers({ models }: WebContext) {
  /** GET /activity: what the bank was called for. */
  const calls: RequestHandler = async (req, res) => {
    const list = { path: paths.activity, filters: CALL_FILTERS, rowOf: callRow } as const
    await show(req, res, list, models.activity.callsFor)
  }

  /** GET /activity/account: what was done with the account. */
  const events: RequestHandler = async (req, res) => {
    const list = { path: paths.activityAccount, filters: EVENT_FILTERS, rowOf: eventRow } as const
    await show(req, res, list, models.activity.eventsOf)
  }

  return { calls, events }
}

interface List<Kind extends string, Row> {
  path: typeof paths.activity | typeof paths.activityAccount
  filters: readonly { kind: Kind | null; label: string }[]
  rowOf(row: Row, viewer: Express.User): object
}

/** One page of it; one row more is asked for, to know whether there is another. */
async function show<Kind extends string, Row extends { id: string }>(
  req: Request,
  res: Response,
  { path, filters, rowOf }: List<Kind, Row>,
  read: (userId: string, wish: Wish<Kind>) => Promise<Row[]>,
): Promise<void> {
  const user = signedIn(req)
  const kind = filters.find((filter) => filter.kind === req.query.kind)?.kind ?? null
  const given = uuidParam.safeParse(req.query.before)
  const before = given.success ? given.data : null
  const found = await read(user.id, { kind, before, size: PAGE_SIZE + 1 })
  const shown = found.slice(0, PAGE_SIZE)
  const props = activityPage({
    path,
    filters,
    kind,
    rows: shown.map((row) => rowOf(row, user)),
    olderThan: found.length > PAGE_SIZE ? (shown.at(-1)?.id ?? null) : null,
    isFirst: before === null,
  })
  renderPage(req, res, 'main/activity', { title: t('Activity') }, props)
}
