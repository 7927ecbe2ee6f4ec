import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { AGREED, linkIn, newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask } from './support/ask.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const newAddress = () => `${randomUUID()}@example.com`
const wishOf = (email: string) => ({
  fullName: 'Ida Berg',
  email,
  password: PASSWORD,
  passwordConfirm: PASSWORD,
  ...AGREED,
})
const userOf = (email: string) => app.deps.db.prisma.user.findUnique({ where: { email } })
const mailsTo = (email: string) => app.mail.messages().filter((message) => message.to.includes(email))

async function signUp(email = newAddress()): Promise<{ visitor: Visitor; email: string; link: string }> {
  const visitor = new Visitor(app)
  await visitor.post('/signup', wishOf(email))
  await app.sendMails()
  return { visitor, email, link: linkIn(app, email, '/confirm/') }
}

describe('signing up', () => {
  test('leads to “check your mail”, with a link in the mail that begins with our own address', async () => {
    const visitor = new Visitor(app)
    const email = newAddress()
    const answer = await visitor.post('/signup', wishOf(email))
    expect([answer.status, answer.headers.location]).toEqual([303, '/confirm/resend'])
    await app.sendMails()
    const [mail] = mailsTo(email)
    expect(mail?.subject).toBe('Confirm your e-mail address')
    expect(mail?.text).toContain(`${app.baseUrl}/confirm/`)
    expect(await userOf(email)).toMatchObject({ emailConfirmedOn: null, role: 'SAVER' })
  })

  test('keeps the address in one form, whatever way it was typed', async () => {
    const email = newAddress()
    await new Visitor(app).post('/signup', wishOf(`  ${email.toUpperCase()} `))
    expect(await userOf(email)).not.toBeNull()
  })

  const WRONG: [string, string, Record<string, string>, string][] = [
    ['no name', 'fullName', { fullName: ' ' }, 'Enter your name.'],
    ['a name of 101 characters', 'fullName', { fullName: 'x'.repeat(101) }, 'Use at most 100 characters.'],
    ['a line break in the name', 'fullName', { fullName: 'Ida\r\nBcc: x' }, 'Use ordinary characters only.'],
    ['a name turned around', 'fullName', { fullName: 'Ida\u202e' }, 'Use ordinary characters only.'],
    ['a name that nobody sees', 'fullName', { fullName: '\u200b\u200b' }, 'Use ordinary characters only.'],
    ['no address', 'email', { email: '' }, 'Enter your e-mail address.'],
    ['half an address', 'email', { email: 'ida@' }, 'Enter an address like name@example.com.'],
    ['two addresses', 'email', { email: 'a@example.com,b@example.com' }, 'Enter an address like'],
    [
      'a header in the address',
      'email',
      { email: 'a@example.com\r\nBcc: b@example.com' },
      'Enter an address',
    ],
    ['a very long address', 'email', { email: `${'a'.repeat(250)}@example.com` }, 'Use at most 254'],
    ['no password', 'password', { password: '' }, 'Choose a password.'],
    ['9 characters', 'password', { password: 'Ab3!efgh9' }, 'Use at least 10 characters.'],
    ['no lower-case letter', 'password', { password: 'QUIET-OTTER3' }, 'Add a lower-case letter'],
    ['no upper-case letter', 'password', { password: 'quiet-otter3' }, 'Add an upper-case letter'],
    ['no digit', 'password', { password: 'Quiet-otters' }, 'Add a digit'],
    ['no special sign', 'password', { password: 'QuietOtter39' }, 'Add a special sign'],
    ['an easy password', 'password', { password: 'Password123!' }, 'easy to guess'],
    ['129 characters', 'password', { password: 'Ab3!'.repeat(33) }, 'Use at most 128 characters.'],
    ['no repetition', 'passwordConfirm', { passwordConfirm: '' }, 'Repeat the password.'],
    [
      'another repetition',
      'passwordConfirm',
      { passwordConfirm: `${PASSWORD}x` },
      'The two passwords differ.',
    ],
  ]
  test.each(WRONG)(
    'with %s shows the form again, and says so at the field',
    async (_name, field, change, says) => {
      const email = newAddress()
      const typed = {
        ...wishOf(email),
        ...('password' in change ? { passwordConfirm: change.password } : {}),
        ...change,
      }
      const answer = await new Visitor(app).post('/signup', typed as Record<string, string>)
      expect(answer.status).toBe(422)
      expect(answer.text).toContain(`href="#${field}"`)
      expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
      expect(textOf(/id="[^"]*-error"[\s\S]*?<\/p>/.exec(answer.text)?.[0] ?? '')).toContain(says)
      expect(answer.text).toContain('role="alert"')
      if (field !== 'fullName') expect(answer.text).toContain('value="Ida Berg"')
      if (field !== 'email') expect(answer.text).toContain(`value="${email}"`)
      for (const secret of [typed.password, typed.passwordConfirm].filter(Boolean))
        expect(answer.text).not.toContain(secret)
      expect(await userOf(email)).toBeNull()
    },
  )

  test('with nothing filled in names every field', async () => {
    const answer = await new Visitor(app).post('/signup', {})
    expect(answer.status).toBe(422)
    for (const field of ['fullName', 'email', 'password', 'passwordConfirm', 'isOfAge', 'agrees'])
      expect(answer.text).toContain(`href="#${field}"`)
  })

  test('shows what was typed as text, never as markup', async () => {
    const marker = '"><script>alert(1)</script>'
    const answer = await new Visitor(app).post('/signup', { fullName: marker, email: marker })
    expect(answer.text).not.toContain('<script>alert')
    expect(answer.text).toContain('&lt;script&gt;alert(1)')
  })

  test('with a known address looks the same as with a new one; only the mail tells', async () => {
    const known = await newSaver(app)
    const pages = []
    for (const email of [known.email.toUpperCase(), newAddress()]) {
      const visitor = new Visitor(app)
      const answer = await visitor.post('/signup', wishOf(email))
      const page = await visitor.get('/confirm/resend')
      pages.push([answer.status, answer.headers.location, answer.text, textOf(page.text)])
    }
    expect(pages[0]).toEqual(pages[1])
    await app.sendMails()
    expect(mailsTo(known.email).map((mail) => mail.subject)).toContain('You already have an account')
    expect((await userOf(known.email))?.hashedPwd).toBe(known.user.hashedPwd)
  })
})

describe('confirming the address', () => {
  test('looking at the link changes nothing; sending its form does', async () => {
    const { email, link } = await signUp()
    await new Visitor(app).get(link)
    await ask(app, 'HEAD', link)
    expect((await userOf(email))?.emailConfirmedOn).toBeNull()
    const visitor = new Visitor(app)
    await visitor.get(link)
    const answer = await visitor.post(link, { password: PASSWORD })
    expect([answer.status, answer.headers.location]).toEqual([303, '/dashboard'])
    expect((await userOf(email))?.emailConfirmedOn).toEqual(clock.now())
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('when the mail was sent and when it was confirmed is kept', async () => {
    const { visitor, email, link } = await signUp()
    const sentAt = clock.now()
    clock.advance(3 * MINUTE)
    await visitor.post(link, { password: PASSWORD })
    const user = await app.deps.db.prisma.user.findUniqueOrThrow({
      where: { email },
      include: { emailTokens: true },
    })
    expect(user.emailTokens).toMatchObject([{ purpose: 'CONFIRM', createdOn: sentAt, usedOn: clock.now() }])
    expect(user.emailConfirmedOn).toEqual(clock.now())
    expect(clock.now().getTime() - sentAt.getTime()).toBe(3 * MINUTE)
  })

  test('with another password it is shown again, with the error at the field, and confirms nothing', async () => {
    const { visitor, email, link } = await signUp()
    const answer = await visitor.post(link, { password: 'Some-other-words-77' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain(
      'This is not the password chosen at the last sign-up with this address.',
    )
    expect((await userOf(email))?.emailConfirmedOn).toBeNull()
  })

  test('works once', async () => {
    const { visitor, email, link } = await signUp()
    await visitor.post(link, { password: PASSWORD })
    const confirmedOn = (await userOf(email))?.emailConfirmedOn
    clock.advance(MINUTE)
    const somewhereElse = new Visitor(app)
    const again = await somewhereElse.post(link, { password: PASSWORD })
    expect([again.status, again.headers.location]).toEqual([303, '/confirm/resend'])
    expect(await somewhereElse.flashes('/confirm/resend')).toContain('That link has been used or is too old.')
    expect((await userOf(email))?.emailConfirmedOn).toEqual(confirmedOn)
  })

  test('is too late after a day', async () => {
    const { visitor, email, link } = await signUp()
    clock.advance(DAY)
    expect((await visitor.post(link, { password: PASSWORD })).headers.location).toBe('/confirm/resend')
    expect((await userOf(email))?.emailConfirmedOn).toBeNull()
  })

  test('works with the newest link only', async () => {
    const { visitor, email, link } = await signUp()
    clock.advance(2 * MINUTE)
    await visitor.post('/confirm/resend', { email })
    await app.sendMails()
    const newer = linkIn(app, email, '/confirm/')
    expect(newer).not.toBe(link)
    await visitor.post(link, { password: PASSWORD })
    expect((await userOf(email))?.emailConfirmedOn).toBeNull()
    await visitor.post(newer, { password: PASSWORD })
    expect((await userOf(email))?.emailConfirmedOn).not.toBeNull()
  })

  test('a link that was never sent confirms nobody', async () => {
    const before = await app.deps.db.prisma.user.count({ where: { emailConfirmedOn: null } })
    const visitor = new Visitor(app)
    for (const token of ['x', '%00', 'a'.repeat(5_000), '__proto__'])
      expect((await visitor.post(`/confirm/${token}`, { password: PASSWORD })).headers.location).toBe(
        '/confirm/resend',
      )
    expect(await app.deps.db.prisma.user.count({ where: { emailConfirmedOn: null } })).toBe(before)
  })

  test('asking for the mail again says the same for a waiting, a confirmed and an unknown address', async () => {
    const waiting = await signUp()
    const confirmed = await newSaver(app)
    clock.advance(2 * MINUTE)
    const pages = []
    for (const email of [waiting.email, confirmed.email, newAddress()]) {
      const visitor = new Visitor(app)
      const answer = await visitor.post('/confirm/resend', { email })
      pages.push([
        answer.status,
        answer.headers.location,
        textOf((await visitor.get('/confirm/resend')).text),
      ])
    }
    expect(pages[1]).toEqual(pages[0])
    expect(pages[2]).toEqual(pages[0])
    const before = mailsTo(confirmed.email).length
    await app.sendMails()
    expect(mailsTo(waiting.email)).toHaveLength(2)
    expect(mailsTo(confirmed.email)).toHaveLength(before)
  })

  test('asking with half an address is refused at the field', async () => {
    const answer = await new Visitor(app).post('/confirm/resend', { email: 'ida' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#email"')
    expect(answer.text).toContain('value="ida"')
  })

  test('until then a signed-in saver sees nothing private, and is told why', async () => {
    const { visitor, email } = await signUp()
    const signedIn = await visitor.post('/login', { email, password: PASSWORD })
    expect([signedIn.status, signedIn.headers.location]).toEqual([303, '/confirm/resend'])
    const page = await visitor.follow('/dashboard')
    expect(textOf(page.text)).toContain('Confirm your e-mail address to start saving.')
    expect(page.text).not.toContain('href="/payments"')
  })

  test('a saver who is signed in already goes on to today', async () => {
    const { visitor, email, link } = await signUp()
    await visitor.post('/login', { email, password: PASSWORD })
    await visitor.get(link)
    expect((await visitor.post(link, { password: PASSWORD })).headers.location).toBe('/dashboard')
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })
})
