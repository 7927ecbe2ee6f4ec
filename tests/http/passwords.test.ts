import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { linkBank, linkIn, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask } from './support/ask.ts'
import { snapshot } from './support/snapshot.ts'

const NEXT = 'Brisk-heron-72-ferns'
const both = (password: string) => ({ password, passwordConfirm: password })
/** What each of them lacks. */
const LACKING = [
  ['a lower-case letter', 'QUIET-OTTER3', 'Add a lower-case letter'],
  ['an upper-case letter', 'quiet-otter3', 'Add an upper-case letter'],
  ['a digit', 'Quiet-otters', 'Add a digit'],
  ['a special sign', 'QuietOtter39', 'Add a special sign'],
  ['the tenth character', 'Ab3!efgh9', 'Use at least 10 characters.'],
] as const

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

async function signIn(email: string, password: string): Promise<{ status: number; visitor: Visitor }> {
  const visitor = new Visitor(app)
  return { status: (await visitor.post('/login', { email, password })).status, visitor }
}

async function resetLink(person: Person, headers: Record<string, string> = {}): Promise<string> {
  const visitor = new Visitor(app)
  await visitor.get('/password/forgot')
  await visitor.postRaw('/password/forgot', { _csrf: visitor.token, email: person.email }, headers)
  await app.sendMails()
  return linkIn(app, person.email, '/password/reset/')
}

describe('a forgotten password', () => {
  test('sets a new one by the mailed link, and signs nobody in', async () => {
    const saver = await newSaver(app)
    const link = await resetLink(saver)
    const visitor = new Visitor(app)
    expect((await visitor.get(link)).status).toBe(200)
    const answer = await visitor.post(link, both(NEXT))
    expect([answer.status, answer.headers.location]).toEqual([303, '/login'])
    expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
    expect((await signIn(saver.email, PASSWORD)).status).toBe(422)
    expect((await signIn(saver.email, NEXT)).status).toBe(303)
    await app.sendMails()
    const mails = app.mail.messages().filter((message) => message.to.includes(saver.email))
    expect(mails.map((mail) => mail.subject)).toContain('Your password was changed')
  })

  test('ends every session there was', async () => {
    const saver = await newSaver(app)
    const second = await signIn(saver.email, PASSWORD)
    const link = await resetLink(saver)
    await new Visitor(app).post(link, both(NEXT))
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    expect((await second.visitor.get('/dashboard')).headers.location).toBe('/login')
  })

  test('looking at the link changes nothing', async () => {
    const link = await resetLink(await newSaver(app))
    const before = await snapshot(app)
    await new Visitor(app).get(link)
    await ask(app, 'HEAD', link)
    expect(await snapshot(app)).toEqual(before)
  })

  test('the link works once', async () => {
    const saver = await newSaver(app)
    const link = await resetLink(saver)
    await new Visitor(app).post(link, both(NEXT))
    const visitor = new Visitor(app)
    const again = await visitor.post(link, both(PASSWORD))
    expect([again.status, again.headers.location]).toEqual([303, '/password/forgot'])
    expect(await visitor.flashes('/password/forgot')).toContain('That link has been used or is too old.')
    expect((await signIn(saver.email, PASSWORD)).status).toBe(422)
  })

  test('the link works for 30 minutes', async () => {
    const saver = await newSaver(app)
    const link = await resetLink(saver)
    clock.advance(30 * MINUTE)
    expect((await new Visitor(app).get(link)).headers.location).toBe('/password/forgot')
    expect((await new Visitor(app).post(link, both(NEXT))).headers.location).toBe('/password/forgot')
    expect((await signIn(saver.email, PASSWORD)).status).toBe(303)
  })

  test('only the newest link works', async () => {
    const saver = await newSaver(app)
    const older = await resetLink(saver)
    clock.advance(2 * MINUTE)
    const newer = await resetLink(saver)
    expect((await new Visitor(app).post(older, both(NEXT))).headers.location).toBe('/password/forgot')
    expect((await new Visitor(app).post(newer, both(NEXT))).headers.location).toBe('/login')
  })

  test('a password that is changed in the settings makes the link worthless', async () => {
    const saver = await newSaver(app)
    const link = await resetLink(saver)
    await saver.visitor.get('/settings/security')
    await saver.visitor.post('/settings/security', { passwordCurrent: PASSWORD, ...both(NEXT) })
    expect((await new Visitor(app).get(link)).headers.location).toBe('/password/forgot')
  })

  test('the page’s answer is the same for a known and an unknown address', async () => {
    const { email } = await newSaver(app)
    const pages = []
    for (const address of [email, `${randomUUID()}@example.com`]) {
      const visitor = new Visitor(app)
      const answer = await visitor.post('/password/forgot', { email: address })
      pages.push([
        answer.status,
        answer.headers.location,
        textOf((await visitor.get('/password/forgot')).text),
      ])
    }
    expect(pages[0]).toEqual(pages[1])
  })

  test('the link in the mail leads to us, whatever host the request named', async () => {
    const saver = await newSaver(app)
    const link = await resetLink(saver, {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-original-url': 'http://evil.example',
    })
    expect(link).toMatch(/^\/password\/reset\//)
    const mails = app.mail.messages().filter((message) => message.to.includes(saver.email))
    expect(mails.map((mail) => mail.text + mail.html).join()).not.toContain('evil.example')
  })

  test('half an address is refused at the field', async () => {
    const answer = await new Visitor(app).post('/password/forgot', { email: 'ida@' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#email"')
    expect(answer.text).toContain('value="ida@"')
  })

  test.each([
    ['nothing', {}, 'password'],
    ['a short one', both('Ab3!efgh9'), 'password'],
    ['an easy one', both('Password123!'), 'password'],
    ['two different ones', { password: NEXT, passwordConfirm: PASSWORD }, 'passwordConfirm'],
  ])('%s is refused at the field, and the link stays good', async (_name, fields, field) => {
    const saver = await newSaver(app)
    const link = await resetLink(saver)
    const visitor = new Visitor(app)
    const refused = await visitor.post(link, fields as Record<string, string>)
    expect(refused.status).toBe(422)
    expect(refused.text).toContain(`href="#${field}"`)
    for (const typed of Object.values(fields)) expect(refused.text).not.toContain(typed)
    expect((await visitor.post(link, both(NEXT))).headers.location).toBe('/login')
  })

  test.each(LACKING)(
    'by the link, a password without %s is refused, and the field says so',
    async (_what, password, says) => {
      const saver = await newSaver(app)
      const visitor = new Visitor(app)
      const refused = await visitor.post(await resetLink(saver), both(password))
      expect(refused.status).toBe(422)
      expect(textOf(refused.text)).toContain(says)
      expect((await signIn(saver.email, password)).status).toBe(422)
    },
  )

  test('the own name makes no password', async () => {
    const saver = await newSaver(app, 'Marguerite Hollister')
    const link = await resetLink(saver)
    const answer = await new Visitor(app).post(link, both('Marguerite1!'))
    expect(answer.status).toBe(422)
  })

  test('a password manager learns whose password it is', async () => {
    const saver = await newSaver(app)
    const page = await new Visitor(app).get(await resetLink(saver))
    expect(page.text).toMatch(new RegExp(`autocomplete="username"[^>]*value="${saver.email}"`))
  })
})

describe('changing the password', () => {
  test('keeps this session and ends the others', async () => {
    const saver = await newSaver(app)
    const other = await signIn(saver.email, PASSWORD)
    await saver.visitor.get('/settings/security')
    const answer = await saver.visitor.post('/settings/security', {
      passwordCurrent: PASSWORD,
      ...both(NEXT),
    })
    expect([answer.status, answer.headers.location]).toEqual([303, '/settings'])
    expect((await saver.visitor.get('/dashboard')).status).toBe(200)
    expect((await other.visitor.get('/dashboard')).headers.location).toBe('/login')
    expect((await signIn(saver.email, NEXT)).status).toBe(303)
  })

  test.each([
    ['a wrong current one', { passwordCurrent: 'wrong', ...both(NEXT) }, 'passwordCurrent'],
    ['no current one', { passwordCurrent: '', ...both(NEXT) }, 'passwordCurrent'],
    ['a short new one', { passwordCurrent: PASSWORD, ...both('Ab3!efgh9') }, 'password'],
    [
      'two different ones',
      { passwordCurrent: PASSWORD, password: NEXT, passwordConfirm: 'x' },
      'passwordConfirm',
    ],
  ])('with %s changes nothing', async (_name, fields, field) => {
    const saver = await newSaver(app)
    await saver.visitor.get('/settings/security')
    const answer = await saver.visitor.post('/settings/security', fields)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    expect(answer.text).not.toContain(NEXT)
    expect((await signIn(saver.email, PASSWORD)).status).toBe(303)
  })

  test.each(LACKING)(
    'to one without %s changes nothing, and the field says so',
    async (_what, password, says) => {
      const saver = await newSaver(app)
      await saver.visitor.get('/settings/security')
      const fields = { passwordCurrent: PASSWORD, ...both(password) }
      const refused = await saver.visitor.post('/settings/security', fields)
      expect(refused.status).toBe(422)
      expect(textOf(refused.text)).toContain(says)
      expect((await signIn(saver.email, PASSWORD)).status).toBe(303)
    },
  )

  test('a password manager learns whose password it is, and it is not sent', async () => {
    const saver = await newSaver(app)
    const page = await saver.visitor.get('/settings/security')
    const [field = ''] = /<input[^>]*autocomplete="username"[^>]*>/.exec(page.text) ?? []
    expect(field).toContain(`value="${saver.email}"`)
    expect(field).not.toContain('name=')
  })
})

describe('the settings', () => {
  const WISH = {
    fullName: 'Ida B.',
    timezone: 'Europe/Oslo',
    dayStartHour: '4',
    weekStart: '7',
    locale: 'da',
  }

  test('are kept, and shown as they are', async () => {
    const { visitor, user } = await newSaver(app)
    await visitor.get('/settings')
    expect((await visitor.post('/settings', WISH)).headers.location).toBe('/settings')
    const page = await visitor.get('/settings')
    expect(page.text).toContain('value="Ida B."')
    expect(page.text).toMatch(/<option value="Europe\/Oslo" selected>/)
    expect(page.text).toMatch(/<option value="4" selected>/)
    expect(page.text).toMatch(/<option value="7" selected>/)
    const stored = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(stored).toMatchObject({ ...WISH, dayStartHour: 4, weekStart: 7 })
  })

  test.each([
    ['fullName', { fullName: '' }],
    ['fullName', { fullName: 'x'.repeat(101) }],
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['timezone', { timezone: '+02:00' }],
    ['timezone', { timezone: '../etc/passwd' }],
    ['timezone', { timezone: 'x'.repeat(5_000) }],
    ['dayStartHour', { dayStartHour: '13' }],
    ['dayStartHour', { dayStartHour: '-1' }],
    ['dayStartHour', { dayStartHour: '1.5' }],
    ['weekStart', { weekStart: '0' }],
    ['weekStart', { weekStart: '8' }],
    ['weekStart', { weekStart: 'Monday' }],
  ])('with a wrong %s are shown again, and nothing is kept', async (field, change) => {
    const { visitor, user } = await newSaver(app)
    await visitor.get('/settings')
    const answer = await visitor.post('/settings', { ...WISH, ...change } as Record<string, string>)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
    if (field !== 'fullName') expect(answer.text).toContain('value="Ida B."')
    if (field !== 'timezone') expect(answer.text).toMatch(/<option value="Europe\/Oslo" selected>/)
    const stored = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(stored).toEqual(user)
  })

  test('keep a time zone that the list does not name', async () => {
    const { visitor, user } = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: user.id }, data: { timezone: 'UTC' } })
    const page = await visitor.get('/settings')
    expect(page.text).toMatch(/<option value="UTC" selected>/)
  })

  test('the profile says the limit with its currency once there is one', async () => {
    const saver = await newSaver(app)
    const bare = textOf((await saver.visitor.get('/profile')).text)
    expect(bare).toMatch(/At most at a time 10\s000\.00 /)
    await linkBank(app, saver)
    const linked = textOf((await saver.visitor.get('/profile')).text)
    expect(linked).toMatch(/At most at a time 10\s000\.00\skr/)
  })
})
