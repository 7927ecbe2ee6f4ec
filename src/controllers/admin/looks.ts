import type { RequestHandler } from 'express'
import { actorOf } from '../../middleware/authentication.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'

/** A page for admins leaves a line in the audit trail before it is shown: without the line there is no page. */
export function noted(row: Route, { models, routes }: Pick<WebContext, 'models' | 'routes'>): Route {
  const [method, path, guard, ...handlers] = row
  if (method !== 'GET') return row
  const note: RequestHandler = async (req, _res, next) => {
    await models.access.noteLook(
      routes.asked({ method: req.method, path: req.baseUrl + req.path }),
      actorOf(req),
    )
    next()
  }
  return [method, path, guard, note, ...handlers]
}
