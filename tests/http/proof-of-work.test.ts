import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { AGREED, newSaver, PASSWORD } from '../support/people.ts'
import { challengeIn, solved } from '../support/proofs.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TROUBLE = 'axe.run().then(({ violations }) => violations.map(({ id }) => id))'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { PROOF_OF_WORK: 'on' } })
})
afterAll(() => app.close())
/** Nothing of the tests before counts any more. */
beforeEach(() => clock.advance(HOUR + MINUTE))

const newAddress = () => `${randomUUID()}@example.com`
const FORMS: [path: string, fields: () => Record<string, string>][] = [
  [
    '/signup',
    () => ({
      fullName: 'Ida Berg',
      email: newAddress(),
      password: PASSWORD,
      passwordConfirm: PASSWORD,
      ...AGREED,
    }),
  ],
  ['/password/forgot', () => ({ email: newAddress() })],
  ['/confirm/resend', () => ({ email: newAddress() })],
]

/** What a browser with JavaScript would send from this page. */
async function proofFrom(visitor: Visitor, path: string): Promise<string> {
  return solved(challengeIn((await visitor.get(path)).text) ?? '')
}

describe.each(FORMS)('%s', (path, fields) => {
  test('is taken as often as its work is done', async () => {
    const visitor = new Visitor(app)
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await visitor.post(path, { ...fields(), _proof: await proofFrom(visitor, path) })
      expect(answer.status).toBe(303)
    }
  })

  test('is refused when the work was done for a form before, and shown again with a new puzzle', async () => {
    const visitor = new Visitor(app)
    const _proof = await proofFrom(visitor, path)
    await visitor.post(path, { ...fields(), _proof })
    const { email, ...rest } = fields()
    const again = await visitor.post(path, { email: email ?? '', ...rest, _proof })
    expect(again.status).toBe(422)
    expect(textOf(again.text)).toContain('had been used already. Send the form once more.')
    expect(again.text).toContain(`value="${email}"`)
    const next = await solved(challengeIn(again.text) ?? '')
    expect((await visitor.post(path, { email: email ?? '', ...rest, _proof: next })).status).toBe(303)
  })

  test('is refused when the work is too old, or for another form, or none at all', async () => {
    const visitor = new Visitor(app)
    const old = await proofFrom(visitor, path)
    clock.advance(31 * MINUTE)
    const elsewhere = await proofFrom(visitor, path === '/signup' ? '/password/forgot' : '/signup')
    for (const _proof of [old, elsewhere, 'x', '{}'])
      expect((await visitor.post(path, { ...fields(), _proof })).status).toBe(422)
    const twice = { _proof: [old, old] } as unknown as Record<string, string>
    expect((await visitor.post(path, { ...fields(), ...twice })).status).toBe(422)
  })

  test('without the work is taken three times, then it has to wait, and what was typed stays', async () => {
    const visitor = new Visitor(app)
    const statuses: number[] = []
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await visitor.post(path, fields())).status)
    const wish = fields()
    const late = await visitor.post(path, wish)
    expect([...statuses, late.status]).toEqual([303, 303, 303, 429])
    expect(late.headers['retry-after']).toBe('120')
    expect(textOf(late.text)).toContain('Try again in 2 minutes, or switch JavaScript on.')
    expect(late.text).toContain(`value="${wish.email}"`)
    clock.advance(2 * MINUTE)
    expect((await visitor.post(path, fields())).status).toBe(303)
    expect((await visitor.post(path, fields())).headers['retry-after']).toBe('240')
  })

  test('who has to wait without the work goes on with it', async () => {
    const visitor = new Visitor(app)
    for (let turn = 0; turn < 3; turn += 1) await visitor.post(path, fields())
    const late = await visitor.post(path, fields())
    const _proof = await solved(challengeIn(late.text) ?? '')
    expect((await visitor.post(path, { ...fields(), _proof })).status).toBe(303)
  })

  test('with a mistake in it uses nothing up', async () => {
    const visitor = new Visitor(app)
    const _proof = await proofFrom(visitor, path)
    for (let turn = 0; turn < 5; turn += 1)
      expect((await visitor.post(path, { email: 'half@', _proof })).status).toBe(422)
    expect((await visitor.post(path, { ...fields(), _proof })).status).toBe(303)
  })
})

describe('a sign-in', () => {
  const fail = (visitor: Visitor, email: string, more = {}) =>
    visitor.post('/login', { email, password: 'wrong', ...more })

  test('asks for no work, until two have failed', async () => {
    const { email } = await newSaver(app)
    clock.advance(HOUR + MINUTE)
    const visitor = new Visitor(app)
    expect(challengeIn((await visitor.get('/login')).text)).toBeNull()
    expect(challengeIn((await fail(visitor, email)).text)).toBeNull()
    const second = await fail(visitor, email)
    const _proof = await solved(challengeIn(second.text) ?? '')
    expect((await visitor.post('/login', { email, password: PASSWORD, _proof })).status).toBe(303)
  })

  test('then refuses bad work, without looking at the password', async () => {
    const { email, user } = await newSaver(app)
    clock.advance(HOUR + MINUTE)
    const visitor = new Visitor(app)
    for (let turn = 0; turn < 2; turn += 1) await fail(visitor, email)
    const bad = await visitor.post('/login', { email, password: PASSWORD, _proof: 'forged' })
    expect(bad.status).toBe(422)
    expect(textOf(bad.text)).toContain('did not fit this form')
    const tries = await app.deps.db.prisma.auditEvent.count({
      where: { subjectId: user.id, action: 'user.sign-in', outcome: 'refused' },
    })
    expect(tries).toBe(2)
  })

  test('goes on without JavaScript three times, and then more slowly', async () => {
    const { email } = await newSaver(app)
    clock.advance(HOUR + MINUTE)
    const visitor = new Visitor(app)
    const statuses: number[] = []
    for (let turn = 0; turn < 6; turn += 1) statuses.push((await fail(visitor, email)).status)
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429])
    clock.advance(2 * MINUTE)
    expect((await visitor.post('/login', { email, password: PASSWORD })).status).toBe(303)
  })
})

describe('in a browser', () => {
  test('the work is done while somebody types, under our own policy, and sent with the form', async () => {
    const browser = await startBrowser()
    try {
      const page = await (await newWindow(browser)).newPage()
      const complaints: string[] = []
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
      page.on('request', (request) => {
        if (!request.url().startsWith(app.baseUrl)) complaints.push(request.url())
      })
      // More than the network may send without. Some wait for the work to be done, some don't.
      for (let turn = 0; turn < 5; turn += 1) {
        await page.goto(`${app.baseUrl}/password/forgot`)
        await page.getByLabel('E-mail').fill(newAddress())
        if (turn < 2) await page.getByText('Check done.').waitFor()
        await page.keyboard.press('Enter')
        await page.getByText('a mail with the next step is on its way').waitFor()
      }
      expect(complaints).toEqual([])
      const taken = await app.deps.db.prisma.spentProof.count({ where: { expiresOn: { gt: clock.now() } } })
      expect(taken).toBe(5)
      await page.getByLabel('E-mail').fill('a')
      expect(await page.evaluate(AXE).then(() => page.evaluate(TROUBLE))).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
