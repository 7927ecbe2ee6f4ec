import type { RequestHandler } from 'express'
import type { Who } from '../../middleware/authorisation.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'

const WHO_WORDS: Record<Who, string> = {
  public: 'Everybody',
  visitor: 'Visitors only',
  'signed-in': 'Whoever is signed in',
  confirmed: 'Savers with a confirmed address',
  admin: 'Admins',
}

export function routeControllers({ routes }: Pick<WebContext, 'routes'>) {
  /** GET /admin/routes */
  const list: RequestHandler = (req, res) => {
    const routeRows = routes.rows.map(rowOf)
    renderPage(req, res, 'admin/routes', { title: 'Routes', width: 'wide' }, { routeRows })
  }

  return { list }
}

function rowOf([method, path, { who, fresh }]: Route) {
  const hint = fresh ? { hint: 'after a fresh sign-in' } : {}
  return { cells: [{ text: method }, { text: path }, { text: WHO_WORDS[who], ...hint }] }
}
