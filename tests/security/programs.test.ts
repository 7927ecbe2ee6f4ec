/** Who comes in to the API with which token: every route, every method, everybody (R-43). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock } from '../../src/clock.ts'
import { randomApiToken } from '../../src/crypto.ts'
import { SCOPES, type Scope } from '../../src/models/api-token/scopes.ts'
import { ask } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'
import { newToken, type Program } from '../support/programs.ts'
import { addressOf, type Cast, newCast } from './support/cast.ts'

interface Row {
  scope: Scope | null
  /** What the owner's token gets, and a stranger's. */
  owner: number
  stranger: number
}

/** Every route of the API but the document. One that is not here fails the first test below. */
const ROWS: Record<string, Row> = {
  'GET /api/v1/me': { scope: null, owner: 200, stranger: 200 },
  'GET /api/v1/habits': { scope: 'habits:read', owner: 200, stranger: 200 },
  'GET /api/v1/habits/:id': { scope: 'habits:read', owner: 200, stranger: 404 },
  'POST /api/v1/habits/:id/check-offs': { scope: 'check-offs:write', owner: 201, stranger: 404 },
  'GET /api/v1/habits/:id/past-days': { scope: 'habits:read', owner: 200, stranger: 404 },
  'POST /api/v1/habits/:id/past-days': { scope: 'check-offs:write', owner: 201, stranger: 404 },
  'GET /api/v1/goals': { scope: 'goals:read', owner: 200, stranger: 200 },
  'GET /api/v1/check-offs': { scope: 'habits:read', owner: 200, stranger: 200 },
  'GET /api/v1/payments': { scope: 'payments:read', owner: 200, stranger: 200 },
  'GET /api/v1/payments/:id': { scope: 'payments:read', owner: 200, stranger: 404 },
  // Last: after it there is less to look at.
  'DELETE /api/v1/check-offs/:id': { scope: 'check-offs:write', owner: 204, stranger: 404 },
}
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const PATHS = [...new Set(Object.keys(ROWS).map((route) => route.split(' ')[1] ?? ''))]

const clock = new ManualClock(new Date())
let app: TestApp
let cast: Cast
let owner: Person
/** What each of them sends to prove who they are. */
let headers: Record<string, Record<string, string>>
let narrow: Map<Scope, Program>
let cells = 0

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { API_REQUESTS_PER_MINUTE: '0' } })
  const early = await newLinkedSaver(app)
  const expired = await newToken(app, early.user.id, SCOPES, 1)
  clock.advance(2 * DAY)
  cast = await newCast(app, ['owner', 'other', 'admin'])
  owner = cast.players.owner as Person
  const { other, admin } = cast.players
  const whole = await newToken(app, owner.user.id)
  const revoked = await newToken(app, owner.user.id)
  await app.deps.models.apiTokens.revoke(owner.user.id, revoked.token.id, actor(owner))
  narrow = new Map()
  for (const scope of SCOPES)
    narrow.set(
      scope,
      await newToken(
        app,
        owner.user.id,
        SCOPES.filter((one) => one !== scope),
      ),
    )
  headers = {
    nobody: {},
    cookie: { cookie: cast.players.owner.cookie },
    'cookie of an admin': { cookie: admin.cookie },
    'a made-up token': bearer(randomApiToken()),
    'the token under another name': { authorization: `Basic ${btoa(`x:${whole.secret}`)}` },
    'the token in a cookie': { cookie: `token=${whole.secret}` },
    revoked: bearer(revoked.secret),
    expired: bearer(expired.secret),
    stranger: bearer((await newToken(app, other.user?.id ?? '')).secret),
    owner: bearer(whole.secret),
  }
})
afterAll(async () => {
  await app.close()
  console.log(`programs: ${Object.keys(ROWS).length} routes, ${cells} cells`)
})

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })
const actor = ({ user }: Person) => ({ kind: 'saver', id: user.id, ip: null, requestId: null }) as const

async function sent(method: string, path: string, proof: Record<string, string>, body?: object) {
  const json = body && { body: JSON.stringify(body) }
  const type: Record<string, string> = body ? { 'content-type': 'application/json' } : {}
  return ask(app, method, addressOf(path, cast.ids), { headers: { ...proof, ...type }, ...json })
}

test('the table has what the app has', () => {
  const ofApp = routesOf(app.deps).filter((route) => route.includes(' /api/'))
  expect(ofApp).toEqual([...Object.keys(ROWS), 'GET /api/v1/openapi.json'].sort())
})

describe.each(PATHS)('%s', (path) => {
  test('lets in whom it should by each method, and does nothing for anybody else', async () => {
    // Wrong ones are kept waiting after a while, which another test looks at.
    await app.asOwner('TRUNCATE "Throttle"')
    const before = await snapshot(app)
    for (const method of METHODS) {
      const row = ROWS[`${method === 'HEAD' ? 'GET' : method} ${path}`]
      for (const [who, proof] of Object.entries(headers)) {
        if (who === 'owner' && row && !isLook(method)) continue
        const expected = row ? ({ owner: row.owner, stranger: row.stranger }[who] ?? 401) : 405
        const answer = await sent(method, path, proof, method === 'POST' ? {} : undefined)
        expect([who, method, answer.status]).toEqual([who, method, expected])
        expect(answer.headers).not.toHaveProperty('set-cookie')
        cells += 1
      }
      if (row?.scope) await lacksScope(method, path, row.scope)
    }
    expect(await snapshot(app)).toEqual(before)
  })
})

async function lacksScope(method: string, path: string, scope: Scope): Promise<void> {
  const proof = bearer(narrow.get(scope)?.secret ?? '')
  const answer = await sent(method, path, proof, method === 'POST' ? {} : undefined)
  expect([method, answer.status]).toEqual([method, 403])
  expect(answer.headers['www-authenticate']).toContain(`error="insufficient_scope", scope="${scope}"`)
  if (method !== 'HEAD') expect(JSON.parse(answer.text)).toMatchObject({ scope })
  cells += 1
}

const isLook = (method: string) => method === 'GET' || method === 'HEAD'

test('the owner’s token checks off and takes back', async () => {
  const { secret } = await newToken(app, owner.user.id)
  const { day, slot, version } = await offerOf(app, owner, cast.ids.habits)
  const offer = { day, slot, version }
  const made = await sent('POST', '/api/v1/habits/:id/check-offs', bearer(secret), offer)
  expect(made.status).toBe(201)
  const undone = await sent('DELETE', '/api/v1/check-offs/:id', bearer(secret))
  expect(undone.status).toBe(204)
})

test('what ends an account ends its tokens for good: locked, dormant, closed', async () => {
  for (const status of ['LOCKED', 'DORMANT', 'CLOSED'] as const) {
    const saver = await newLinkedSaver(app)
    const { secret } = await newToken(app, saver.user.id)
    const habit = await newHabit(app, saver)
    await checkOff(app, saver, habit)
    expect((await sent('GET', '/api/v1/me', bearer(secret))).status).toBe(200)
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { status } })
    expect([status, (await sent('GET', '/api/v1/me', bearer(secret))).status]).toEqual([status, 401])
    if (status === 'CLOSED') continue
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { status: 'ACTIVE' } })
    expect([status, (await sent('GET', '/api/v1/me', bearer(secret))).status]).toEqual([status, 401])
  }
})

test('a token opens no page and sends no form, an admin’s neither', async () => {
  const admin = cast.players.admin as Person
  const proof = bearer((await newToken(app, admin.user.id)).secret)
  for (const path of ['/dashboard', '/settings/tokens', '/admin', '/settings/security']) {
    const { status, headers: back } = await ask(app, 'GET', path, { headers: proof })
    expect([path, status, back.location]).toEqual([path, 303, '/login'])
  }
  expect((await ask(app, 'POST', '/settings/tokens', { headers: proof, body: 'days=1' })).status).toBe(403)
})

test('wrong tokens of one network are kept waiting and written down once; right ones go on', async () => {
  const { secret } = await newToken(app, owner.user.id)
  await app.asOwner('TRUNCATE "Throttle"')
  const statuses: number[] = []
  for (let turn = 0; turn < 30; turn += 1)
    statuses.push((await sent('GET', '/api/v1/me', bearer(`spv_${'x'.repeat(42)}`))).status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(20)
  expect(statuses.slice(20)).toEqual(Array(10).fill(429))
  expect((await sent('GET', '/api/v1/me', bearer(secret))).status).toBe(200)
  const lines = await app.deps.db.prisma.auditEvent.findMany({
    where: { action: 'user.token-refused', subjectId: null },
  })
  expect(lines.map(({ outcome, detail }) => [outcome, detail])).toEqual([['refused', { because: 'guessed' }]])
})
