import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { NOTICE_VERSION } from '../../src/models/privacy-notice.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { AGREED, newAdmin, newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({
    clock,
    settings: { DATA_PLACE: 'a data centre in Finland', PRIVACY_CONTACT: 'data@sparvana.test' },
  })
})
afterAll(() => app.close())

const wishOf = (email: string) => ({
  fullName: 'Ida Berg',
  email,
  password: PASSWORD,
  passwordConfirm: PASSWORD,
  ...AGREED,
})
const userOf = (email: string) => app.deps.db.prisma.user.findUnique({ where: { email } })

test('the notice says what is kept where, who answers for it, and what can be asked for (S-059, S-084)', async () => {
  const words = textOf((await new Visitor(app).get('/privacy')).text)
  for (const part of [
    'a data centre in Finland',
    'data@sparvana.test',
    NOTICE_VERSION,
    'erased',
    'in one file',
  ])
    expect(words).toContain(part)
})

test('every page leads to it, whoever looks', async () => {
  const saver = await newSaver(app)
  const admin = await newAdmin(app)
  const looks = [
    { visitor: new Visitor(app), paths: ['/', '/login', '/signup', '/password/forgot', '/no-such-page'] },
    { visitor: saver.visitor, paths: ['/dashboard', '/payments', '/bank', '/settings'] },
    { visitor: admin.visitor, paths: ['/admin', '/admin/routes', '/admin/alarms'] },
  ]
  for (const { visitor, paths } of looks)
    for (const path of paths) expect((await visitor.get(path)).text, path).toContain('href="/privacy"')
})

test.each([
  ['who is not old enough (S-089)', 'isOfAge', 'Sparvana is for people of 18 years or more.'],
  ['who does not agree', 'agrees', 'Agree to the privacy notice to sign up.'],
] as const)('%s is not signed up, and nothing typed is lost', async (_who, missing, says) => {
  const email = `${randomUUID()}@example.com`
  const { [missing]: _, ...wish } = wishOf(email)
  const visitor = new Visitor(app)
  await visitor.get('/signup')
  const answer = await visitor.post('/signup', wish)
  expect(answer.status).toBe(422)
  expect(textOf(answer.text)).toContain(says)
  expect(answer.text).toContain(`value="${email}"`)
  const other = missing === 'agrees' ? 'isOfAge' : 'agrees'
  expect(answer.text).toMatch(new RegExp(`name="${other}" value="yes" checked`))
  expect(await userOf(email)).toBeNull()
})

test('what was agreed to is kept with its version and time', async () => {
  const email = `${randomUUID()}@example.com`
  const visitor = new Visitor(app)
  await visitor.get('/signup')
  expect((await visitor.post('/signup', wishOf(email))).status).toBe(303)
  expect(await userOf(email)).toMatchObject({ agreedNotice: NOTICE_VERSION, agreedOn: clock.now() })
})
