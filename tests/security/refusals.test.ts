import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import type { Answer, Question } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Cast, newCast, type Part, send } from './support/cast.ts'
import { linesOf, logOf } from './support/log.ts'

const NOWHERE = '0198a1de-0000-7000-8000-000000000000'
const CROSS_SITE = { headers: { 'sec-fetch-site': 'cross-site' } }

const clock = new ManualClock(new Date())
let app: TestApp
let cast: Cast

beforeAll(async () => {
  app = await startTestApp({ clock })
  cast = await newCast(app)
})
afterAll(() => app.close())
beforeEach(() => clock.advance(MINUTE))

interface Refused {
  route: string
  because: 'Forbidden' | 'NotFound' | 'StaleForm'
  object?: () => { kind: string; id: string }
  /** What is sent, where it isn't the route with the id in it and a good token. */
  request?: string
  more?: Question
}

const object = (kind: string, id: () => string) => ({ object: () => ({ kind, id: id() }) })
const habit = object('habit', () => cast.ids.habits)
const order = object('order', () => cast.ids.admin)

/** What a saver is refused. */
const CASES: [name: string, refused: Refused][] = [
  ['an admin’s page', { route: 'GET /admin/routes', because: 'Forbidden' }],
  ['the head of an admin’s page', { route: 'HEAD /admin', because: 'Forbidden' }],
  ['an admin’s form', { route: 'POST /admin/payments/stop', because: 'Forbidden' }],
  ['an admin’s order', { route: 'GET /admin/sandbox/payments/:id', because: 'Forbidden', ...order }],
  [
    'an address below the admin’s that there isn’t',
    { route: 'GET (none)', because: 'Forbidden', request: 'GET /admin/nothing' },
  ],
  ['another saver’s habit', { route: 'GET /habits/:id', because: 'NotFound', ...habit }],
  [
    'another saver’s check-off',
    {
      route: 'POST /checkoffs/:id/undo',
      because: 'NotFound',
      ...object('check-off', () => cast.ids.checkoffs),
    },
  ],
  [
    'another saver’s consent',
    { route: 'POST /bank/:id/revoke', because: 'NotFound', ...object('consent', () => cast.ids.bank) },
  ],
  [
    'a payment that there isn’t',
    { route: 'GET /payments/:id', because: 'NotFound', ...object('payment', () => NOWHERE) },
  ],
  [
    'an id that can’t be one',
    { route: 'GET /habits/:id', because: 'NotFound', ...object('habit', () => '%22or%201=1') },
  ],
  [
    'a form without its token',
    { route: 'POST /habits/:id/delete', because: 'StaleForm', ...habit, more: { body: '' } },
  ],
  ['a form from another site', { route: 'POST /settings', because: 'StaleForm', more: CROSS_SITE }],
]

describe.each(CASES)('%s', (_name, { route, because, object, request, more }) => {
  test('is refused, and written down once in the log and once in the audit trail', async () => {
    const thing = object?.() ?? { kind: null, id: null }
    const { answer, written } = await watched('other', request ?? route.replace(':id', thing.id ?? ''), more)
    const actorId = cast.players.other.user?.id
    const ip = expect.stringMatching(/127\.0\.0\.1|::1/)
    const requestId = answer.headers['x-request-id']
    expect(answer.status).toBe(because === 'NotFound' ? 404 : 403)
    expect(refusedIn(written)).toEqual([
      expect.objectContaining({
        level: 'warn',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        route,
        object: thing.id,
        because,
        userId: actorId,
        ip,
        requestId,
        outcome: 'denied',
      }),
    ])
    expect(await auditOf(requestId)).toEqual([
      expect.objectContaining({
        action: 'access.refused',
        outcome: 'refused',
        actorKind: 'saver',
        actorId,
        objectKind: thing.kind,
        objectId: thing.id,
        detail: { route, because },
        ip,
      }),
    ])
  })
})

describe('a refusal', () => {
  test('of somebody who is not signed in stands in the log alone', async () => {
    const { answer, written } = await watched('visitor', 'POST /login', { body: '' })
    expect(answer.status).toBe(403)
    expect(refusedIn(written)).toMatchObject([{ route: 'POST /login', because: 'StaleForm', userId: null }])
    expect(await auditOf(answer.headers['x-request-id'])).toEqual([])
  })

  test('does not tell the one-time part of a link', async () => {
    const request = 'POST /password/reset/a-part-that-nobody-else-may-know'
    const { written } = await watched('visitor', request, { body: '' })
    expect(refusedIn(written)).toMatchObject([{ route: 'POST /password/reset/:token', object: null }])
    expect(written).not.toContain('nobody-else')
  })

  test('stays a refusal when it can’t be written into the audit trail, and the log says so', async () => {
    await app.asOwner('ALTER TABLE "AuditEvent" RENAME TO "away"')
    try {
      const { answer, written } = await watched('other', `GET /habits/${cast.ids.habits}`)
      expect(answer.status).toBe(404)
      expect(linesOf(written).filter(({ level }) => level === 'error')).toMatchObject([
        { message: 'a refusal is missing in the audit trail' },
      ])
      expect(refusedIn(written)).toHaveLength(1)
    } finally {
      await app.asOwner('ALTER TABLE "away" RENAME TO "AuditEvent"')
    }
  })

  test('a hundred times a minute fills the log, but the audit trail only sixty times', async () => {
    const refused = () => app.deps.db.prisma.auditEvent.count({ where: { action: 'access.refused' } })
    const before = await refused()
    const written = await logOf(app, async () => {
      for (let times = 0; times < 100; times += 1) await send(app, cast.players.other, 'GET /admin')
    })
    expect(refusedIn(written)).toHaveLength(100)
    expect(await refused()).toBe(before + 60)
    clock.advance(MINUTE)
    await send(app, cast.players.other, 'GET /admin')
    expect(await refused()).toBe(before + 61)
  })

  test.each<[string, Part, string, number]>([
    ['a page that there isn’t', 'other', 'GET /nothing', 404],
    ['a page for savers', 'visitor', 'GET /dashboard', 303],
    ['a form with a mistake', 'other', 'POST /settings', 422],
    ['a method that there isn’t', 'other', 'DELETE /settings', 405],
  ])('is not made of %s', async (_name, part, request, status) => {
    const { answer, written } = await watched(part, request)
    expect(answer.status).toBe(status)
    expect(refusedIn(written)).toEqual([])
    expect(await auditOf(answer.headers['x-request-id'])).toEqual([])
  })
})

describe('what is sent to mislead whoever reads the log', () => {
  test.each<[string, string, Question?]>([
    ['line breaks in an id', 'GET /habits/%0d%0a%7B%22level%22:%22error%22,%22message%22:%22forged%22%7D'],
    ['line breaks in an address', 'GET /nothing%0a%7B%22message%22:%22forged%22%7D?x=%0d%0a'],
    ['line breaks in a field', 'POST /login', { body: '_csrf=%0d%0a%7B%22message%22%3A%22forged%22%7D' }],
    [
      'a line separator in a header',
      'POST /login',
      { headers: { origin: 'x\x85{"message":"forged"}' }, body: '' },
    ],
    ['colours for a terminal', 'POST /login', { headers: { origin: '\x9b31mred' }, body: '' }],
  ])('%s: every line stays one line, and is ours', async (_name, request, more) => {
    const { written } = await watched('other', request, more)
    const lines = linesOf(written)
    expect(lines.length).toBeGreaterThan(0)
    for (const { message } of lines) expect(['request', 'refused']).toContain(message)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(written.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
  })
})

async function watched(
  part: Part,
  request: string,
  more?: Question,
): Promise<{ answer: Answer; written: string }> {
  const answers: Answer[] = []
  const written = await logOf(app, async () => {
    answers.push(await send(app, cast.players[part], request, more))
  })
  const [answer] = answers
  if (!answer) throw new Error('there was no answer')
  return { answer, written }
}

function refusedIn(written: string) {
  return linesOf(written).filter(({ message }) => message === 'refused')
}

function auditOf(requestId: unknown) {
  return app.deps.db.prisma.auditEvent.findMany({ where: { requestId: String(requestId) } })
}
