import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import {
  type goals as goalsShown,
  type pastDays,
  paymentWithStory,
  problem,
} from '../../src/controllers/api/schemas.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, newSaver, offerOf, type Person } from '../support/people.ts'
import { type Asking, askApi, newToken } from '../support/programs.ts'
import { snapshot } from './support/snapshot.ts'

const clock = new ManualClock(new Date('2026-06-17T10:00:00.000Z'))
let app: TestApp
let saver: Person
let secret: string

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { API_REQUESTS_PER_MINUTE: '0' } })
  saver = await newLinkedSaver(app)
  secret = (await newToken(app, saver.user.id)).secret
})
afterAll(() => app.close())

const api = (request: string, asking?: Asking) => askApi(app, secret, request, asking)
/** Days pass here, and sessions end with them: no page is asked. */
async function often(name: string): Promise<string> {
  const wish = { name, frequency: 10, interval: 1, amountMinor: 1_250 }
  const { id } = await app.deps.models.habits.create(saver.user, wish, 'DKK', by())
  return id
}
const by = () => ({ kind: 'saver', id: saver.user.id, ip: null, requestId: null }) as const
const key = (text: string) => ({ 'idempotency-key': text })

const offerFor = (habit: string) => offerOf(app, saver, habit)

async function typeOf(answer: { text: string }): Promise<string> {
  return problem.parse(JSON.parse(answer.text)).type.split('#')[1] ?? ''
}

describe('checking off', () => {
  test('sends the habit’s offer back, and moves the money of the page', async () => {
    const id = await often('Run')
    const { json: habit } = await api(`GET /habits/${id}`)
    expect(habit).toMatchObject({
      name: 'Run',
      standing: 'open',
      offer: { day: '2026-06-17', slot: 1, version: 1 },
      terms: { times: 10, days: 1, amount: { minor: 1250, currency: 'DKK' } },
    })
    const made = await api(`POST /habits/${id}/check-offs`, { body: habit.offer })
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({
      habitId: id,
      day: '2026-06-17',
      slot: 1,
      state: 'recorded',
      pays: true,
    })
    const payments = await app.deps.db.prisma.payment.findMany({
      where: { checkOffs: { some: { habitId: id } } },
    })
    expect(payments.map(({ amountMinor, state }) => [amountMinor, state])).toEqual([[1250, 'SCHEDULED']])
    const line = await app.deps.db.prisma.auditEvent.findFirstOrThrow({
      where: { action: 'check-off.recorded', subjectId: saver.user.id },
    })
    expect(line).toMatchObject({ actorId: saver.user.id, actorKind: 'saver' })
    const { id: tokenId } = await app.deps.db.prisma.apiToken.findFirstOrThrow({
      where: { userId: saver.user.id },
    })
    expect(line.detail).toMatchObject({ via: tokenId })
  })

  test('of the same place counts once, however many send it at one moment', async () => {
    const id = await often('Read')
    const body = await offerFor(id)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api(`POST /habits/${id}/check-offs`, { body })),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(19).fill(200), 201])
    expect(await app.deps.db.prisma.payment.count({ where: { checkOffs: { some: { habitId: id } } } })).toBe(
      1,
    )
  })

  test('can be taken back, as often as wanted, until the money is sent', async () => {
    const id = await often('Swim')
    const made = await api(`POST /habits/${id}/check-offs`, { body: await offerFor(id) })
    const address = `DELETE /check-offs/${made.json.id}`
    expect([(await api(address)).status, (await api(address)).status]).toEqual([204, 204])
    const again = await api(`POST /habits/${id}/check-offs`, { body: await offerFor(id) })
    clock.advance(5 * MINUTE)
    await app.settleDue()
    const late = await api(`DELETE /check-offs/${again.json.id}`)
    expect([late.status, await typeOf(late)]).toEqual([409, 'too-late'])
    expect(late.json).toMatchObject({ paymentId: again.json.paymentId })
    const paid = await api(`GET /payments/${again.json.paymentId}`)
    const { moves, checkOffIds } = paymentWithStory.parse(paid.json)
    expect(moves.length).toBeGreaterThan(1)
    expect(checkOffIds).toEqual([again.json.id])
  })

  test('is refused in words when the offer is no longer good', async () => {
    const id = await often('Cook')
    const offer = await offerFor(id)
    const refusalOf = async (body: object) => {
      const answer = await api(`POST /habits/${id}/check-offs`, { body })
      return [answer.status, await typeOf(answer)]
    }
    expect(await refusalOf({ ...offer, day: '2026-06-16' })).toEqual([409, 'day-changed'])
    expect(await refusalOf({ ...offer, slot: 7 })).toEqual([409, 'place-taken'])
    expect(await refusalOf({ ...offer, version: 9 })).toEqual([409, 'terms-changed'])
    const once = await newHabit(app, saver, { name: 'Once' })
    const only = await offerFor(once)
    await api(`POST /habits/${once}/check-offs`, { body: only })
    const more = await api(`POST /habits/${once}/check-offs`, { body: { ...only, slot: 2 } })
    expect([more.status, await typeOf(more)]).toEqual([409, 'period-complete'])
    await app.deps.models.habits.remove(saver.user.id, id, by())
  })

  test('before accounts are chosen is refused, and records nothing', async () => {
    const newcomer = await newLinkedSaver(app)
    const id = await newHabit(app, newcomer)
    const body = await offerOf(app, newcomer, id)
    await app.deps.db.prisma.account.updateMany({
      where: { userId: newcomer.user.id },
      data: { isDebitor: false, isCreditor: false },
    })
    const own = (await newToken(app, newcomer.user.id)).secret
    const before = await snapshot(app)
    const answer = await askApi(app, own, `POST /habits/${id}/check-offs`, { body })
    expect([answer.status, await typeOf(answer)]).toEqual([409, 'no-accounts'])
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('a saver who wishes to be asked first', () => {
  test('is not passed over: nothing is recorded, and the answer says why', async () => {
    const asked = await newLinkedSaver(app)
    const own = (await newToken(app, asked.user.id)).secret
    const cheap = await newHabit(app, asked, { name: 'Cheap', amount: '5', frequency: 10 })
    const dear = await newHabit(app, asked, { name: 'Dear', amount: '50', frequency: 10 })
    await asked.visitor.post('/settings/check-offs', { above: '20' })
    expect((await askApi(app, own, 'GET /me')).json).toMatchObject({
      saver: { asksAtCheckOff: false, asksAbove: { minor: 2000, currency: 'DKK' } },
    })
    const send = async (habit: string) =>
      askApi(app, own, `POST /habits/${habit}/check-offs`, {
        body: await offerOf(app, asked, habit),
        headers: key(`asked-${habit}`),
      })
    const before = await snapshot(app)
    const refused = await send(dear)
    expect([refused.status, await typeOf(refused)]).toEqual([403, 'asks-first'])
    expect(await snapshot(app)).toEqual(before)
    expect((await send(cheap)).status).toBe(201)
    await asked.visitor.post('/settings/check-offs', { always: 'yes', above: '20' })
    const always = await askApi(app, own, `POST /habits/${cheap}/check-offs`, {
      body: await offerOf(app, asked, cheap),
    })
    expect([always.status, await typeOf(always)]).toEqual([403, 'asks-first'])
  })
})

describe('past days', () => {
  /** One that was made five days ago. @returns the program's way to it. */
  async function forgotten(facts: { frequency?: number; amountMinor?: number } = {}) {
    const person = await newLinkedSaver(app)
    const own = (await newToken(app, person.user.id)).secret
    const wish = { name: 'Yoga', frequency: 1, interval: 1, amountMinor: 1_250, ...facts }
    const { id } = await app.deps.models.habits.create(person.user, wish, 'DKK', by())
    clock.advance(5 * DAY)
    const send = (body: object, headers = {}) =>
      askApi(app, own, `POST /habits/${id}/past-days`, { body, headers })
    const days = async () => {
      const { json } = await askApi(app, own, `GET /habits/${id}/past-days`)
      return (json as z.infer<typeof pastDays>).data
    }
    const paymentsOf = () => app.deps.db.prisma.payment.findMany({ where: { userId: person.user.id } })
    return { id, person, send, days, paymentsOf }
  }

  test('are offered by the terms of each, and made up for with money or without', async () => {
    const { id, person, send, days, paymentsOf } = await forgotten()
    const open = await days()
    expect(open.length).toBe(5)
    expect(open[0]).toMatchObject({
      amount: { minor: 1250, currency: 'DKK' },
      offer: { slot: 1, version: 1 },
    })
    const [first, second] = open
    const paid = await send({ ...first?.offer, pays: true })
    expect([paid.status, paid.json]).toMatchObject([201, { pays: true, isBackfill: true, habitId: id }])
    const only = await send({ ...second?.offer, pays: false })
    expect([only.status, only.json]).toMatchObject([201, { pays: false, isBackfill: true, paymentId: null }])
    expect((await paymentsOf()).map(({ amountMinor }) => amountMinor)).toEqual([1_250])
    expect((await days()).length).toBe(3)
    // The page offers what is left, and nothing else.
    const shown = await app.deps.models.checkOffs.openDays(person.user, id)
    expect(shown.map(({ day }) => day)).toEqual((await days()).map(({ offer: { day } }) => day))
  })

  test('count once, however many send the same at one moment', async () => {
    const { send, days, paymentsOf } = await forgotten()
    const body = { ...(await days())[0]?.offer, pays: true }
    const answers = await Promise.all([1, 2, 3, 4].map(() => send(body)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201])
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect((await paymentsOf()).length).toBe(1)
    const again = await send(body, key('once'))
    expect((await send(body, key('once'))).text).toBe(again.text)
  })

  test('are refused in words when they can’t be, and nothing is recorded', async () => {
    const { send, days, person } = await forgotten()
    const [, offered] = await days()
    const offer = offered?.offer ?? { day: '', slot: 0, version: 0 }
    const inDay = (days_: number) => new Date(Date.parse(offer.day) + days_ * DAY).toISOString().slice(0, 10)
    const before = await snapshot(app)
    for (const [change, status, words] of [
      [{ day: inDay(2) }, 409, 'in-future'],
      [{ day: inDay(3) }, 409, 'in-future'],
      [{ day: inDay(-4) }, 409, 'before-start'],
      [{ day: inDay(-6) }, 409, 'too-old'],
      [{ slot: 2 }, 409, 'place-taken'],
      [{ version: 2 }, 409, 'terms-changed'],
      [{ pays: 'no' }, 422, 'invalid'],
      [{ amount: 1 }, 422, 'invalid'],
    ] as const) {
      const answer = await send({ ...offer, pays: false, ...change })
      expect([change, answer.status, await typeOf(answer)]).toEqual([change, status, words])
    }
    expect(await snapshot(app)).toEqual(before)
    await send({ ...offer, pays: false })
    const second = await send({ ...offer, slot: 2, pays: false })
    expect([second.status, await typeOf(second)]).toEqual([409, 'period-complete'])
    expect(await app.deps.db.prisma.payment.count({ where: { userId: person.user.id } })).toBe(0)
  })

  test('of a saver who wishes to be asked first pay nothing, but may be recorded', async () => {
    const { send, days, person } = await forgotten({ amountMinor: 5_000 })
    await app.deps.db.prisma.user.update({ where: { id: person.user.id }, data: { asksAtCheckOff: true } })
    const body = { ...(await days())[0]?.offer, pays: true }
    const refused = await send(body)
    expect([refused.status, await typeOf(refused)]).toEqual([403, 'asks-first'])
    expect((await send({ ...body, pays: false })).status).toBe(201)
  })
})

describe('goals', () => {
  test('say what they hold and how they get on, in their order, and nobody else’s', async () => {
    const person = await newLinkedSaver(app)
    const own = (await newToken(app, person.user.id, ['goals:read'])).secret
    const wish = { name: 'Save', frequency: 1, interval: 1, amountMinor: 3_000 }
    const habit = await app.deps.models.habits.create(person.user, wish, 'DKK', by())
    const goal = { targetMinor: 2_000, byDay: null, picture: 'boat', habitIds: [] }
    const { goals } = app.deps.models
    const day = new Date(clock.now().getTime() + 100 * DAY).toISOString().slice(0, 10)
    await goals.create(person.user.id, { ...goal, name: 'Small' }, 'DKK', by())
    await goals.create(
      person.user.id,
      { ...goal, name: 'Large', targetMinor: 9_000, byDay: day },
      'DKK',
      by(),
    )
    const gone = await goals.create(person.user.id, { ...goal, name: 'Gone' }, 'DKK', by())
    await goals.archive(person.user.id, gone.id, false, by())
    const { json: empty } = await askApi(app, own, 'GET /goals')
    expect(empty).toMatchObject({ data: [{ saved: { minor: 0 } }, { saved: { minor: 0 } }] })
    await app.deps.models.checkOffs.record(person.user, habit.id, await offerOf(app, person, habit.id), by())
    for (let round = 0; round < 3; round += 1) {
      clock.advance(2 * MINUTE)
      await app.settleDue()
    }
    const { json } = await askApi(app, own, 'GET /goals')
    const at = clock.now().toISOString()
    expect(json).toMatchObject({
      data: [
        {
          name: 'Small',
          target: { minor: 2_000, currency: 'DKK' },
          saved: { minor: 2_000, currency: 'DKK' },
          state: 'full',
          byDay: null,
          pace: { fullOn: null, isOnTrack: null },
        },
        {
          name: 'Large',
          saved: { minor: 1_000 },
          state: 'filling',
          reachedOn: null,
          byDay: day,
          pace: { perWeek: { minor: 1_000, currency: 'DKK' }, isOnTrack: true },
        },
      ],
    })
    const [small] = (json as z.infer<typeof goalsShown>).data
    expect(small?.reachedOn && small.reachedOn <= at).toBe(true)
    expect((await api('GET /goals')).json).toEqual({ data: [] })
    const without = (await newToken(app, person.user.id, ['habits:read'])).secret
    expect((await askApi(app, without, 'GET /goals')).json).toMatchObject({ scope: 'goals:read' })
  })
})

describe('an Idempotency-Key', () => {
  test('gets the same request the same answer for a day, also a refusal, and after the check-off is gone', async () => {
    const id = await often('Walk')
    const body = await offerFor(id)
    const send = (with_: Asking = {}) =>
      api(`POST /habits/${id}/check-offs`, { body, headers: key('walk-1'), ...with_ })
    const first = await send()
    await api(`DELETE /check-offs/${first.json.id}`)
    clock.advance(23 * HOUR)
    const second = await send()
    expect([second.status, second.text]).toEqual([201, first.text])
    expect(second.headers['idempotency-replayed']).toBe('true')
    const late = await send({ headers: key('walk-2') })
    const lateAgain = await send({ headers: key('walk-2') })
    expect([late.status, late.text]).toEqual([409, lateAgain.text])
    clock.advance(2 * HOUR)
    const forgotten = await send()
    expect([forgotten.status, await typeOf(forgotten)]).toEqual([409, 'day-changed'])
  })

  test('is refused with another body, another habit, and is another saver’s own', async () => {
    const [one, two] = [await often('One'), await often('Two')]
    const body = await offerFor(one)
    const headers = key('mine')
    expect((await api(`POST /habits/${one}/check-offs`, { body, headers })).status).toBe(201)
    const others = [
      await api(`POST /habits/${one}/check-offs`, { body: { ...body, slot: 2 }, headers }),
      await api(`POST /habits/${two}/check-offs`, { body, headers }),
    ]
    for (const answer of others) expect([answer.status, await typeOf(answer)]).toEqual([422, 'key-reused'])
    const other = await newLinkedSaver(app)
    const own = (await newToken(app, other.user.id)).secret
    const habit = await newHabit(app, other)
    const theirs = await askApi(app, own, `POST /habits/${habit}/check-offs`, {
      body: await offerOf(app, other, habit),
      headers,
    })
    expect(theirs.status).toBe(201)
  })

  test('of twenty at one moment lets one do the work; the others get its answer or are told to wait', async () => {
    const id = await often('Sing')
    const body = await offerFor(id)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api(`POST /habits/${id}/check-offs`, { body, headers: key('sing') })),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => ![201, 409].includes(status))).toEqual([])
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size).toBe(1)
    for (const answer of answers.filter(({ status }) => status === 409))
      expect(await typeOf(answer)).toBe('under-way')
  })

  test('that is none is refused', async () => {
    const id = await often('Hum')
    const body = await offerFor(id)
    for (const bad of ['', 'a b', 'é', 'x'.repeat(256)]) {
      const answer = await api(`POST /habits/${id}/check-offs`, { body, headers: key(bad) })
      expect([bad, answer.status]).toEqual([bad, 422])
      expect(answer.json).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] })
    }
  })
})

describe('lists', () => {
  test('are read page by page to their end, each row once, the newest first', async () => {
    const many = await newLinkedSaver(app)
    const own = (await newToken(app, many.user.id)).secret
    const id = await newHabit(app, many, { frequency: 10 })
    for (let slot = 0; slot < 7; slot += 1) {
      const body = await offerOf(app, many, id)
      await askApi(app, own, `POST /habits/${id}/check-offs`, { body })
    }
    for (const list of ['check-offs', 'payments']) {
      const seen: string[] = []
      let next: string | null = `/api/v1/${list}?limit=3`
      let pages = 0
      while (next !== null) {
        const answer = await askApi(app, own, `GET ${next.replace('/api/v1', '')}`)
        const page = answer.json as { data: { id: string }[]; next: string | null }
        seen.push(...page.data.map((row) => row.id))
        next = page.next
        pages += 1
      }
      expect([list, pages, new Set(seen).size]).toEqual([list, 3, 7])
      expect(seen).toEqual([...seen].sort().reverse())
    }
  })

  test('of check-offs can be narrowed to days and a habit, and keep that on the next page', async () => {
    const id = await often('Days')
    for (let day = 0; day < 3; day += 1) {
      await api(`POST /habits/${id}/check-offs`, { body: await offerFor(id) })
      clock.advance(DAY)
    }
    const { json: all } = await api(`GET /check-offs?habitId=${id}`)
    const days = (all.data as { day: string }[]).map(({ day }) => day)
    expect(days).toHaveLength(3)
    const { json: some } = await api(`GET /check-offs?habitId=${id}&from=${days[1]}&until=${days[0]}&limit=1`)
    expect(some).toMatchObject({ data: [{ day: days[0] }] })
    expect(some.next).toContain(`from=${days[1]}`)
    const { json: rest } = await api(`GET ${(some.next as string).replace('/api/v1', '')}`)
    expect(rest).toMatchObject({ data: [{ day: days[1] }], next: null })
  })

  test.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'before=1',
    'from=yesterday',
    'limit=1&limit=2',
    'userId=1',
    'a[b]=1',
  ])('refuse %s, naming the field where it is one of theirs', async (query) => {
    const answer = await api(`GET /check-offs?${query}`)
    expect([answer.status, await typeOf(answer)]).toEqual([422, 'invalid'])
  })
})

describe('what fails', () => {
  const offer = { day: '2026-06-17', slot: 1, version: 1 }
  test.each<[string, Asking, number, string]>([
    ['no JSON', { body: '{' }, 400, 'unreadable'],
    ['a bare word', { body: '"x"' }, 400, 'unreadable'],
    ['a list', { body: [offer] }, 422, 'invalid'],
    [
      'a form',
      { body: 'day=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'wrong-content-type',
    ],
    [
      'another charset',
      { body: offer, headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
      415,
      'wrong-content-type',
    ],
    [
      'what is compressed',
      { body: offer, headers: { 'content-encoding': 'gzip' } },
      415,
      'wrong-content-type',
    ],
    ['too much', { body: { ...offer, more: 'x'.repeat(5_000) } }, 413, 'too-large'],
    ['a field too many', { body: { ...offer, userId: 'x' } }, 422, 'invalid'],
    [
      'a prototype',
      { body: '{"day":"2026-06-17","slot":1,"version":1,"__proto__":{"isAdmin":true}}' },
      422,
      'invalid',
    ],
    ['a field too few', { body: { day: offer.day } }, 422, 'invalid'],
    ['a number as text', { body: { ...offer, slot: '1' } }, 422, 'invalid'],
    ['a slot that none can be', { body: { ...offer, slot: 0 } }, 422, 'invalid'],
    ['half a slot', { body: { ...offer, slot: 1.5 } }, 422, 'invalid'],
    ['nothing at all', {}, 415, 'wrong-content-type'],
    ['nothing in it', { body: {} }, 422, 'invalid'],
    ['another answer than JSON', { body: offer, headers: { accept: 'text/html' } }, 406, 'not-acceptable'],
    ['another host', { body: offer, headers: { host: 'evil.example' } }, 421, 'wrong-host'],
  ])('%s', async (_name, asking, status, type) => {
    const id = await often('Fail')
    const before = await snapshot(app)
    const answer = await api(`POST /habits/${id}/check-offs`, asking)
    expect([answer.status, await typeOf(answer)]).toEqual([status, type])
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(problem.parse(answer.json).status).toBe(status)
    expect(await snapshot(app)).toEqual(before)
    await app.deps.models.habits.remove(saver.user.id, id, by())
  })

  test('names the field, and says nothing back that was made up', async () => {
    const id = await often('Named')
    const body = { ...(await offerFor(id)), slot: 'one', '<script>': 1 }
    const answer = await api(`POST /habits/${id}/check-offs`, { body })
    expect(answer.json).toMatchObject({ errors: [{ field: 'slot' }, { field: null }] })
    expect(answer.text).not.toContain('script')
  })

  test('what isn’t there, or can’t be an id, is 404 below the API, and never a page', async () => {
    for (const path of [
      '/nothing',
      '',
      '/habits/1',
      `/habits/${crypto.randomUUID()}`,
      '/habits/%00',
      '/payments/x',
    ]) {
      const answer = await api(`GET ${path}`)
      expect([path, answer.status, await typeOf(answer)]).toEqual([path, 404, 'not-found'])
    }
    const broken = await api('GET /habits/%ff')
    expect([broken.status, await typeOf(broken)]).toEqual([400, 'unreadable'])
  })

  test('trouble inside says nothing of what is inside', async () => {
    await app.asOwner('ALTER TABLE "Habit" RENAME TO "away"')
    const answer = await api('GET /habits').finally(() => app.asOwner('ALTER TABLE "away" RENAME TO "Habit"'))
    expect([answer.status, await typeOf(answer)]).toEqual([500, 'server-error'])
    expect(answer.text).not.toMatch(/prisma|relation|\.ts:/i)
  })

  test('is told without a token by the challenge alone', async () => {
    const none = await askApi(app, null, 'GET /habits')
    expect(none.headers['www-authenticate']).toBe('Bearer realm="Sparvana"')
    const wrong = await askApi(app, 'spv_wrong', 'GET /habits')
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="Sparvana", error="invalid_token"')
  })
})

describe('a request', () => {
  test('makes no session and sets no cookie', async () => {
    const sessions = () => app.deps.db.pool.query('SELECT count(*)::int AS count FROM session')
    const before = (await sessions()).rows[0].count
    const answers = [
      await api('GET /habits'),
      await askApi(app, null, 'GET /habits'),
      await api('GET /nothing'),
    ]
    for (const { headers } of answers) expect(headers).not.toHaveProperty('set-cookie')
    expect((await sessions()).rows[0].count).toBe(before)
  })

  test('has no need of what browsers say of where they come from, and gives no other site an answer', async () => {
    const answer = await api('GET /habits', { headers: { origin: 'https://evil.example' } })
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('is noted as its token’s last use, to the minute', async () => {
    const own = await newToken(app, saver.user.id)
    const last = async () =>
      (await app.deps.db.prisma.apiToken.findUniqueOrThrow({ where: { id: own.token.id } })).lastUsedAt
    await askApi(app, own.secret, 'GET /me')
    const first = await last()
    expect(first).toEqual(clock.now())
    clock.advance(30_000)
    await askApi(app, own.secret, 'GET /me')
    expect(await last()).toEqual(first)
    clock.advance(31_000)
    await askApi(app, own.secret, 'GET /me')
    expect(await last()).toEqual(clock.now())
  })
})

describe('many requests', () => {
  test('of one token are kept to so many a minute, and every answer says how many are left', async () => {
    const limited = await startTestApp({ clock, settings: { API_REQUESTS_PER_MINUTE: '3' } })
    try {
      const one = await newSaver(limited)
      const [first, second] = [await newToken(limited, one.user.id), await newToken(limited, one.user.id)]
      const answers = []
      for (let turn = 0; turn < 4; turn += 1) answers.push(await askApi(limited, first.secret, 'GET /me'))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
      expect(answers[0]?.headers).toMatchObject({
        ratelimit: '"token";r=2;t=60',
        'ratelimit-policy': '"token";q=3;w=60',
      })
      expect(answers[3]?.headers).toMatchObject({ ratelimit: '"token";r=0;t=60', 'retry-after': '60' })
      expect((await askApi(limited, second.secret, 'GET /me')).status).toBe(200)
      clock.advance(MINUTE)
      expect((await askApi(limited, first.secret, 'GET /me')).status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  test('for what is others’ make the account rest, at the API too', async () => {
    const curious = await newLinkedSaver(app)
    const own = (await newToken(app, curious.user.id)).secret
    for (let turn = 0; turn < 20; turn += 1) await askApi(app, own, `GET /habits/${crypto.randomUUID()}`)
    await app.deps.models.detection.look()
    const answer = await askApi(app, own, 'GET /me')
    expect([answer.status, await typeOf(answer)]).toEqual([429, 'too-many-requests'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(60)
  })
})
