import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { Authenticator } from '../support/authenticator.ts'
import {
  addFactor,
  addPasskey,
  confirming,
  linkIn,
  newAdmin,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
  passkeyOptionsIn,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask, cookieIn, cookieOf } from './support/ask.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const SECURITY = '/settings/security'
const userOf = ({ user }: Person) => app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
const passkeyIdOf = async ({ user }: Person) =>
  (await app.deps.db.prisma.passkey.findFirstOrThrow({ where: { userId: user.id } })).id
const subjectsTo = (email: string) =>
  app.mail.messages().flatMap(({ to, subject }) => (to.includes(email) ? [subject] : []))

async function signIn(phone: Authenticator, visitor = new Visitor(app)) {
  const options = passkeyOptionsIn((await visitor.get('/login')).text)
  return { visitor, answer: await visitor.post('/login/passkey', { answer: phone.get(options) }) }
}

async function half(email: string) {
  const visitor = new Visitor(app)
  const answer = await visitor.post('/login', { email, password: PASSWORD })
  return { visitor, location: answer.headers.location, page: (await visitor.get('/login/code')).text }
}

describe('adding a passkey', () => {
  test('ends other sessions, shows backup codes once, and tells the owner', async () => {
    const saver = await newSaver(app)
    const elsewhere = new Visitor(app)
    await elsewhere.post('/login', { email: saver.email, password: PASSWORD })
    const { visitor, backupCodes } = await addPasskey(app, saver, 'Ida’s phone')
    expect(new Set(backupCodes).size).toBe(10)
    expect((await visitor.get('/settings/security/codes')).headers.location).toBe(SECURITY)
    const page = textOf((await visitor.get(SECURITY)).text)
    expect(page).toContain('Ida’s phone on one device only, added')
    expect(page).toContain('not used yet')
    expect(page).toContain('You have 10 backup codes left')
    expect((await elsewhere.get('/dashboard')).headers.location).toBe('/login')
    await app.sendMails()
    expect(subjectsTo(saver.email)).toContain('A new passkey')
    const second = await addPasskey(app, saver, 'Laptop')
    expect(second.backupCodes).toEqual([])
  })

  test('is done by whoever has just shown who they are: a page that was left open begins anew', async () => {
    const { visitor, user } = await newSaver(app)
    const phone = new Authenticator(app.baseUrl)
    const page = await visitor.get('/settings/security/passkeys/new')
    const answer = phone.create(passkeyOptionsIn(page.text))
    clock.advance(6 * MINUTE)
    expect((await visitor.get('/settings/security/passkeys/new')).text).not.toContain('data-passkey')
    const late = await visitor.post('/settings/security/passkeys/new', { label: 'Phone', answer })
    expect([late.status, textOf(late.text)]).toEqual([403, expect.stringContaining('Show that it is you')])
    const asked = await visitor.post('/settings/security/passkeys/begin')
    const begun = await visitor.post('/settings/security/passkeys/begin', confirming(asked))
    expect(begun.headers.location).toBe('/settings/security/passkeys/new')
    expect((await visitor.get('/settings/security/passkeys/new')).text).toContain('data-passkey')
    expect((await app.deps.models.users.find(user.id))?.passkeyCount).toBe(0)
  })

  test.each([
    ['without a name', { label: '' }, 'Give it a name'],
    ['with an endless name', { label: 'x'.repeat(61) }, 'Use at most 60 characters.'],
    ['without an answer', { answer: '' }, 'A passkey needs JavaScript in your browser.'],
    ['with a wrong answer', { answer: '{}' }, 'did not fit, or came too late'],
  ])('%s says so and keeps the name', async (_what, fields, words) => {
    const { visitor } = await newSaver(app)
    const page = await visitor.get('/settings/security/passkeys/new')
    const answer = new Authenticator(app.baseUrl).create(passkeyOptionsIn(page.text))
    const wish = { label: 'Ida’s phone', answer, ...fields }
    const refused = await visitor.post('/settings/security/passkeys/new', wish)
    expect([refused.status, textOf(refused.text)]).toEqual([422, expect.stringContaining(words)])
    if (!('label' in fields)) expect(refused.text).toContain('value="Ida’s phone"')
  })

  test('tells who has no JavaScript that it needs it', async () => {
    const { visitor } = await newSaver(app)
    for (const path of [SECURITY, '/settings/security/passkeys/new'])
      expect((await visitor.get(path)).text).toMatch(/<noscript>.*Passkeys need JavaScript/)
  })
})

describe('signing in with a passkey', () => {
  test('is the whole sign-in, in a session of its own', async () => {
    const { phone, user, email } = await addPasskey(app, await newSaver(app))
    const visitor = new Visitor(app)
    expect((await visitor.get('/payments')).headers.location).toBe('/login')
    const planted = await cookieOf(visitor, '/login')
    const { answer } = await signIn(phone, visitor)
    expect([answer.status, answer.headers.location]).toEqual([303, '/payments'])
    expect(cookieIn(answer.headers['set-cookie'])).not.toBe(planted)
    expect((await ask(app, 'GET', '/payments', { headers: { cookie: planted } })).headers.location).toBe(
      '/login',
    )
    expect((await visitor.get('/payments')).status).toBe(200)
    const [line] = await app.deps.db.prisma.auditEvent.findMany({
      where: { subjectId: user.id, action: 'user.sign-in' },
      orderBy: { id: 'desc' },
    })
    expect(line).toMatchObject({ outcome: 'done', detail: { factor: 'passkey' } })
    // As with password and code: what matters may be done for five minutes, and a strange browser is news.
    expect((await visitor.post('/settings/security/codes')).status).toBe(303)
    await app.sendMails()
    expect(subjectsTo(email)).toContain('A new sign-in to your account')
  })

  test('says the same for an unknown passkey, a wrong answer, and one for another session', async () => {
    const { phone } = await addPasskey(app, await newSaver(app))
    const page = async (lies: Parameters<Authenticator['get']>[1], optionsOf = new Visitor(app)) => {
      const visitor = new Visitor(app)
      const own = passkeyOptionsIn((await visitor.get('/login')).text)
      const options = optionsOf ? passkeyOptionsIn((await optionsOf.get('/login')).text) : own
      const answer = await visitor.post('/login/passkey', { answer: phone.get(options, lies) })
      return [answer.status, textOf(answer.text)]
    }
    const unknown = await page({ id: Buffer.alloc(16).toString('base64url') })
    expect(unknown).toEqual([422, expect.stringContaining('This passkey did not sign you in.')])
    expect(await page({ isBroken: true })).toEqual(unknown)
    expect(await page({})).toEqual(unknown)
  })

  test('is worth nothing when the answer is sent once more', async () => {
    const { phone } = await addPasskey(app, await newSaver(app))
    const visitor = new Visitor(app)
    const options = passkeyOptionsIn((await visitor.get('/login')).text)
    const answer = phone.get(options)
    expect((await visitor.post('/login/passkey', { answer })).status).toBe(303)
    await visitor.get('/dashboard')
    await visitor.post('/logout')
    await visitor.get('/login')
    expect((await visitor.post('/login/passkey', { answer })).status).toBe(422)
  })

  test('goes by the settings, whatever the request says about its host', async () => {
    const { phone } = await addPasskey(app, await newSaver(app))
    const visitor = new Visitor(app)
    const options = passkeyOptionsIn((await visitor.get('/login')).text)
    expect(JSON.parse(options).rpId).toBe('localhost')
    const answer = phone.get(options, { origin: 'http://evil.example' })
    const fields = { _csrf: visitor.token, answer }
    const headers = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' }
    expect((await visitor.postRaw('/login/passkey', fields, headers)).status).toBe(422)
  })

  test('needs the token of the form, like every sign-in', async () => {
    const { phone } = await addPasskey(app, await newSaver(app))
    const visitor = new Visitor(app)
    const options = passkeyOptionsIn((await visitor.get('/login')).text)
    expect((await visitor.postRaw('/login/passkey', { answer: phone.get(options) })).status).toBe(403)
  })

  test('twenty times at the same moment signs in once', async () => {
    const { phone, user } = await addPasskey(app, await newSaver(app))
    const visitor = new Visitor(app)
    const options = passkeyOptionsIn((await visitor.get('/login')).text)
    const fields = { _csrf: visitor.token, answer: phone.get(options) }
    const since = clock.now()
    clock.advance(SECOND)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => visitor.postRaw('/login/passkey', fields)),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    const done = { action: 'user.sign-in', outcome: 'done', subjectId: user.id, at: { gt: since } }
    expect(await app.deps.db.prisma.auditEvent.count({ where: done })).toBe(1)
  })

  test('is offered in the list of the address field, too', async () => {
    const { text } = await new Visitor(app).get('/login')
    expect(text).toContain('autocomplete="username webauthn"')
    expect(text).toContain('data-autofill')
  })
})

describe('a passkey beside the password', () => {
  test('makes the password alone too little (S-006)', async () => {
    const { email, phone } = await addPasskey(app, await newSaver(app))
    const { visitor, location, page } = await half(email)
    expect(location).toBe('/login/code')
    for (const path of ['/dashboard', '/settings', '/bank'])
      expect((await visitor.get(path)).headers.location, path).toBe('/login')
    expect(textOf(page)).toContain('Now your passkey, or one of your backup codes.')
    await visitor.get('/login/code')
    const answer = phone.get(passkeyOptionsIn(page))
    const whole = await visitor.post('/login/code/passkey', { answer })
    expect([whole.status, whole.headers.location]).toEqual([303, '/bank'])
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('is replaced by a backup code, and neither by an authenticator nor by nothing', async () => {
    const { email, backupCodes } = await addPasskey(app, await newSaver(app))
    const { visitor } = await half(email)
    for (const code of ['123456', '', '0'])
      expect((await visitor.post('/login/code', { code })).status).toBe(422)
    expect((await visitor.post('/login/code', { code: backupCodes[0] ?? '' })).status).toBe(303)
  })

  test('of somebody else is refused, and so is one for the front door', async () => {
    const saver = await addPasskey(app, await newSaver(app))
    const other = await addPasskey(app, await newSaver(app))
    const { visitor, page } = await half(saver.email)
    const options = JSON.stringify({ ...JSON.parse(passkeyOptionsIn(page)), allowCredentials: [] })
    const foreign = await visitor.post('/login/code/passkey', { answer: other.phone.get(options) })
    expect([foreign.status, textOf(foreign.text)]).toEqual([
      422,
      expect.stringContaining('This passkey did not sign you in.'),
    ])
    const front = await visitor.post('/login/passkey', { answer: saver.phone.get(options) })
    expect(front.status).toBe(422)
  })

  test('stands beside an authenticator: either is enough', async () => {
    const person = await addFactor(app, await newSaver(app))
    clock.advance(30 * SECOND)
    const both = await addPasskey(app, person)
    expect(both.backupCodes).toEqual([])
    const first = await half(person.email)
    expect(textOf(first.page)).toContain('Now your passkey, or the code that your authenticator app shows')
    expect((await first.visitor.post('/login/code', { code: person.code() })).status).toBe(303)
    expect((await signIn(both.phone)).answer.status).toBe(303)
  })

  test('goes with all that is lost, after the mailed link and two days', async () => {
    const saver = await addPasskey(app, await newSaver(app))
    const { visitor } = await half(saver.email)
    await visitor.post('/login/lost')
    await app.sendMails()
    const link = linkIn(app, saver.email, '/login/lost/')
    await visitor.get(link)
    await visitor.post(link)
    expect(textOf((await saver.visitor.get(SECURITY)).text)).toContain('do without your second step')
    clock.advance(48 * HOUR)
    const later = new Visitor(app)
    const answer = await later.post('/login', { email: saver.email, password: PASSWORD })
    expect(answer.headers.location).toBe('/dashboard')
    expect((await userOf(saver)).passkeyCount).toBe(0)
    expect((await signIn(saver.phone)).answer.status).toBe(422)
  })
})

describe('a passkey before what matters', () => {
  const WISH = { name: 'Swim', frequency: 1, interval: 1, amount: '25' }

  test('replaces password and code, keeps what was typed, and counts once', async () => {
    const { visitor, phone, user } = await addPasskey(app, await newLinkedSaver(app))
    clock.advance(6 * MINUTE)
    const asked = await visitor.post('/habits/new', WISH)
    expect([asked.status, textOf(asked.text)]).toEqual([
      403,
      expect.stringContaining('One of your backup codes.'),
    ])
    expect((await visitor.post('/habits/new', confirming(asked))).status).toBe(403)
    const again = await visitor.post('/habits/new', WISH)
    const shown = { _passkey: phone.get(passkeyOptionsIn(again.text)), _password: '', _code: '' }
    expect((await visitor.post('/habits/new', confirming(again, shown))).status).toBe(303)
    expect(await app.deps.db.prisma.habit.count({ where: { userId: user.id } })).toBe(1)
    clock.advance(6 * MINUTE)
    const replayed = await visitor.post('/habits/new', confirming(again, shown))
    expect([replayed.status, textOf(replayed.text)]).toEqual([
      403,
      expect.stringContaining('The password, the code or the passkey was not right.'),
    ])
  })

  test('confirms the form that was shown, and no other', async () => {
    const { visitor, phone, user } = await addPasskey(app, await newLinkedSaver(app))
    clock.advance(6 * MINUTE)
    const small = await visitor.post('/habits/new', WISH)
    const large = await visitor.post('/habits/new', { ...WISH, amount: '250' })
    const _passkey = phone.get(passkeyOptionsIn(small.text))
    expect((await visitor.post('/habits/new', confirming(large, { _passkey }))).status).toBe(403)
    expect(await app.deps.db.prisma.habit.count({ where: { userId: user.id } })).toBe(0)
  })

  test('is shown instead of the code when the password is changed', async () => {
    const { visitor, phone } = await addPasskey(app, await newSaver(app))
    clock.advance(6 * MINUTE)
    const page = await visitor.get(SECURITY)
    const next = 'Another-quiet-otter-52'
    const change = { passwordCurrent: PASSWORD, password: next, passwordConfirm: next, code: '' }
    expect((await visitor.post(SECURITY, change)).status).toBe(422)
    const answer = phone.get(passkeyOptionsIn(page.text))
    expect((await visitor.post(SECURITY, { ...change, answer })).status).toBe(303)
  })

  test('is asked for before a passkey is removed', async () => {
    const saver = await addPasskey(app, await newSaver(app))
    const path = `/settings/security/passkeys/${await passkeyIdOf(saver)}/remove`
    clock.advance(6 * MINUTE)
    expect((await saver.visitor.post(path)).status).toBe(403)
    expect((await userOf(saver)).passkeyCount).toBe(1)
  })
})

describe('a passkey that is there', () => {
  test('is renamed, and removed with the codes, which ends other sessions and is told', async () => {
    const saver = await addPasskey(app, await newSaver(app))
    const path = `/settings/security/passkeys/${await passkeyIdOf(saver)}`
    const elsewhere = (await signIn(saver.phone)).visitor
    const { visitor } = saver
    expect((await visitor.get(`${path}/rename`)).text).toContain('value="My phone"')
    expect((await visitor.post(`${path}/rename`, { label: ' ' })).status).toBe(422)
    expect((await visitor.post(`${path}/rename`, { label: 'Old phone' })).headers.location).toBe(SECURITY)
    expect(textOf((await visitor.get(SECURITY)).text)).toContain('Old phone')
    expect((await visitor.post(`${path}/remove`)).headers.location).toBe(SECURITY)
    expect((await elsewhere.get('/dashboard')).headers.location).toBe('/login')
    expect(textOf((await visitor.get(SECURITY)).text)).not.toContain('backup codes left')
    await app.sendMails()
    const letter = app.mail.messages().find(({ subject }) => subject === 'A passkey was removed')
    expect(letter?.text).toContain('Your password alone signs you in.')
    const again = new Visitor(app)
    const answer = await again.post('/login', { email: saver.email, password: PASSWORD })
    expect(answer.headers.location).toBe('/dashboard')
    expect((await visitor.post(`${path}/remove`)).status).toBe(404)
  })

  test('is nobody else’s to see, rename or remove', async () => {
    const saver = await addPasskey(app, await newSaver(app))
    const path = `/settings/security/passkeys/${await passkeyIdOf(saver)}`
    const { visitor } = await newSaver(app)
    expect((await visitor.get(`${path}/rename`)).status).toBe(404)
    expect((await visitor.post(`${path}/rename`, { label: 'Mine' })).status).toBe(404)
    expect((await visitor.post(`${path}/remove`)).status).toBe(404)
  })

  test('opens the admin pages, and can’t be an admin’s last factor to go', async () => {
    const admin = await addPasskey(app, await newAdmin(app))
    const { visitor, answer } = await signIn(admin.phone)
    expect(answer.headers.location).toBe('/admin')
    expect((await visitor.get('/admin')).status).toBe(200)
    expect((await visitor.post('/settings/security/authenticator/remove')).status).toBe(303)
    expect((await visitor.get('/admin')).status).toBe(200)
    const path = `/settings/security/passkeys/${await passkeyIdOf(admin)}/remove`
    expect((await visitor.get(SECURITY)).text).not.toContain(path)
    expect((await visitor.post(path)).status).toBe(403)
    expect((await userOf(admin)).passkeyCount).toBe(1)
  })
})
