import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { addressOf, type Cast, newCast, playerOf, send } from './support/cast.ts'
import { DOORS, type Facts, FORMS, factsOf, senderOf } from './support/forms.ts'

/** Columns and sums that only the app itself may write, under the names that somebody would try. */
const NAMES = [
  ...['role', 'isAdmin', 'admin', 'status', 'emailConfirmed', 'emailConfirmedOn', 'hashedPwd', 'timezone[]'],
  ...[
    'id',
    'userId',
    'user',
    'user[id]',
    'owner',
    'ownerId',
    'habitId',
    'paymentId',
    'consentId',
    'accLoaded',
  ],
  ...[
    'amountSaved',
    'totalSaved',
    'amountMinor',
    'currency[]',
    'state',
    'streak',
    'startDate',
    'createdOn',
    'archivedOn',
  ],
  ...[
    'isDebitor',
    'isCreditor',
    'hashedAccNo',
    'capPerPaymentMinor',
    'pausedUntil',
    'coolingOffHours',
    'sessionId',
  ],
]
/** Buttons that say all by their address, and read no field; links and marks that lead nowhere, form or no form. */
const READ_NOTHING = [
  'POST /login/lost',
  'POST /login/lost/:token',
  'POST /browser',
  'POST /browser/:token',
  'POST /address/take-back/:token',
  'POST /session/keep',
  'POST /settings/security/sessions/end',
  'POST /bank/:id/revoke',
  'POST /habits/:id/delete',
  'POST /settings/savings/withdraw',
  'POST /settings/savings/resume',
  'POST /admin/payments/stop/end',
  'POST /admin/alarms/:id/acknowledge',
  'POST /admin/consents/:id/ask',
  'POST /password/reset/:token',
  // Last: after it nobody is signed in any more.
  'POST /logout',
]
/** Codes and passkeys that only a phone can show. */
const NEVER_TAKEN = [
  'POST /login/passkey',
  'POST /login/code',
  'POST /login/code/passkey',
  'POST /settings/security/authenticator',
  'POST /settings/security/passkeys/new',
]

/** For who only asks which fields there are. */
const NO_FACTS = {} as Facts

let app: TestApp
let cast: Cast
let facts: Facts
/** For what takes something away. */
let spare: Cast

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
  spare = await newCast(app)
  facts = await factsOf(app, cast)
})
afterAll(() => app.close())

const READERS = Object.keys(FORMS).filter((route) => !READ_NOTHING.includes(route))

describe('a field that the form does not have', () => {
  test('is tried with every form of the app', () => {
    const posts = routesOf(app.deps).filter((route) => /^POST \/(?!api\/)/.test(route))
    expect([...Object.keys(FORMS), ...DOORS].sort()).toEqual(posts)
  })

  test.each(READERS)(
    '%s: is refused with the whole form, under any name and with anybody’s id',
    async (route) => {
      const before = await snapshot(app)
      const good = FORMS[route]?.(facts) ?? {}
      for (const name of NAMES.filter((one) => !(one in good))) {
        const answer = await sent(cast, route, { ...good, [name]: valueFor(name) })
        expect([name, answer.status]).toEqual([name, 422])
      }
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test('is all that was wrong: without it every form is taken, or says in which state the thing is', async () => {
    const another = await newCast(app)
    const good = await factsOf(app, another)
    const answers: [string, number][] = []
    for (const route of READERS.filter((one) => !NEVER_TAKEN.includes(one))) {
      another.players.visitor = await playerOf({ visitor: new Visitor(app) })
      answers.push([route, (await sent(another, route, FORMS[route]?.(good) ?? {})).status])
    }
    // 200 is a file: the form asked for one.
    expect(answers.filter(([, status]) => ![200, 303, 409].includes(status))).toEqual([])
  })

  test.each(READ_NOTHING)('%s: is not read', async (route) => {
    const bystanders = [spare.players.other.user?.id ?? '', cast.players.owner.user?.id ?? '']
    const before = await Promise.all([rights(app), ...bystanders.map((id) => belongings(app, id))])
    const wish = Object.fromEntries(NAMES.map((name) => [name, valueFor(name)]))
    expect([204, 303]).toContain((await sent(spare, route, wish)).status)
    expect(await Promise.all([rights(app), ...bystanders.map((id) => belongings(app, id))])).toEqual(before)
  })
})

describe('a field that is no single piece of text', () => {
  const SHAPES: [string, (name: string, value: string) => [string, string][]][] = [
    [
      'twice',
      (name, value) => [
        [name, value],
        [name, value],
      ],
    ],
    ['as a list', (name, value) => [[`${name}[]`, value]]],
    ['as an object', (name, value) => [[`${name}[not]`, value]]],
  ]
  const fieldsOf = (route: string) => Object.entries(FORMS[route]?.(facts) ?? {})
  const withFields = READERS.filter((route) => Object.keys(FORMS[route]?.(NO_FACTS) ?? {}).length > 0)

  test.each(withFields)('%s: is refused in any shape, and nothing is done', async (route) => {
    const before = await snapshot(app)
    for (const [name, value] of fieldsOf(route)) {
      const others = fieldsOf(route).filter(([other]) => other !== name)
      for (const [shape, shaped] of SHAPES) {
        const { status } = await sentAs(cast, route, [...others, ...shaped(name, value)])
        expect([name, shape, status]).toEqual([name, shape, 422])
      }
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test('JSON is taken by no form at all', async () => {
    const before = await snapshot(app)
    for (const route of Object.keys(FORMS)) {
      const player = cast.players[senderOf(route)]
      const body = JSON.stringify({ _csrf: player.token, ...FORMS[route]?.(facts) })
      const headers = { 'content-type': 'application/json' }
      const { status } = await send(app, player, addressOf(route, cast.ids), { headers, body })
      expect([route, status]).toEqual([route, 415])
    }
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('the owner of what a form makes', () => {
  test('is whoever is signed in, and a form that names somebody else makes nothing', async () => {
    const good = FORMS['POST /habits/new']?.(facts) ?? {}
    const victim = cast.players.other.user?.id ?? ''
    const before = await belongings(app, victim)
    expect((await sent(cast, 'POST /habits/new', { ...good, userId: victim })).status).toBe(422)
    expect((await sent(cast, 'POST /habits/new', good)).status).toBe(303)
    expect(await belongings(app, victim)).toEqual(before)
  })
})

describe('where money goes', () => {
  test.each<[string, Partial<Facts>]>([
    ['an account number', { creditorAccount: '20301544117544' }],
    ['an IBAN', { creditorAccount: 'DK6420301544117544' }],
    ['the hash of an account that the bank does not list', { creditorAccount: 'a'.repeat(64) }],
    ['the same account twice', { creditorAccount: undefined as never }],
  ])('can’t be chosen by %s', async (_name, change) => {
    const before = await snapshot(app)
    const { debtorAccount, creditorAccount = debtorAccount } = { ...facts, ...change }
    const answer = await sent(cast, 'POST /accounts/load', { debtorAccount, creditorAccount })
    expect(answer.status).toBe(422)
    expect(await snapshot(app)).toEqual(before)
  })
})

function sent(by: Cast, route: string, fields: Record<string, string>): Promise<Answer> {
  return sentAs(by, route, Object.entries(fields))
}

function sentAs({ players, ids }: Cast, route: string, fields: [string, string][]): Promise<Answer> {
  const player = players[senderOf(route)]
  const body = new URLSearchParams([['_csrf', player.token], ...fields]).toString()
  return send(app, player, addressOf(route, ids), { body })
}

/** Somebody else's id where an id is meant, and otherwise more than anybody is given. */
function valueFor(name: string): string {
  return /id\b|user|owner/i.test(name) ? (cast.players.other.user?.id ?? '') : 'ADMIN'
}

/** What nobody may write by a form: of everybody, so that it does not matter whose it was. */
async function rights({ deps }: TestApp) {
  return deps.db.prisma.user.findMany({
    where: { id: { in: Object.values(cast.players).flatMap(({ user }) => user?.id ?? []) } },
    select: { id: true, role: true, status: true, email: true, emailConfirmedOn: true, createdOn: true },
    orderBy: { id: 'asc' },
  })
}

/** All that one saver has. */
async function belongings({ deps }: TestApp, userId: string) {
  const where = { userId }
  const { prisma } = deps.db
  return Promise.all([
    prisma.user.findUniqueOrThrow({ where: { id: userId } }),
    prisma.habit.findMany({ where, orderBy: { id: 'asc' } }),
    prisma.account.findMany({ where, orderBy: { id: 'asc' } }),
    prisma.payment.findMany({ where, orderBy: { id: 'asc' } }),
    prisma.checkOff.findMany({ where, orderBy: { id: 'asc' } }),
    prisma.savingLimits.findMany({ where }),
  ])
}
