import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, confirming, newHabit, newLinkedSaver, newSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask, cookieOf } from './support/ask.ts'

const MARKS = 'Date,Meditate,<b>Run</b>,\n2026-06-10,YES_MANUAL,2,\n2026-06-09,perhaps,NO,\n'

const clock = new ManualClock('2026-06-17T10:00:00.000Z')
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { WRITES_PER_MINUTE: '0' } })
})
afterAll(() => app.close())

async function given({ visitor }: Person, text: string) {
  await visitor.get('/import')
  return visitor.post('/import', { text })
}

async function draftOf({ visitor }: Person): Promise<string> {
  const { text } = await visitor.get('/import/preview')
  return /name="draft" value="([^"]+)"/.exec(text)?.[1] ?? ''
}

const rowsOf = ({ user }: Person) => app.deps.db.prisma.checkOff.findMany({ where: { userId: user.id } })

describe('an import', () => {
  test('shows what will happen, and does that once it is confirmed', async () => {
    const saver = await newLinkedSaver(app)
    const answer = await given(saver, MARKS)
    expect([answer.status, answer.headers.location]).toEqual([303, '/import/preview'])
    const page = await saver.visitor.get('/import/preview')
    const shown = textOf(page.text)
    expect(shown).toContain('Nothing is changed yet, and no money will move.')
    expect(shown).toContain('New habits 2')
    expect(shown).toContain('Check-offs 2 recorded only')
    expect(shown).toContain('Line 3 We don’t know this value.')
    expect(page.text).toContain('&lt;b&gt;Run&lt;/b&gt;')
    expect(await rowsOf(saver)).toEqual([])
    const confirmed = await saver.visitor.post('/import/confirm', {
      draft: await draftOf(saver),
      amount: '12,50',
    })
    expect([confirmed.status, confirmed.headers.location]).toEqual([303, '/dashboard'])
    expect(await saver.visitor.flashes()).toContain(
      'Imported: 2 habits and 2 check-offs. No money has moved.',
    )
    expect((await rowsOf(saver)).map(({ recordOnly, amountMinor }) => [recordOnly, amountMinor])).toEqual([
      [true, 1_250],
      [true, 1_250],
    ])
    expect((await saver.visitor.get('/import/preview')).headers.location).toBe('/import')
  })

  test('asks again who is there after a while, because habits decide over money', async () => {
    const saver = await newLinkedSaver(app)
    await given(saver, MARKS)
    const draft = await draftOf(saver)
    clock.advance(6 * MINUTE)
    const late = await saver.visitor.post('/import/confirm', { draft, amount: '25' })
    expect([late.status, textOf(late.text).includes('Habits and check-offs are imported')]).toEqual([
      403,
      true,
    ])
    expect((await saver.visitor.post('/import/confirm', confirming(late))).status).toBe(303)
    expect((await rowsOf(saver)).length).toBe(2)
  })

  test.each([
    ['', 'Enter an amount.'],
    ['0', 'The amount must be more than 0.'],
    ['lots', 'Enter an amount in digits'],
  ])('with the amount %j asks for another one, and keeps what was read', async (amount, sentence) => {
    const saver = await newLinkedSaver(app)
    await given(saver, MARKS)
    const draft = await draftOf(saver)
    const { status, text } = await saver.visitor.post('/import/confirm', { draft, amount })
    expect(status).toBe(422)
    expect(textOf(text)).toContain(sentence)
    expect(await draftOf(saver)).toBe(draft)
    expect(await rowsOf(saver)).toEqual([])
  })

  test('is thrown away by a button', async () => {
    const saver = await newLinkedSaver(app)
    await given(saver, MARKS)
    const draft = await draftOf(saver)
    expect((await saver.visitor.post('/import/discard')).headers.location).toBe('/import')
    const gone = await saver.visitor.post('/import/confirm', { draft, amount: '25' })
    expect([gone.status, textOf(gone.text).includes('This text isn’t there any more')]).toEqual([409, true])
  })

  test('of new habits waits until accounts are chosen', async () => {
    const saver = await newSaver(app)
    await given(saver, MARKS)
    expect(textOf((await saver.visitor.get('/import/preview')).text)).toContain('Choose your accounts first')
    const draft = await app.deps.models.imports.draft(saver.user.id)
    const answer = await saver.visitor.post('/import/confirm', { draft: draft?.id ?? '', amount: '25' })
    expect(answer.status).toBe(409)
  })

  test('takes what another account was exported with, without asking for an amount', async () => {
    const giver = await newLinkedSaver(app)
    await checkOff(app, giver, await newHabit(app, giver, { name: 'Læse' }))
    await giver.visitor.get('/settings/data')
    const { text } = await giver.visitor.post('/settings/data/export')
    const taker = await newSaver(app)
    await given(taker, text)
    const shown = textOf((await taker.visitor.get('/import/preview')).text)
    expect(shown).toContain('Check-offs that were paid come back as recorded')
    expect(shown).toContain('every day, 25.00 kr each time')
    expect((await taker.visitor.post('/import/confirm', { draft: await draftOf(taker) })).status).toBe(303)
    expect(await rowsOf(taker)).toMatchObject([{ recordOnly: true, amountMinor: 2_500 }])
  })

  test('takes a statement, also as a spreadsheet of the north has saved it', async () => {
    const giver = await newLinkedSaver(app)
    await checkOff(app, giver, await newHabit(app, giver, { name: '=1+1', amount: '12,50' }))
    await giver.visitor.get('/statement')
    const wish = { from: '', until: '', habit: '', kind: '', state: '', format: 'csv' }
    const { text } = await giver.visitor.post('/statement/download', wish)
    const northern = text.replaceAll(',', ';').replace('12.50', '12,50')
    for (const file of [text, northern]) {
      const taker = await newSaver(app)
      await given(taker, file)
      await taker.visitor.post('/import/confirm', { draft: await draftOf(taker) })
      const [habit] = await app.deps.db.prisma.habit.findMany({ where: { userId: taker.user.id } })
      expect(habit?.name).toBe('=1+1')
      expect(await rowsOf(taker)).toMatchObject([{ amountMinor: 1_250, currency: 'DKK', isBackfill: false }])
    }
  })
})

describe('the text', () => {
  test('may be large; ten thousand lines of it pass through the form', async () => {
    const saver = await newLinkedSaver(app)
    const lines = Array.from({ length: 10_000 }, (_, index) =>
      new Date(Date.UTC(2026, 5, 16 - index)).toISOString().slice(0, 10),
    )
    const answer = await given(saver, `Date,Run,\n${lines.map((day) => `${day},YES_MANUAL,\n`).join('')}`)
    expect(answer.headers.location).toBe('/import/preview')
    expect(textOf((await saver.visitor.get('/import/preview')).text)).toContain('Check-offs 10 000')
  })

  test('may not be larger than five million characters, and no body larger than nine megabytes (S-033)', async () => {
    const saver = await newSaver(app)
    expect((await given(saver, 'x'.repeat(5_000_001))).status).toBe(422)
    expect((await given(saver, 'x'.repeat(9_500_000))).status).toBe(413)
  })

  test('may be large for nobody else, and nowhere else', async () => {
    const visitor = new Visitor(app)
    await visitor.get('/login')
    expect((await visitor.post('/import', { text: 'x'.repeat(20_000) })).status).toBe(413)
    const saver = await newSaver(app)
    await saver.visitor.get('/import')
    for (const path of ['/settings', '/import/confirm', '/import/'])
      expect((await saver.visitor.post(path, { text: 'x'.repeat(20_000) })).status).toBe(413)
  })

  test.each(['multipart/form-data; boundary=x', 'text/csv', 'application/json', 'application/xml'])(
    'is no %s: files are read in the browser (S-033)',
    async (type) => {
      const saver = await newSaver(app)
      const headers = { cookie: await cookieOf(saver.visitor, '/import'), 'content-type': type }
      expect((await ask(app, 'POST', '/import', { headers, body: MARKS })).status).toBe(415)
    },
  )

  test.each([
    ['', 'Choose a file, or paste its text.'],
    ['nonsense', 'Line 1: We don’t know this kind of text.'],
    ['Date,A,\n2026-06-10,"2\n', 'Line 2: The text breaks off'],
  ])('%j is refused with a sentence at the field, and not shown again', async (text, sentence) => {
    const saver = await newSaver(app)
    const answer = await given(saver, text)
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain(sentence)
    expect(answer.text).toMatch(/<textarea[^>]*><\/textarea>/)
  })

  test('is kept nowhere: only what it would bring is', async () => {
    const saver = await newLinkedSaver(app)
    await given(saver, `${MARKS}2026-06-08,SECRET-REMARK,NO,\n`)
    const { rows } = await app.deps.db.pool.query(
      `SELECT plan::text AS plan FROM "ImportDraft" WHERE "userId" = $1`,
      [saver.user.id],
    )
    expect(rows.length).toBe(1)
    expect(rows[0].plan).not.toContain('SECRET-REMARK')
  })
})

test('an erased saver leaves no text waiting', async () => {
  const saver = await newLinkedSaver(app)
  await given(saver, MARKS)
  await saver.visitor.get('/settings/data/erase')
  await saver.visitor.post('/settings/data/erase', { email: saver.email })
  await app.deps.models.erasures.erase(saver.user.id, null, {
    kind: 'worker',
    id: null,
    ip: null,
    requestId: null,
  })
  expect(await app.deps.db.prisma.importDraft.count({ where: { userId: saver.user.id } })).toBe(0)
})
