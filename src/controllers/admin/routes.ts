import type { RequestHandler } from 'express'
import type { BankEndpoint } from '../../bank/index.ts'
import { t, term } from '../../language.ts'
import type { Who } from '../../middleware/authorisation.ts'
import type { DataClass } from '../../models/data-inventory.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { AREAS, areaOf, type Role } from './inventory.ts'

const WHO_WORDS: Record<Who, string> = {
  public: term('Everybody'),
  visitor: term('Visitors only'),
  'signed-in': term('Whoever is signed in'),
  confirmed: term('Savers with a confirmed address'),
  admin: term('Admins'),
  token: term('Programs with a token'),
}

const OWNER_WORDS: Record<Role, string> = {
  'Developer on duty': term('Developer on duty'),
  Operator: term('Operator'),
  'Security lead': term('Security lead'),
  'Data protection contact': term('Data protection contact'),
}

const DATA_WORDS: Readonly<Record<string, string>> = {
  credential: term('credential'),
  identifying: term('identifying'),
  financial: term('financial'),
  indirect: term('indirect'),
  security: term('security'),
  none: term('none'),
} satisfies Record<DataClass | 'none', string>

/** Who answers for what the app does at the bank. */
const BANK_OWNER: Role = 'Developer on duty'

export function routeControllers({ routes, bank }: Pick<WebContext, 'routes' | 'bank'>) {
  /** GET /admin/routes */
  const list: RequestHandler = (req, res) => {
    const routeRows = routes.rows.map(rowOf)
    const bankRows = bank.endpoints.map(bankRowOf)
    const props = { routeRows, bankRows, bankProfile: bank.profile }
    renderPage(req, res, 'admin/routes', { title: t('Routes'), width: 'wide' }, props)
  }

  return { list }
}

function rowOf([method, path, { who, known, fresh, scope }]: Route) {
  const asks = [
    ...(known ? [t('in a browser that we know')] : []),
    ...(fresh ? [t('after a fresh sign-in')] : []),
    ...(scope ? [t('of scope {scope}', { scope })] : []),
  ]
  const hint = asks.length > 0 ? { hint: asks.join(', ') } : {}
  const facts = AREAS[areaOf(path) ?? '']
  const cells = [method, path].map((text) => ({ text }))
  const kept = { text: facts ? dataWords(facts.data) : t('unknown') }
  return {
    cells: [
      ...cells,
      { text: t(WHO_WORDS[who]), ...hint },
      kept,
      { text: facts ? t(OWNER_WORDS[facts.owner]) : t('nobody') },
    ],
  }
}

function bankRowOf({ api, method, path, version, data }: BankEndpoint) {
  return {
    cells: [api, method, path, version, dataWords(data.split(', ')), t(OWNER_WORDS[BANK_OWNER])].map(
      (text) => ({ text }),
    ),
  }
}

function dataWords(kinds: readonly string[]): string {
  return kinds.map((kind) => t(DATA_WORDS[kind] ?? kind)).join(', ') || t('none')
}
