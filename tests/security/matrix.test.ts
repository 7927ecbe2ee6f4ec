import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFiles } from '../../src/files.ts'
import type { Guard, Who } from '../../src/middleware/authorisation.ts'
import type { Scope } from '../../src/models/api-token/scopes.ts'
import { paths } from '../../src/paths.ts'
import { ask } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { textOf } from '../support/visitor.ts'
import {
  AUTHENTICATOR,
  addressOf,
  type Cast,
  DASHBOARD,
  LOGIN,
  newCast,
  PARTS,
  type Part,
  send,
  turnedAway,
} from './support/cast.ts'

const SECURITY = '303 /settings/security'

interface Row extends Guard {
  /** What those get who may: the status, with the address where it redirects; posts carry a good token and no fields. */
  answer: string
  /** Who of them gets something else. */
  but?: Partial<Record<Part, string>>
  /** A post that does something for those who may: people are made for it alone. */
  changes?: true
}

const open = (answer: string, but: Row['but'] = {}): Row => ({ who: 'public', answer, but })
const visitors = (answer: string): Row => ({ who: 'visitor', answer })
const savers = (answer: string, but: Row['but'] = {}): Row => ({ who: 'confirmed', answer, but })
const owner = (answer: string): Row => ({ who: 'confirmed', answer: '404', but: { owner: answer } })
const admins = (answer: string): Row => ({ who: 'admin', answer })
const freshly = (row: Row): Row => ({ ...row, fresh: true })
/** Nobody comes in there by a cookie; who does with which token: tests/security/programs.test.ts. */
const programs = (scope?: Scope): Row => ({ who: 'token', ...(scope ? { scope } : {}), answer: '401' })
/** In a browser that its owner has confirmed. */
const here = (row: Row): Row => ({ ...row, known: true })
const changing = (row: Row): Row => ({ ...row, changes: true })

/** Every route of the app. One that is not here fails the first test below: decide who may use it, and write it down. */
const MATRIX: Record<string, Row> = {
  'GET /healthz': open('200'),
  'GET /readyz': open('200'),
  'GET /.well-known/security.txt': open('200'),
  // Without a token in the settings there is none; with one: tests/http/operations.test.ts.
  'GET /metrics': open('404'),
  'GET /files/*file': open('200'),
  'GET /icons/*file': open('200'),
  'GET /favicon.ico': open('200'),
  'GET /apple-touch-icon.png': open('200'),
  'GET /manifest.webmanifest': open('200'),
  'GET /sw.js': open('200'),
  'GET /offline': open('200'),
  'GET /icon.svg': open('200'),

  'GET /': open(DASHBOARD, { visitor: '200', half: '200' }),
  'GET /language': open('200'),
  'POST /language': open('422'),
  'GET /login': visitors('200'),
  'POST /login': visitors('422'),
  'POST /login/passkey': visitors('422'),
  'GET /login/code': { ...visitors(LOGIN), but: { half: '200' } },
  'POST /login/code': { ...visitors(LOGIN), but: { half: '422' } },
  'POST /login/code/passkey': { ...visitors(LOGIN), but: { half: '422' } },
  'POST /login/lost': changing({ ...visitors(LOGIN), but: { half: '303 /login/code' } }),
  'GET /login/lost/:token': open(LOGIN),
  'POST /login/lost/:token': open(LOGIN),
  'POST /logout': changing(open('303 /')),
  'POST /session/keep': { who: 'signed-in', answer: '204' },
  'GET /browser': savers('200'),
  'POST /browser': changing(savers('303 /browser')),
  'GET /browser/:token': open('303 /browser', { visitor: LOGIN, half: LOGIN }),
  'POST /browser/:token': savers('303 /browser'),
  'GET /address/take-back/:token': open(LOGIN),
  'POST /address/take-back/:token': open(LOGIN),
  'GET /address/new/:token': savers('303 /settings/email'),
  'POST /address/new/:token': savers('303 /settings/email'),
  // A link that we have not signed.
  'GET /letters/off/:token': open('404'),
  'POST /letters/off/:token': open('404'),
  'GET /privacy': open('200'),
  'GET /signup': visitors('200'),
  'POST /signup': visitors('422'),
  'GET /confirm/resend': open(DASHBOARD, { visitor: '200', half: '200', unconfirmed: '200' }),
  'POST /confirm/resend': open('422'),
  'GET /confirm/:token': open('200'),
  'POST /confirm/:token': open('422'),
  'GET /password/forgot': open('200'),
  'POST /password/forgot': open('422'),
  'GET /password/reset/:token': open('303 /password/forgot'),
  'POST /password/reset/:token': open('303 /password/forgot'),

  'GET /bank': savers('200'),
  'POST /bank/connect': freshly(savers('422')),
  'GET /bank/callback': savers('303 /bank'),
  'POST /bank/:id/revoke': changing(owner('303 /bank')),
  'GET /accounts/load': savers('200'),
  'POST /accounts/load': freshly(savers('422')),

  'GET /dashboard': savers('200'),
  'GET /profile': savers('200'),
  'GET /activity': savers('200'),
  'GET /activity/account': savers('200'),
  'GET /habits/new': savers('200'),
  'POST /habits/new': freshly(savers('422')),
  'GET /habits/order': savers('200'),
  'GET /habits/archived': savers('200'),
  'GET /habits/breaks': savers('200'),
  'POST /habits/breaks': savers('422'),
  'GET /habits/:id/breaks': owner('200'),
  'POST /habits/:id/breaks': owner('422'),
  'POST /breaks/:id/end': changing(owner('303 /habits/breaks')),
  'POST /habits/:id/skip': changing(owner(DASHBOARD)),
  'POST /habits/:id/notes': owner('422'),
  'POST /habits/:id/move': owner('422'),
  'POST /habits/:id/archive': changing(owner(DASHBOARD)),
  'POST /habits/:id/restore': owner('303 /habits/:id'),
  'GET /habits/:id': owner('200'),
  'GET /habits/:id/edit': owner('200'),
  'POST /habits/:id/edit': freshly(owner('422')),
  'GET /habits/:id/delete': owner('200'),
  'POST /habits/:id/delete': changing(owner(DASHBOARD)),
  'POST /habits/:id/checkoff': here(owner('422')),
  'POST /habits/:id/backfill': here(owner('422')),
  'POST /checkoffs/:id/undo': changing(owner(DASHBOARD)),
  'GET /checkoffs/:id/move-back': owner('409'),
  'POST /checkoffs/:id/move-back': here(owner('409')),
  'GET /goals': savers('200'),
  'GET /goals/new': savers('200'),
  'POST /goals/new': savers('422'),
  'GET /goals/:id': owner('200'),
  'GET /goals/:id/edit': owner('200'),
  'POST /goals/:id/edit': owner('422'),
  'POST /goals/:id/move': owner('422'),
  'POST /goals/:id/celebrate': owner('303 /goals/:id'),
  'GET /goals/:id/archive': owner('200'),
  'POST /goals/:id/archive': owner('422'),
  'POST /goals/:id/restore': owner('303 /goals/:id'),
  'GET /goals/:id/delete': owner('200'),
  'POST /goals/:id/delete': changing(owner('303 /goals')),
  'GET /payments': savers('200'),
  'GET /payments/return': savers('303 /payments'),
  'GET /payments/preview': savers('200'),
  'GET /payments/:id': owner('200'),
  'POST /payments/:id/cancel': owner('409'),
  'POST /payments/:id/again': here(owner('409')),
  'POST /payments/:id/try-now': here(owner('303 /payments/:id')),
  'GET /statement': savers('200'),
  'POST /statement/download': savers('422'),
  'GET /import': savers('200'),
  'POST /import': savers('422'),
  'GET /import/preview': savers('303 /import'),
  'POST /import/confirm': freshly(savers('422')),
  'POST /import/discard': savers('303 /import'),
  'GET /settings': savers('200'),
  'POST /settings': savers('422'),
  'GET /settings/check-offs': savers('200'),
  'POST /settings/check-offs': savers('422'),
  'GET /settings/reminders': savers('200'),
  'POST /settings/reminders': savers('422'),
  'POST /settings/reminders/habits/:id': owner('422'),
  'POST /settings/reminders/devices': savers('422'),
  'POST /settings/reminders/devices/:id/remove': changing(owner('303 /settings/reminders')),
  'GET /settings/email': savers('200'),
  'POST /settings/email': here(freshly(savers('422'))),
  'POST /settings/email/call-off': savers('303 /settings/email'),
  'GET /settings/security': savers('200'),
  'POST /settings/security': savers('422'),
  'GET /settings/security/authenticator': savers('200'),
  'POST /settings/security/authenticator': here(freshly(savers('422'))),
  'POST /settings/security/authenticator/begin': changing(here(freshly(savers(AUTHENTICATOR)))),
  'POST /settings/security/authenticator/remove': changing(
    freshly(savers(SECURITY, { admin: '403', halfAdmin: '403' })),
  ),
  'POST /settings/security/passkeys/begin': here(freshly(savers(`${SECURITY}/passkeys/new`))),
  'GET /settings/security/passkeys/new': savers('200'),
  'POST /settings/security/passkeys/new': here(freshly(savers('422'))),
  'GET /settings/security/passkeys/:id/rename': owner('200'),
  'POST /settings/security/passkeys/:id/rename': owner('422'),
  'POST /settings/security/passkeys/:id/remove': changing(freshly(owner(SECURITY))),
  'GET /settings/security/codes': savers(SECURITY),
  'POST /settings/security/codes': changing(
    freshly(savers(AUTHENTICATOR, { owner: `${SECURITY}/codes`, admin: `${SECURITY}/codes` })),
  ),
  'POST /settings/security/reset/call-off': savers(SECURITY),
  'POST /settings/security/sessions/end': savers(SECURITY),
  'POST /settings/security/sessions/end-others': savers(SECURITY),
  'GET /settings/tokens': savers('200'),
  'POST /settings/tokens': here(freshly(savers('422'))),
  'GET /settings/tokens/made': savers('303 /settings/tokens'),
  'POST /settings/tokens/:id/revoke': changing(owner('303 /settings/tokens')),
  'GET /settings/data': savers('200'),
  'POST /settings/data/export': changing(freshly(savers('200'))),
  'GET /settings/data/erase': savers('200'),
  'POST /settings/data/erase': freshly(savers('422')),
  'POST /settings/data/erase/call-off': savers('303 /settings/data'),
  'GET /settings/savings': savers('200'),
  'POST /settings/savings': freshly(savers('422')),
  'POST /settings/savings/withdraw': savers('303 /settings/savings'),
  'POST /settings/savings/pause': savers('422'),
  'POST /settings/savings/resume': here(savers('303 /settings/savings')),

  'GET /developers': open('200'),
  'GET /api/v1/openapi.json': open('200'),
  'GET /api/v1/me': programs(),
  'GET /api/v1/habits': programs('habits:read'),
  'GET /api/v1/habits/:id': programs('habits:read'),
  'POST /api/v1/habits/:id/check-offs': programs('check-offs:write'),
  'GET /api/v1/habits/:id/past-days': programs('habits:read'),
  'POST /api/v1/habits/:id/past-days': programs('check-offs:write'),
  'GET /api/v1/goals': programs('goals:read'),
  'GET /api/v1/check-offs': programs('habits:read'),
  'DELETE /api/v1/check-offs/:id': programs('check-offs:write'),
  'GET /api/v1/payments': programs('payments:read'),
  'GET /api/v1/payments/:id': programs('payments:read'),

  'GET /admin': admins('200'),
  'GET /admin/status': admins('200'),
  'GET /admin/routes': admins('200'),
  'GET /admin/alarms': admins('200'),
  'POST /admin/alarms/:id/acknowledge': freshly(admins('303 /admin/alarms')),
  'GET /admin/consents': admins('200'),
  'POST /admin/consents/:id/ask': freshly(admins('303 /admin/consents')),
  'GET /admin/users': admins('200'),
  'GET /admin/users/:id': admins('200'),
  'POST /admin/users/:id/lock': freshly(admins('422')),
  'POST /admin/users/:id/unlock': freshly(admins('303 /admin/users/:id')),
  'POST /admin/users/:id/sign-out': changing(freshly(admins('303 /admin/users/:id'))),
  'POST /admin/users/:id/factor-reset': freshly(admins('303 /admin/users/:id')),
  'POST /admin/users/:id/role': freshly(admins('422')),
  'GET /admin/payments': admins('200'),
  'GET /admin/payments/:id': admins('200'),
  'POST /admin/payments/:id/look': freshly(admins('303 /admin/payments/:id')),
  'POST /admin/payments/:id/cancel': changing(freshly(admins('303 /admin/payments/:id'))),
  'POST /admin/payments/:id/again': freshly(admins('303 /admin/payments/:id')),
  'POST /admin/payments/:id/mark': freshly(admins('422')),
  'POST /admin/payments/:id/unmark': freshly(admins('303 /admin/payments/:id')),
  'GET /admin/review': admins('200'),
  'GET /admin/calls': admins('200'),
  'GET /admin/calls/:id': admins('200'),
  'GET /admin/jobs': admins('200'),
  'POST /admin/jobs/:id/retry': freshly(admins('303 /admin/jobs')),
  'GET /admin/audit': admins('200'),
  'GET /admin/audit/:id': admins('200'),
  'POST /admin/audit/export': changing(freshly(admins('200'))),
  'GET /admin/payments/stop': admins('200'),
  'POST /admin/payments/stop': freshly(admins('422')),
  'POST /admin/payments/stop/end': freshly(admins('303 /admin/payments/stop')),
  'GET /admin/sandbox': admins('200'),
  'GET /admin/sandbox/payments/:id': admins('200'),
  'GET /admin/sandbox/calls': admins('200'),
  'GET /admin/sandbox/calls/:call': admins('200'),
  'POST /admin/sandbox/calls/:call': freshly(admins('422')),
  // The call was made for the owner: nobody's consent is used but one's own.
  'POST /admin/calls/:id/repeat': freshly(admins('409')),
  'GET /admin/sandbox/faults': admins('200'),
  'POST /admin/sandbox/faults': freshly(admins('422')),
  'POST /admin/sandbox/faults/clear': changing(freshly(admins('303 /admin/sandbox/faults'))),
  'GET /admin/sandbox/clock': admins('200'),
  'POST /admin/sandbox/clock': freshly(admins('422')),
}

const KNOWN = ['GET', 'HEAD', 'POST']
const METHODS = [...KNOWN, 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const PATHS = [...new Set(Object.keys(MATRIX).map((route) => route.split(' ')[1] ?? ''))]

let app: TestApp
let cast: Cast
let cells = 0

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
})
afterAll(async () => {
  await app.close()
  const sides = `${PATHS.length} paths × ${METHODS.length} methods × ${PARTS.length} people`
  console.log(`matrix: ${Object.keys(MATRIX).length} routes; ${sides} = ${cells} cells`)
})

describe('the table of routes', () => {
  test('has what the routers have, and every route of them has a row here', () => {
    expect(Object.keys(MATRIX).sort()).toEqual(routesOf(app.deps))
  })

  test('lets everybody in to whom their row here says so, and nobody else', async () => {
    const { text } = await cast.players.admin.visitor.get(paths.adminRoutes)
    const [routeTable = ''] = text.split('id="bank"')
    const shown = [...routeTable.matchAll(/<tr role="row">\s*(<td[\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
      row.split('</td>').map(textOf).slice(0, 3),
    )
    const words: Record<Who, string> = {
      public: 'Everybody',
      visitor: 'Visitors only',
      'signed-in': 'Whoever is signed in',
      confirmed: 'Savers with a confirmed address',
      admin: 'Admins',
      token: 'Programs with a token',
    }
    const expected = Object.entries(MATRIX).map(([route, { who, known, fresh, scope }]) => {
      const asks = [
        ...(known ? ['in a browser that we know'] : []),
        ...(fresh ? ['after a fresh sign-in'] : []),
        ...(scope ? [`of scope ${scope}`] : []),
      ]
      return [...route.split(' '), `${words[who]} ${asks.join(', ')}`.trim()]
    })
    expect(shown.sort()).toEqual(expected.sort())
  })

  test('names every file that is served', async () => {
    const files = readdirSync('public', { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    for (const file of files) {
      const name = `${file.parentPath}/${file.name}`.replace(/^public\//, '')
      // The styles are sent as one.
      const sent = name.startsWith('css/') ? 'styles.css' : name
      const { status } = await ask(app, 'GET', readFiles().addressOf(sent))
      expect([name, status]).toEqual([name, 200])
    }
  })
})

describe.each(PATHS)('%s', (path) => {
  test('answers everybody as the table says, by every method, and does nothing for those it refuses', async () => {
    const before = await snapshot(app)
    for (const method of METHODS) {
      for (const part of PARTS) {
        if (!isChange(part, method, path)) await holds(cast, part, method, path)
      }
    }
    expect(await snapshot(app)).toEqual(before)
  })
})

describe.each(PATHS.filter((path) => MATRIX[`POST ${path}`]?.changes))('a post to %s', (path) => {
  test('does what it is for, for those who may', async () => {
    const fresh = await newCast(app)
    const before = await snapshot(app)
    for (const part of PARTS) if (isChange(part, 'POST', path)) await holds(fresh, part, 'POST', path)
    expect(await snapshot(app)).not.toEqual(before)
  })
})

async function holds({ players, ids }: Cast, part: Part, method: string, path: string): Promise<void> {
  const { status, headers } = await send(app, players[part], `${method} ${addressOf(path, ids)}`)
  const location = Object.values(ids).reduce((text, id) => text.replace(id, ':id'), headers.location ?? '')
  const got = [status, location].filter(Boolean).join(' ')
  expect([part, method, got]).toEqual([part, method, expected(part, method, path)])
  if (status === 405) expect(headers.allow).toBe(allowedAt(path).join(', '))
  cells += 1
}

function expected(part: Part, method: string, path: string): string {
  if (!allowedAt(path).includes(method)) return '405'
  const row = rowOf(method, path)
  return turnedAway(part, row) ?? row.but?.[part] ?? row.answer
}

/** The API says of each address what can be done there; pages are looked at, and forms are sent. */
function allowedAt(path: string): string[] {
  if (!path.startsWith(paths.api)) return KNOWN
  const methods = Object.keys(MATRIX).map((route) => route.split(' '))
  const here = methods.flatMap(([method = '', at]) => (at === path ? [method] : []))
  return here.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

/** What is not in the table is not there; below /admin only admins learn that. */
function rowOf(method: string, path: string): Row {
  const nothing = path.startsWith(paths.admin) ? admins('404') : open('404')
  return MATRIX[`${method === 'HEAD' ? 'GET' : method} ${path}`] ?? nothing
}

/** Whether this cell may do something, by what the table says: then it waits until the others are through. */
function isChange(part: Part, method: string, path: string): boolean {
  const row = rowOf(method, path)
  return (
    method === 'POST' &&
    row.changes === true &&
    !turnedAway(part, row) &&
    expected(part, method, path) !== '404'
  )
}
