import { generateSync } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  addFactor,
  confirming,
  linkIn,
  newAdmin,
  newLinkedSaver,
  newSaver,
  PASSWORD,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask, cookieIn, cookieOf } from './support/ask.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const STEP = 30 * SECOND

/** As in a browser, which follows to the next form. */
async function signIn(visitor: Visitor, email: string, password = PASSWORD) {
  const answer = await visitor.post('/login', { email, password })
  await visitor.get(answer.headers.location ?? '/login')
  return answer
}

async function withFactor() {
  const person = await addFactor(app, await newSaver(app))
  clock.advance(STEP)
  return person
}

describe('signing in with a second factor (S-006)', () => {
  test('the password alone opens no private page, and the code opens today', async () => {
    const { email, code } = await withFactor()
    const visitor = new Visitor(app)
    const half = await signIn(visitor, email)
    expect([half.status, half.headers.location]).toEqual([303, '/login/code'])
    for (const path of ['/dashboard', '/settings', '/bank', '/admin', '/payments'])
      expect((await visitor.get(path)).headers.location, path).toBe('/login')
    const halfCookie = await cookieOf(visitor, '/login/code')
    const whole = await visitor.post('/login/code', { code: code() })
    expect([whole.status, whole.headers.location]).toEqual([303, '/payments'])
    // Another session: what was half signed in is worth nothing afterwards.
    expect(cookieIn(whole.headers['set-cookie'])).not.toBe(halfCookie)
    const replayed = await ask(app, 'GET', '/login/code', { headers: { cookie: halfCookie } })
    expect(replayed.headers.location).toBe('/login')
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('a wrong code says so, a used one too, and after five there is a pause', async () => {
    const { email, code } = await withFactor()
    const visitor = new Visitor(app)
    await signIn(visitor, email)
    expect((await visitor.post('/login/code', { code: code() })).status).toBe(303)
    const other = new Visitor(app)
    await signIn(other, email)
    const replayed = await other.post('/login/code', { code: code() })
    expect([replayed.status, textOf(replayed.text)]).toEqual([
      422,
      expect.stringContaining('This code is wrong, or has been used already.'),
    ])
    for (let turn = 0; turn < 4; turn += 1)
      expect((await other.post('/login/code', { code: '000000' })).status).toBe(422)
    clock.advance(STEP - SECOND)
    const paused = await other.post('/login/code', { code: code() })
    expect([paused.status, paused.headers['retry-after']]).toEqual([429, '1'])
    clock.advance(SECOND)
    expect((await other.post('/login/code', { code: code() })).status).toBe(303)
  })

  test('a backup code signs in once', async () => {
    const { email, backupCodes } = await withFactor()
    const [first = ''] = backupCodes
    const visitors = [new Visitor(app), new Visitor(app)]
    const statuses: number[] = []
    for (const visitor of visitors) {
      await signIn(visitor, email)
      statuses.push(
        (await visitor.post('/login/code', { code: first.replace('-', '').toUpperCase() })).status,
      )
    }
    expect(statuses).toEqual([303, 422])
  })

  test('whoever takes longer than five minutes begins with the password again', async () => {
    const { email, code } = await withFactor()
    const visitor = new Visitor(app)
    await signIn(visitor, email)
    clock.advance(5 * MINUTE + SECOND)
    const late = await visitor.post('/login/code', { code: code() })
    expect([late.status, late.headers.location]).toEqual([303, '/login'])
    expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
  })

  test('nobody gets to the code without the password', async () => {
    const stranger = new Visitor(app)
    expect((await stranger.get('/login/code')).headers.location).toBe('/login')
    expect((await stranger.post('/login/code', { code: '123456' })).headers.location).toBe('/login')
    expect((await stranger.post('/login/lost')).headers.location).toBe('/login')
  })

  test('who is half signed in when the password changes has to begin again', async () => {
    const { email, code } = await withFactor()
    const thief = new Visitor(app)
    await signIn(thief, email)
    const owner = new Visitor(app)
    await owner.post('/password/forgot', { email })
    await app.sendMails()
    const link = linkIn(app, email, '/password/reset/')
    await owner.get(link)
    const next = 'Another-quiet-otter-52'
    expect((await owner.post(link, { password: next, passwordConfirm: next })).status).toBe(303)
    expect((await thief.get('/login/code')).headers.location).toBe('/login')
    await thief.get('/login')
    expect((await thief.post('/login/code', { code: code() })).headers.location).toBe('/login')
  })

  test('a new password by mail does not take it away', async () => {
    const { email } = await withFactor()
    const visitor = new Visitor(app)
    await visitor.post('/password/forgot', { email })
    await app.sendMails()
    const link = linkIn(app, email, '/password/reset/')
    await visitor.get(link)
    const next = 'Another-quiet-otter-52'
    await visitor.post(link, { password: next, passwordConfirm: next })
    expect((await signIn(visitor, email, next)).headers.location).toBe('/login/code')
  })
})

describe('setting up an authenticator', () => {
  test('shows its key once, and its backup codes once', async () => {
    const person = await addFactor(app, await newSaver(app))
    const page = await person.visitor.get('/settings/security/authenticator')
    expect(page.text).not.toMatch(/otpauth:|class="key"/)
    expect((await person.visitor.get('/settings/security/codes')).headers.location).toBe('/settings/security')
    expect(new Set(person.backupCodes).size).toBe(10)
    expect(textOf((await person.visitor.get('/settings/security')).text)).toContain(
      'You have 10 backup codes left',
    )
  })

  test('with a wrong code changes nothing and shows the same key again', async () => {
    const { visitor, user } = await newSaver(app)
    await visitor.get('/settings/security')
    await visitor.post('/settings/security/authenticator/begin')
    const keyIn = (text: string) => /class="key">([^<]+)/.exec(text)?.[1]
    const before = keyIn((await visitor.get('/settings/security/authenticator')).text)
    const refused = await visitor.post('/settings/security/authenticator', { code: '000000' })
    expect([refused.status, keyIn(refused.text)]).toEqual([422, before])
    expect((await app.deps.models.users.find(user.id))?.totpConfirmedOn).toBeNull()
  })

  test('that was begun and left is neither shown nor confirmed to who comes later', async () => {
    const { visitor, user } = await newSaver(app)
    await visitor.get('/settings/security')
    await visitor.post('/settings/security/authenticator/begin')
    const page = await visitor.get('/settings/security/authenticator')
    const secret = /class="key">([^<]+)/.exec(page.text)?.[1]?.replaceAll(' ', '') ?? ''
    clock.advance(6 * MINUTE)
    expect((await visitor.get('/settings/security/authenticator')).text).not.toContain('class="key"')
    const epoch = Math.floor(clock.now().getTime() / 1_000)
    const answer = await visitor.post('/settings/security/authenticator', {
      code: generateSync({ secret, epoch }),
    })
    expect([answer.status, textOf(answer.text)]).toEqual([
      403,
      expect.stringContaining('Show that it is you'),
    ])
    expect((await app.deps.models.users.find(user.id))?.totpConfirmedOn).toBeNull()
  })

  test('can be undone by savers, not by admins', async () => {
    const saver = await addFactor(app, await newSaver(app))
    expect((await saver.visitor.post('/settings/security/authenticator/remove')).status).toBe(303)
    expect((await app.deps.models.users.find(saver.user.id))?.totpConfirmedOn).toBeNull()
    const admin = await newAdmin(app)
    expect((await admin.visitor.post('/settings/security/authenticator/remove')).status).toBe(403)
    expect((await app.deps.models.users.find(admin.user.id))?.totpConfirmedOn).not.toBeNull()
  })
})

describe('admins', () => {
  test('are led to set up an authenticator before anything else, and come in with it only', async () => {
    const person = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: person.user.id }, data: { role: 'ADMIN' } })
    const before = await person.visitor.get('/admin')
    expect([before.status, before.headers.location]).toEqual([303, '/settings/security/authenticator'])
    const admin = await addFactor(app, person)
    expect((await admin.visitor.get('/admin')).status).toBe(200)
  })
})

describe('a lost authenticator', () => {
  test('is done without after a mailed link and two days, and its owner can call that off', async () => {
    const { email, user, visitor: owner } = await withFactor()
    const visitor = new Visitor(app)
    await signIn(visitor, email)
    await visitor.get('/login/code')
    await visitor.post('/login/lost')
    await app.sendMails()
    const link = linkIn(app, email, '/login/lost/')
    expect(textOf((await visitor.get(link)).text)).toContain('It takes effect after 2 days.')
    await visitor.get(link)
    expect((await visitor.post(link)).headers.location).toBe('/login')
    expect((await visitor.post(link)).headers.location).toBe('/login')
    await app.sendMails()
    const subjects = app.mail.messages().flatMap(({ to, subject }) => (to.includes(email) ? [subject] : []))
    expect(subjects).toContain('Your second step will no longer be asked for')

    const page = await owner.get('/settings/security')
    expect(textOf(page.text)).toContain('Somebody has asked to do without your second step')
    await owner.post('/settings/security/reset/call-off')
    expect(await app.deps.models.factors.openReset(user.id)).toBeNull()
  })

  test('lets the password in alone once the time is over', async () => {
    const { email, user } = await withFactor()
    await app.deps.models.factors.askReset(user.id, { kind: 'saver', id: null, ip: null, requestId: null })
    const visitor = new Visitor(app)
    expect((await signIn(visitor, email)).headers.location).toBe('/login/code')
    clock.advance(48 * HOUR)
    await visitor.get('/login')
    expect((await signIn(visitor, email)).headers.location).toBe('/dashboard')
    expect(textOf((await visitor.get('/settings/security')).text)).toContain('Set up an authenticator')
  })
})

describe('before what matters (S-008, R-06)', () => {
  const WISH = { name: 'Swim', frequency: 1, interval: 1, amount: '25' }

  test('five minutes after the sign-in a new habit asks who is there, keeps what was typed, and makes it then', async () => {
    const { visitor, user } = await newLinkedSaver(app)
    clock.advance(5 * MINUTE + SECOND)
    await visitor.get('/habits/new')
    const asked = await visitor.post('/habits/new', WISH)
    expect(asked.status).toBe(403)
    expect(textOf(asked.text)).toContain('Show that it is you')
    expect(textOf(asked.text)).toMatch(/Moves each time 25 From \S.+ To \S/)
    expect(await app.deps.db.prisma.habit.count({ where: { userId: user.id } })).toBe(0)
    const fields = Object.fromEntries(
      [...asked.text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name ?? '',
        value ?? '',
      ]),
    )
    expect(fields).toMatchObject({ name: 'Swim', frequency: '1', interval: '1', amount: '25' })
    const wrong = await visitor.post('/habits/new', confirming(asked, { _password: 'wrong' }))
    expect([wrong.status, textOf(wrong.text)]).toEqual([
      403,
      expect.stringContaining('The password is wrong.'),
    ])
    expect((await visitor.post('/habits/new', confirming(wrong))).status).toBe(303)
    // It counts for five minutes.
    expect((await visitor.post('/habits/new', { ...WISH, name: 'Walk' })).status).toBe(303)
    expect(await app.deps.db.prisma.habit.count({ where: { userId: user.id } })).toBe(2)
  })

  test('whoever has an authenticator shows a code too, and the password alone is not enough', async () => {
    const person = await addFactor(app, await newLinkedSaver(app))
    clock.advance(6 * MINUTE)
    const { visitor, code } = person
    const asked = await visitor.post('/habits/new', WISH)
    expect(textOf(asked.text)).toContain('From your authenticator app, or a backup code.')
    expect((await visitor.post('/habits/new', confirming(asked))).status).toBe(403)
    const shown = { _password: PASSWORD, _code: code() }
    expect((await visitor.post('/habits/new', confirming(asked, shown))).status).toBe(303)
  })

  test('guessing there is paused like guessing at the door', async () => {
    const { visitor } = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    const asked = await visitor.post('/habits/new', WISH)
    for (let turn = 0; turn < 5; turn += 1) {
      const wrong = confirming(asked, { _password: `wrong ${turn}` })
      expect((await visitor.post('/habits/new', wrong)).status).toBe(403)
    }
    const paused = await visitor.post('/habits/new', confirming(asked))
    expect([paused.status, paused.headers['retry-after']]).toEqual([429, '30'])
  })

  test.each([
    ['linking a bank', '/bank/connect', { country: 'DK' }],
    ['choosing accounts', '/accounts/load', { debtorAccount: 'x', creditorAccount: 'y' }],
    ['changing limits', '/settings/savings', { capPerPayment: '1' }],
    ['a new authenticator', '/settings/security/authenticator/begin', {}],
    ['new backup codes', '/settings/security/codes', {}],
  ])('%s asks for it too', async (_name, path, fields) => {
    const { visitor } = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    app.sandbox.control.clearRequests()
    const asked = await visitor.post(path, fields)
    expect([asked.status, textOf(asked.text)]).toEqual([403, expect.stringContaining('Show that it is you')])
    expect(app.sandbox.control.requests()).toEqual([])
  })

  test('a new password asks for the code as well, once it is a while since it was shown', async () => {
    const { visitor, code } = await withFactor()
    clock.advance(6 * MINUTE)
    await visitor.get('/settings/security')
    const next = 'Another-quiet-otter-52'
    const change = { passwordCurrent: PASSWORD, password: next, passwordConfirm: next }
    expect((await visitor.post('/settings/security', change)).status).toBe(422)
    expect((await visitor.post('/settings/security', { ...change, code: code() })).status).toBe(303)
  })
})
