/** The API does what its document says: every operation is asked for, and every answer held against it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DAY, ManualClock } from '../../src/clock.ts'
import { SCOPES, type Scope } from '../../src/models/api-token/scopes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newGoal, newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'
import { type Asking, askApi, newToken } from '../support/programs.ts'
import { textOf } from '../support/visitor.ts'
import { type Answer, ask } from './support/ask.ts'
import { routesOf } from './support/routes.ts'

interface Described {
  operationId: string
  security: Record<string, Scope[]>[]
  parameters: { in: string; name: string; required: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, object> }
}

const clock = new ManualClock(new Date())
let app: TestApp
let saver: Person
let secret: string
let ids: { habit: string; checkOff: string; payment: string }
let document: Document

/** What each operation is asked for; one that is not here fails. */
const GOOD: Record<string, () => Promise<{ id?: string; query?: string } & Asking>> = {
  describe: async () => ({}),
  me: async () => ({}),
  habits: async () => ({}),
  habit: async () => ({ id: ids.habit }),
  recordCheckOff: async () => ({
    id: ids.habit,
    body: await offerOf(app, saver, ids.habit),
    headers: { 'idempotency-key': crypto.randomUUID() },
  }),
  pastDays: async () => ({ id: ids.habit }),
  recordPastDay: async () => ({
    id: ids.habit,
    body: await pastOfferOf(ids.habit),
    headers: { 'idempotency-key': crypto.randomUUID() },
  }),
  goals: async () => ({}),
  checkOffs: async () => ({ query: '?limit=1' }),
  undoCheckOff: async () => ({ id: ids.checkOff }),
  payments: async () => ({ query: '?limit=1' }),
  payment: async () => ({ id: ids.payment }),
}

async function pastOfferOf(habitId: string) {
  const [open] = await app.deps.models.checkOffs.openDays(saver.user, habitId)
  return { day: open?.day, slot: open?.slot, version: open?.version, pays: false }
}

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { API_REQUESTS_PER_MINUTE: '0' } })
  saver = await newLinkedSaver(app)
  secret = (await newToken(app, saver.user.id)).secret
  const habit = await newHabit(app, saver, { frequency: 10 })
  await newGoal(saver, {}, [habit])
  await checkOff(app, saver, habit)
  const done = await checkOff(app, saver, habit)
  const { paymentId } = await app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id: done } })
  ids = { habit, checkOff: done, payment: paymentId ?? '' }
  // No page is asked from here on: a day later there is a past one.
  clock.advance(DAY)
  document = JSON.parse((await ask(app, 'GET', '/api/v1/openapi.json')).text)
})
afterAll(() => app.close())

function operations(): { method: string; path: string; described: Described }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ method: method.toUpperCase(), path, described })),
  )
}

const below = (path: string, id: string = crypto.randomUUID()) =>
  path.replace('/api/v1', '').replace('{id}', id)

/** Against the words of the document alone, as somebody else's program would. */
function objectionTo(
  { described }: { described: Described },
  { status, headers, text }: Answer,
): string | null {
  const response = described.responses[String(status)]
  if (!response) return `${status} is not in the document`
  if (!response.content) return text === '' ? null : 'a body that is not in the document'
  const [type, content] = Object.entries(response.content)[0] ?? []
  if (headers['content-type']?.split(';')[0] !== type) return `is ${headers['content-type']}, not ${type}`
  const parsed = validator(content?.schema ?? {}).safeParse(JSON.parse(text))
  return parsed.success ? null : z.prettifyError(parsed.error)
}

function validator(schema: object): z.ZodType {
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')))
}

test('the document is OpenAPI 3.1, needs no token, and has every route of the API', () => {
  expect(document.openapi).toBe('3.1.0')
  const described = operations().map(
    ({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
  )
  expect(described.sort()).toEqual(routesOf(app.deps).filter((route) => route.includes(' /api/')))
})

test('every schema it points at is there, and every one that is there is strict', () => {
  const text = JSON.stringify(document)
  const pointed = new Set(
    [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? ''),
  )
  expect([...pointed].filter((name) => !(name in document.components.schemas))).toEqual([])
  expect(pointed.size).toBeGreaterThan(6)
  for (const [name, schema] of Object.entries(document.components.schemas))
    expect([name, schema]).toEqual([name, expect.objectContaining({ additionalProperties: false })])
})

test('a validator that is made of it objects to what is wrong', () => {
  const money = validator({ $ref: '#/components/schemas/Money' })
  expect(money.safeParse({ minor: 1250, currency: 'DKK' }).success).toBe(true)
  for (const wrong of [{ minor: 12.5, currency: 'DKK' }, { minor: 1, currency: 'USD' }, { minor: 1 }, 'DKK'])
    expect([wrong, money.safeParse(wrong).success]).toEqual([wrong, false])
  expect(money.safeParse({ minor: 1, currency: 'DKK', more: 1 }).success).toBe(false)
})

describe('every operation', () => {
  test('does what the document says when it is asked well', async () => {
    for (const operation of operations()) {
      const { operationId } = operation.described
      const good = await GOOD[operationId]?.()
      const { id = '', query = '', ...asking } = good ?? {}
      const answer = await askApi(
        app,
        secret,
        `${operation.method} ${below(operation.path, id)}${query}`,
        asking,
      )
      expect([operationId, Math.floor(answer.status / 100)]).toEqual([operationId, 2])
      expect([operationId, objectionTo(operation, answer)]).toEqual([operationId, null])
    }
    expect(Object.keys(GOOD).sort()).toEqual(
      operations()
        .map(({ described }) => described.operationId)
        .sort(),
    )
  })

  const SPOILT: [string, number, (operation: { method: string; path: string }) => Promise<Answer>][] = [
    ['no token', 401, ({ method, path }) => askApi(app, null, `${method} ${below(path)}`)],
    ['a wrong token', 401, ({ method, path }) => askApi(app, 'spv_x', `${method} ${below(path)}`)],
    [
      'another address',
      421,
      ({ method, path }) => askApi(app, secret, `${method} ${below(path)}`, { headers: { host: 'x' } }),
    ],
    [
      'another kind of answer',
      406,
      ({ method, path }) =>
        askApi(app, secret, `${method} ${below(path)}`, { headers: { accept: 'text/html' } }),
    ],
    [
      'another kind of body',
      415,
      ({ method, path }) =>
        askApi(app, secret, `${method} ${below(path)}`, {
          body: 'x',
          headers: { 'content-type': 'text/plain' },
        }),
    ],
    [
      'a body that is none',
      400,
      ({ method, path }) => askApi(app, secret, `${method} ${below(path)}`, { body: '{' }),
    ],
    [
      'too large a body',
      413,
      ({ method, path }) =>
        askApi(app, secret, `${method} ${below(path)}`, { body: { x: 'x'.repeat(5_000) } }),
    ],
    [
      'a field that it doesn’t have',
      422,
      ({ method, path }) =>
        askApi(app, secret, `${method} ${below(path)}?userId=1`, method === 'POST' ? { body: {} } : {}),
    ],
  ]
  test.each(SPOILT)('with %s answers %i as the document says', async (_name, status, spoil) => {
    let asked = 0
    for (const operation of operations().filter(({ described }) => described.security.length > 0)) {
      const answer = await spoil(operation)
      const { operationId } = operation.described
      expect([operationId, answer.status, objectionTo(operation, answer)]).toEqual([
        operationId,
        status,
        null,
      ])
      asked += 1
    }
    expect(asked).toBe(11)
  })

  test('without its scope is refused, and names it', async () => {
    for (const operation of operations()) {
      const [scope] = operation.described.security[0]?.token ?? []
      if (!scope) continue
      const narrow = await newToken(
        app,
        saver.user.id,
        SCOPES.filter((one) => one !== scope),
      )
      const answer = await askApi(
        app,
        narrow.secret,
        `${operation.method} ${below(operation.path)}`,
        operation.method === 'POST' ? { body: {} } : {},
      )
      expect([answer.status, objectionTo(operation, answer), answer.json.scope]).toEqual([403, null, scope])
      await app.deps.models.apiTokens.revoke(saver.user.id, narrow.token.id, {
        kind: 'saver',
        id: saver.user.id,
        ip: null,
        requestId: null,
      })
    }
  })

  test('with the id of nothing finds nothing', async () => {
    const withId = operations().filter(({ path }) => path.includes('{id}'))
    expect(withId).toHaveLength(6)
    for (const operation of withId) {
      const body = operation.method === 'POST' ? { body: {} } : {}
      const answer = await askApi(app, secret, `${operation.method} ${below(operation.path)}`, body)
      expect([answer.status, objectionTo(operation, answer)]).toEqual([404, null])
    }
  })
})

describe('the page for programs', () => {
  test('has every operation, every problem, and nothing of another site', async () => {
    const { status, text } = await ask(app, 'GET', '/developers')
    expect(status).toBe(200)
    const page = textOf(text)
    for (const { method, path } of operations()) expect(page).toContain(`${method} ${path}`)
    expect(text).not.toMatch(/(?:src|href)="https?:/)
  })

  test('explains every problem where its type leads', async () => {
    const { text } = await ask(app, 'GET', '/developers')
    const { json } = await askApi(app, null, 'GET /me')
    const [page, anchor] = String(json.type).split('#')
    expect(page).toBe(`${app.baseUrl}/developers`)
    expect(text).toContain(`id="${anchor}"`)
    const linked = [...text.matchAll(/href="#([\w-]+)"/g)].map(([, name = '']) => name)
    expect(linked.filter((name) => !text.includes(`id="${name}"`))).toEqual([])
  })
})
