import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, confirming, newAdmin, newHabit, newLinkedSaver, newSaver } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const PAGE = '/settings/data'

let app: TestApp
const clock = new ManualClock('2026-06-17T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

describe('a copy of everything', () => {
  test('is one file that no browser keeps or shows', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver, { name: 'Læse' }))
    const shown = await saver.visitor.get(PAGE)
    expect(textOf(shown.text)).toContain('in one file that programs can read')
    const { status, headers, text } = await saver.visitor.post(`${PAGE}/export`)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename=sparvana-data.json',
      'cache-control': 'no-store',
    })
    const { tables } = JSON.parse(text)
    expect(tables.User).toMatchObject([{ email: saver.email, fullName: 'Ida Berg' }])
    expect(tables.Habit).toMatchObject([{ name: 'Læse' }])
    expect(tables.Payment).toMatchObject([{ amountMinor: 2500, currency: 'DKK', state: 'SCHEDULED' }])
    expect(text).not.toContain(saver.user.hashedPwd)
  })

  test('asks for the password again after a while, and comes with it', async () => {
    const saver = await newSaver(app)
    await saver.visitor.get(PAGE)
    clock.advance(6 * MINUTE)
    const late = await saver.visitor.post(`${PAGE}/export`)
    expect([late.status, late.text.includes('Show that it is you')]).toEqual([403, true])
    const shown = await saver.visitor.post(`${PAGE}/export`, confirming(late))
    expect([shown.status, JSON.parse(shown.text).about.whose]).toEqual([200, saver.user.id])
  })

  test('is given three times an hour', async () => {
    const saver = await newSaver(app)
    await saver.visitor.get(PAGE)
    const statuses: number[] = []
    for (let turn = 0; turn < 4; turn += 1) {
      statuses.push((await saver.visitor.post(`${PAGE}/export`)).status)
    }
    expect(statuses).toEqual([200, 200, 200, 429])
    const refused = await saver.visitor.post(`${PAGE}/export`)
    expect(refused.headers['retry-after']).toBe('3600')
  })
})

describe('erasing', () => {
  test('says first what happens and what the law keeps', async () => {
    const saver = await newSaver(app)
    const text = textOf((await saver.visitor.get(`${PAGE}/erase`)).text)
    expect(text).toContain('This can’t be undone')
    expect(text).toContain('kept for 13 months')
    expect(text).toContain(`Type ${saver.email} to show that you mean it.`)
  })

  test.each([
    ['', 'Enter your e-mail address.'],
    ['somebody@example.com', 'This is not the address of this account.'],
  ])('with %j typed does nothing', async (email, sentence) => {
    const saver = await newSaver(app)
    await saver.visitor.get(`${PAGE}/erase`)
    const { status, text } = await saver.visitor.post(`${PAGE}/erase`, { email })
    expect(status).toBe(422)
    expect(textOf(text)).toContain(sentence)
    expect(await app.deps.models.erasures.open(saver.user.id)).toBeNull()
  })

  test('takes the address in whatever case it is typed, and says goodbye', async () => {
    const saver = await newSaver(app)
    await saver.visitor.get(`${PAGE}/erase`)
    const answer = await saver.visitor.post(`${PAGE}/erase`, { email: ` ${saver.email.toUpperCase()} ` })
    expect([answer.status, answer.headers.location]).toEqual([303, '/'])
    expect(await saver.visitor.flashes('/')).toContain('Your account is closed.')
    expect((await saver.visitor.get(PAGE)).headers.location).toBe('/login')
  })

  test('shows the page of the wish while it waits, and is called off there', async () => {
    const saver = await newLinkedSaver(app)
    const facts = { kind: 'order-unknown', objectKey: saver.user.id, firstSeenOn: clock.now() }
    await app.deps.db.prisma.reconciliationDifference.create({
      data: { ...facts, userId: saver.user.id, detail: {}, lastSeenOn: clock.now() },
    })
    await saver.visitor.get(`${PAGE}/erase`)
    const answer = await saver.visitor.post(`${PAGE}/erase`, { email: saver.email })
    expect([answer.status, answer.headers.location]).toEqual([303, PAGE])
    const page = textOf((await saver.visitor.get(PAGE)).text)
    expect(page).toContain('Your account is going to be erased')
    expect(page).toContain('has to be cleared up first')
    expect((await saver.visitor.get(`${PAGE}/erase`)).headers.location).toBe(PAGE)
    await saver.visitor.post(`${PAGE}/erase/call-off`)
    expect(await saver.visitor.flashes(PAGE)).toContain('Called off. Your account stays.')
    await saver.visitor.post(`${PAGE}/erase/call-off`)
    expect(await saver.visitor.flashes(PAGE)).toContain('There was nothing to call off.')
  })

  test('is not for admins', async () => {
    const admin = await newAdmin(app)
    await admin.visitor.get(`${PAGE}/erase`)
    const { status, text } = await admin.visitor.post(`${PAGE}/erase`, { email: admin.email })
    expect([status, textOf(text).includes('take your rights away first')]).toEqual([403, true])
  })
})

test('the page is linked from settings', async () => {
  const saver = await newSaver(app)
  expect((await saver.visitor.get('/settings')).text).toContain(`href="${PAGE}"`)
})
