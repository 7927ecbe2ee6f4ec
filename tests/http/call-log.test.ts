/** What admins see of the calls to the bank: every one, once, with what may be kept of it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { API_WORDS } from '../../src/controllers/view-models/call-words.ts'
import type { BankCall } from '../../src/generated/client.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { madeUpCall } from './support/calls.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let admin: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
})
afterAll(() => app.close())

const see = (path: string) => admin.visitor.get(path)

/** Calls that nobody made, some minutes apart, the newest first. */
async function callsInThePast(count: number, facts: Partial<BankCall>): Promise<string[]> {
  const newest = clock.now().getTime() - 30 * DAY
  const rows = Array.from({ length: count }, (_, place) =>
    madeUpCall(new Date(newest - place * MINUTE), facts),
  )
  await app.deps.db.prisma.bankCall.createMany({ data: rows })
  return rows.map(({ id }) => id)
}

const idsIn = (html: string) =>
  [...html.matchAll(/href="\/admin\/calls\/([0-9a-f-]{36})"/g)].map(([, id]) => id)

describe('the log of bank calls', () => {
  test('has each call of the main job that the bank has seen, and no other', async () => {
    app.sandbox.control.clearRequests()
    const before = await app.deps.db.prisma.bankCall.count()
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(2 * MINUTE)
    await app.settleDue()
    const seen = app.sandbox.control.requests()
    const logged = await app.deps.db.prisma.bankCall.findMany({ orderBy: { at: 'asc' } })
    const ours = logged.slice(before)
    const named = (calls: readonly { method: string; path: string }[]) =>
      calls.map(({ method, path }) => `${method} ${path.split('?')[0]}`).sort()
    expect(ours.length).toBeGreaterThan(5)
    expect(named(ours)).toEqual(named(seen))
    const page = await see(`/admin/calls?saver=${saver.user.id}`)
    for (const { id } of ours.filter(({ onBehalfOfId }) => onBehalfOfId === saver.user.id))
      expect(idsIn(page.text)).toContain(id)
  })

  test('names every call in words', async () => {
    const made = await app.deps.db.prisma.bankCall.findMany({ distinct: ['api'], select: { api: true } })
    expect(made.map(({ api }) => api).filter((api) => !(api in API_WORDS))).toEqual([])
  })

  test('is paged by place: each call once, however many came in between', async () => {
    const saverId = randomUUID()
    const ids = await callsInThePast(120, { onBehalfOfId: saverId })
    const shown: (string | undefined)[] = []
    let path: string | undefined = `/admin/calls?saver=${saverId}`
    while (path) {
      const page = await see(path)
      shown.push(...idsIn(page.text))
      path = /href="([^"]+)" *>Older|rel="next" href="([^"]+)"/.exec(page.text)?.[2]?.replaceAll('&amp;', '&')
      await callsInThePast(1, { onBehalfOfId: saverId, at: clock.now() })
    }
    expect(shown).toEqual(ids)
  })

  test.each([
    ['the call', { api: 'payments.confirm' }, 'api=payments.confirm'],
    ['trouble of any kind', { outcome: 'timeout', httpStatus: null }, 'outcome=trouble'],
    ['one outcome', { outcome: 'rate-limited', httpStatus: 429 }, 'outcome=rate-limited'],
    ['the request', { requestId: 'r-4711' }, 'request=r-4711'],
  ] as const)('can be narrowed to %s', async (_what, facts, query) => {
    const saverId = randomUUID()
    const wanted = await callsInThePast(2, { onBehalfOfId: saverId, ...facts })
    await callsInThePast(2, { onBehalfOfId: saverId, api: 'payments.list' })
    const page = await see(`/admin/calls?saver=${saverId}&${query}`)
    expect(idsIn(page.text)).toEqual(wanted)
  })

  test('can be narrowed to days, the last one whole', async () => {
    const saverId = randomUUID()
    const at = (instant: string) => callsInThePast(1, { onBehalfOfId: saverId, at: new Date(instant) })
    await at('2026-01-09T23:59:59.999Z')
    const [first] = await at('2026-01-10T00:00:00.000Z')
    const [last] = await at('2026-01-11T23:59:59.999Z')
    await at('2026-01-12T00:00:00.000Z')
    const page = await see(`/admin/calls?saver=${saverId}&from=2026-01-10&until=2026-01-11`)
    expect(idsIn(page.text)).toEqual([last, first])
  })

  test.each([
    ['saver', 'nobody', 'An id looks like'],
    ['from', '2026-02-30', 'A day looks like'],
    ['api', 'rob.bank', 'Choose one of the list.'],
  ])('says at the field what is wrong with %s', async (field, value, message) => {
    const page = await see(`/admin/calls?${field}=${value}&request=kept`)
    expect(page.status).toBe(422)
    expect(new RegExp(`id="${field}-error"[\\s\\S]*?${message}`).test(page.text)).toBe(true)
    expect(page.text).toContain('value="kept"')
  })

  test('refuses a field that comes twice, and does not look at what it does not know', async () => {
    expect((await see('/admin/calls?colour=red')).status).toBe(200)
    expect((await see('/admin/calls?request=a&request=b')).status).toBe(422)
  })

  test('begins at the top with a place that is none', async () => {
    const page = await see('/admin/calls?before=yesterday')
    expect([page.status, idsIn(page.text).length > 0]).toEqual([200, true])
  })
})

describe('one call', () => {
  test('shows what was sent and answered, as it was kept', async () => {
    const requestBody = JSON.stringify({ amount: 12.5, creditor: '…8028' })
    const [id = ''] = await callsInThePast(1, { requestBody, responseBody: 'no JSON <b>' })
    const page = await see(`/admin/calls/${id}`)
    const text = textOf(page.text)
    expect(text).toContain('"amount": 12.5')
    expect(page.text).toContain('no JSON &lt;b&gt;')
  })

  test('leads to what the same request did besides', async () => {
    const requestId = randomUUID()
    const [first = '', second = ''] = await callsInThePast(2, { requestId })
    const page = await see(`/admin/calls/${first}`)
    expect(idsIn(page.text)).toEqual([second])
  })

  test('that is not there is not found', async () => {
    expect((await see(`/admin/calls/${randomUUID()}`)).status).toBe(404)
    expect((await see('/admin/calls/1')).status).toBe(404)
  })
})
