/** Programs get English, whatever their request asks for and whoever's they are; the page about them is for people. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PROBLEMS } from '../../src/controllers/api/problems.ts'
import { catalogues } from '../../src/language.ts'
import { ask } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'
import { type Asking, askApi, newToken } from '../support/programs.ts'

const SAID = 'sagt på svenska'
const ASKS_FOR_SWEDISH = { 'accept-language': 'sv' }
const TITLES: readonly string[] = Object.values(PROBLEMS).map(({ title }) => title)
const translated = catalogues.sv

let app: TestApp
let saver: Person
let secret: string
let habit: string

beforeAll(async () => {
  // Whatever is said in Swedish shows.
  catalogues.sv = new Proxy({}, { get: () => SAID })
  app = await startTestApp({ settings: { API_REQUESTS_PER_MINUTE: '0' } })
  saver = await newLinkedSaver(app)
  await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { locale: 'sv' } })
  secret = (await newToken(app, saver.user.id)).secret
  habit = await newHabit(app, saver, { frequency: 10 })
})
afterAll(async () => {
  await app.close()
  catalogues.sv = translated
})

const asked = (request: string, { headers = {}, ...asking }: Asking = {}, by: string | null = secret) =>
  askApi(app, by, request, { ...asking, headers: { ...ASKS_FOR_SWEDISH, ...headers } })

test('every good answer', async () => {
  const offer = await offerOf(app, saver, habit)
  const made = await asked(`POST /habits/${habit}/check-offs`, { body: offer })
  const again = await asked(`POST /habits/${habit}/check-offs`, { body: offer })
  expect([made.status, again.status]).toEqual([201, 200])
  const lists = ['/openapi.json', '/me', '/habits', `/habits/${habit}`, '/check-offs', '/payments']
  for (const path of [...lists, `/payments/${made.json.paymentId}`]) {
    const answer = await asked(`GET ${path}`)
    expect([path, answer.status]).toEqual([path, 200])
    expect(answer.text).not.toContain(SAID)
  }
})

test.each<[status: number, request: string, asking?: Asking, by?: null | 'wrong']>([
  [400, 'POST /habits/:id/check-offs', { body: '{' }],
  [401, 'GET /me', {}, null],
  [401, 'GET /me', {}, 'wrong'],
  [404, 'GET /nowhere'],
  [404, 'GET /habits/no-id'],
  [405, 'PUT /habits'],
  [406, 'GET /habits', { headers: { accept: 'text/html' } }],
  [409, 'POST /habits/:id/check-offs', { body: { day: '2020-01-01', slot: 1, version: 1 } }],
  [413, 'POST /habits/:id/check-offs', { body: { day: 'x'.repeat(5_000) } }],
  [415, 'POST /habits/:id/check-offs', { body: 'x', headers: { 'content-type': 'text/plain' } }],
  [422, 'GET /check-offs?limit=0&from=yesterday'],
  [422, 'POST /habits/:id/check-offs', { body: { unknown: 1 } }],
])('the refusal %i of %s', async (status, request, asking, by) => {
  const answer = await asked(request.replace(':id', habit), asking, by === undefined ? secret : by)
  expect(answer.status).toBe(status)
  expect(TITLES).toContain(answer.json.title)
  expect(answer.text).not.toContain(SAID)
})

test('the page about it is in its reader’s language, and shows problems as programs get them', async () => {
  const page = await ask(app, 'GET', '/developers', { headers: ASKS_FOR_SWEDISH })
  expect(page.text).toContain('<html lang="sv">')
  expect(page.text).toContain(`<h1>${SAID}</h1>`)
  expect(page.text).toContain(`<dd lang="en"><strong>${PROBLEMS['not-found'].title}.</strong>`)
})
