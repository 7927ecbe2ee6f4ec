import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { readPdf } from '../support/pdf.ts'
import { checkOff, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const PAGE = '/statement'
const NO_FILTER = { from: '', until: '', habit: '', kind: '', state: '' }

const clock = new ManualClock('2026-06-17T10:00:00.000Z')
let app: TestApp
let saver: Person
let run: string

beforeAll(async () => {
  app = await startTestApp({ clock })
  saver = await newLinkedSaver(app)
  run = await newHabit(app, saver, { name: '=HYPERLINK("x")', amount: '12,50' })
  await checkOff(app, saver, run)
  clock.advance(MINUTE)
  await app.settleDue()
  clock.advance(MINUTE)
  await app.settleDue()
  await checkOff(app, saver, await newHabit(app, saver, { name: 'Læse ”Önskebrev”' }))
})
afterAll(() => app.close())

const see = async (query = '') => textOf((await saver.visitor.get(`${PAGE}${query}`)).text)
const fileAs = async (format: string, filter: Record<string, string> = {}) => {
  await saver.visitor.get(PAGE)
  return saver.visitor.post(`${PAGE}/download`, { ...NO_FILTER, ...filter, format })
}

describe('the page', () => {
  test('shows each movement with what it comes to', async () => {
    const text = await see()
    expect(text).toContain('In savings now 12.50 kr')
    expect(text).toContain('Pledged 25.00 kr')
    expect(text).toContain('=HYPERLINK("x") for 17 Jun 2026')
    expect(text).not.toContain('In savings at the start')
  })

  test('of a period says what there was before and after', async () => {
    const text = await see('?from=2026-06-18')
    expect(text).toContain('In savings at the start 12.50 kr')
    expect(text).toContain('In savings at the end 12.50 kr')
    expect(text).toContain('No money has moved or was to move in this selection.')
  })

  test('names habits as their saver does, in any language', async () => {
    const other = await newLinkedSaver(app)
    for (const name of ['Today', 'Bank', 'constructor']) await newHabit(app, other, { name })
    await other.visitor.post('/language', { language: 'fi', back: '/' })
    const page = (await other.visitor.get(PAGE)).text
    expect(page).toContain('<html lang="fi">')
    for (const name of ['Today', 'Bank', 'constructor'])
      expect(page).toMatch(new RegExp(`<option[^>]*>${name}</option>`))
  })

  test('takes the days of the saver’s own calendar, the last one included', async () => {
    expect(await see('?from=2026-06-17&until=2026-06-17')).toContain('Læse')
    expect(await see('?until=2026-06-16')).not.toContain('Læse ”Önskebrev” for')
  })

  test.each([
    ['from=17.6.2026', 'A day looks like 2026-06-17.'],
    ['from=0000-01-01', 'A day looks like 2026-06-17.'],
    ['habit=all', 'Choose a habit from the list.'],
    ['state=gone', 'Choose from the list.'],
  ])('with %s says what is wrong, at the field', async (query, sentence) => {
    const { status, text } = await saver.visitor.get(`${PAGE}?${query}`)
    expect(status).toBe(422)
    expect(textOf(text)).toContain(sentence)
  })

  test('shows nothing of a habit of somebody else', async () => {
    const other = await newLinkedSaver(app)
    const answer = await other.visitor.get(`${PAGE}?habit=${run}`)
    expect([answer.status, answer.text.includes('HYPERLINK')]).toEqual([200, false])
  })

  test('begins at the top for a place that is none', async () => {
    expect(await see('?before=1_2_3')).toContain('Læse')
  })

  test('is linked from the payments', async () => {
    expect((await saver.visitor.get('/payments')).text).toContain(`href="${PAGE}"`)
  })
})

describe('the file for spreadsheets', () => {
  test('is RFC 4180 in UTF-8, exact to the minor unit, and runs nothing (R-40)', async () => {
    const { status, headers, text } = await fileAs('csv')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename=sparvana-statement.csv',
      'cache-control': 'no-store',
    })
    const [head, ...lines] = text.replace(/^\ufeff/, '').split('\r\n')
    expect(head).toBe('Date,Habit,Day,Kind,State,Amount,Currency,Reference,Booked,Recorded,Counts')
    expect(lines.length).toBe(3)
    expect(lines[0]).toMatch(
      /^2026-06-17,Læse ”Önskebrev”,2026-06-17,saving,pledged,25\.00,DKK,[0-9A-Z]{12},2026-/,
    )
    expect(lines[1]).toMatch(/^2026-06-17,"'=HYPERLINK\(""x""\)",2026-06-17,saving,arrived,12\.50,DKK,/)
  })

  test('has what the page’s filter shows', async () => {
    const { text } = await fileAs('csv', { habit: run })
    expect(text.trim().split('\r\n').length).toBe(2)
  })

  test('is refused for a kind of file that there isn’t, and for fields that don’t belong to it', async () => {
    expect((await fileAs('xlsx')).status).toBe(422)
    expect((await fileAs('csv', { userId: saver.user.id })).status).toBe(422)
  })
})

describe('the file for paper', () => {
  test('says whose it is, of when, between which accounts, what it comes to, and each row', async () => {
    await saver.visitor.get(PAGE)
    const answer = await saver.visitor.postFile(`${PAGE}/download`, {
      ...NO_FILTER,
      from: '2026-06-01',
      format: 'pdf',
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': 'attachment; filename=sparvana-statement.pdf',
    })
    const { readAloud, pages, info } = readPdf(answer.body)
    const aloud = readAloud.map(({ text }) => text).join('\n')
    expect(info).toContain('Sparvana statement, Since 1 Jun 2026')
    expect(aloud).toContain('Ida Berg')
    expect(aloud).toMatch(/From .+ to .+/)
    expect(aloud).toContain('In savings at the end 12.50 kr')
    expect(readAloud.filter(({ tag }) => tag === 'TD').length).toBe(10)
    expect(aloud).toContain('Læse ”Önskebrev”')
    expect(pages[0]).toContain('Page 1 of 1')
  })

  test('is as long as it has to be', async () => {
    const { statementPdf } = await import('../../src/controllers/view-models/statement-pdf.ts')
    const rows = await app.deps.models.statements.list(
      saver.user.id,
      { from: null, until: null, habitId: null, kind: null, standing: null },
      { size: 1, before: null },
    )
    async function* many() {
      for (let page = 0; page < 20; page += 1) yield Array(500).fill(rows.rows[0])
    }
    const about = {
      saver: 'Ida',
      timezone: 'UTC',
      madeAt: clock.now(),
      habit: null,
      accounts: null,
      sums: [],
    }
    const wish = { from: null, until: null, habit: null, kind: null, state: null }
    const pieces: Buffer[] = []
    for await (const piece of statementPdf({ ...about, wish }, many())) pieces.push(piece)
    const { pages, readAloud } = readPdf(Buffer.concat(pieces))
    expect(readAloud.filter(({ tag }) => tag === 'TD').length).toBe(50_000)
    expect(pages[0]).toContain(`Page 1 of ${pages.length}`)
    expect(pages.at(-1)).toContain(`Page ${pages.length} of ${pages.length}`)
    // Each page leaves when it is full; only the table of objects is larger.
    expect(Math.max(...pieces.slice(0, -1).map((piece) => piece.length))).toBeLessThan(40_000)
  })
})

test('every download is in the saver’s own trail', async () => {
  await fileAs('csv', { habit: run })
  const event = await app.deps.db.prisma.auditEvent.findFirstOrThrow({
    where: { subjectId: saver.user.id, action: 'user.statement-downloaded' },
    orderBy: { id: 'desc' },
  })
  expect(event.detail).toMatchObject({ format: 'csv', habitId: run })
  expect(await see('')).toContain('Statement')
  expect(textOf((await saver.visitor.get('/activity/account')).text)).toContain('A statement was downloaded')
})
