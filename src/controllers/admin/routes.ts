import type { RequestHandler } from 'express'
import type { BankEndpoint } from '../../bank/index.ts'
import type { Who } from '../../middleware/authorisation.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { AREAS, areaOf, type Role } from './inventory.ts'

const WHO_WORDS: Record<Who, string> = {
  public: 'Everybody',
  visitor: 'Visitors only',
  'signed-in': 'Whoever is signed in',
  confirmed: 'Savers with a confirmed address',
  admin: 'Admins',
  token: 'Programs with a token',
}

/** Who answers for what the app does at the bank. */
const BANK_OWNER: Role = 'Developer on duty'

export function routeControllers({ routes, bank }: Pick<WebContext, 'routes' | 'bank'>) {
  /** GET /admin/routes */
  const list: RequestHandler = (req, res) => {
    const routeRows = routes.rows.map(rowOf)
    const bankRows = bank.endpoints.map(bankRowOf)
    const props = { routeRows, bankRows, bankProfile: bank.profile }
    renderPage(req, res, 'admin/routes', { title: 'Routes', width: 'wide' }, props)
  }

  return { list }
}

function rowOf([method, path, { who, known, fresh, scope }]: Route) {
  const asks = [
    ...(known ? ['in a browser that we know'] : []),
    ...(fresh ? ['after a fresh sign-in'] : []),
    ...(scope ? [`of scope ${scope}`] : []),
  ]
  const hint = asks.length > 0 ? { hint: asks.join(', ') } : {}
  const facts = AREAS[areaOf(path) ?? '']
  const cells = [method, path].map((text) => ({ text }))
  const kept = { text: facts ? facts.data.join(', ') || 'none' : 'unknown' }
  return { cells: [...cells, { text: WHO_WORDS[who], ...hint }, kept, { text: facts?.owner ?? 'nobody' }] }
}

function bankRowOf({ api, method, path, version, data }: BankEndpoint) {
  return { cells: [api, method, path, version, data, BANK_OWNER].map((text) => ({ text })) }
}
