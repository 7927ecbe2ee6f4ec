import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  addFactor,
  checkOff,
  confirming,
  linkIn,
  newHabit,
  newLinkedSaver,
  offerOf,
  PASSWORD,
  type Person,
  secondBrowser,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

/** Somebody who knows the password, in a browser of their own. */
async function elsewhere({ email }: Person, visitor = new Visitor(app)): Promise<Visitor> {
  await visitor.get('/login')
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/dashboard')
  return visitor
}

async function mailedLink(visitor: Visitor, { email }: Person): Promise<string> {
  await visitor.get('/browser')
  await visitor.post('/browser')
  await app.sendMails()
  return linkIn(app, email, '/browser/')
}

const paymentsOf = ({ user }: Person) => app.deps.db.prisma.payment.count({ where: { userId: user.id } })
const confirmedOf = ({ user }: Person) =>
  app.deps.db.prisma.knownDevice.count({ where: { userId: user.id, confirmedOn: { not: null } } })

describe('a browser in which only the password was shown (S-061)', () => {
  test('moves no money before a mailed link was opened in it, and then what was wanted', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const visitor = await elsewhere(saver)
    const asked = await visitor.post(`/habits/${habit}/checkoff`, await offerOf(app, saver, habit))
    expect([asked.status, textOf(asked.text)]).toEqual([
      403,
      expect.stringContaining('We don’t know this browser yet'),
    ])
    expect(await paymentsOf(saver)).toBe(0)
    const link = await mailedLink(visitor, saver)
    expect(textOf((await visitor.get('/browser')).text)).toContain(`A link is on its way to ${saver.email}`)
    await visitor.get(link)
    expect(await confirmedOf(saver)).toBe(1)
    expect((await visitor.post(link)).headers.location).toBe('/browser')
    const page = await visitor.get('/browser')
    const [, form = ''] =
      new RegExp(`action="/habits/${habit}/checkoff">([\\s\\S]*?)</form>`).exec(page.text) ?? []
    expect(textOf(form)).toBe('Check it off')
    const goingOn = await visitor.post(`/habits/${habit}/checkoff`, confirming({ text: form }, {}))
    expect([goingOn.status, await visitor.flashes()]).toEqual([303, expect.stringContaining('Run: done.')])
    expect(await paymentsOf(saver)).toBe(1)
    expect((await visitor.get('/browser')).text).not.toContain('Check it off')
  })

  test('is asked about before every way of moving money, and before other ways into the account are opened', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const id = await checkOff(app, saver, habit)
    const { paymentId } = await app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id } })
    const visitor = await elsewhere(saver)
    for (const path of [
      `/habits/${habit}/checkoff`,
      `/habits/${habit}/backfill`,
      `/checkoffs/${id}/move-back`,
      `/payments/${paymentId}/again`,
      `/payments/${paymentId}/try-now`,
      '/settings/savings/resume',
      '/settings/email',
      '/settings/security/authenticator/begin',
      '/settings/security/authenticator',
      '/settings/security/passkeys/begin',
      '/settings/security/passkeys/new',
    ]) {
      const asked = await visitor.post(path)
      expect([path, asked.status, asked.text.includes('We don’t know this browser yet')]).toEqual([
        path,
        403,
        true,
      ])
    }
    // Taking back moves none.
    expect((await visitor.post(`/checkoffs/${id}/undo`)).status).toBe(303)
  })

  test('is not asked about at the first sign-in ever to an account that was made for somebody', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 10 })
    const { prisma } = app.deps.db
    await prisma.knownDevice.deleteMany({ where: { userId: saver.user.id } })
    await prisma.user.update({ where: { id: saver.user.id }, data: { lastSignInOn: null } })
    const press = async (visitor: Visitor) =>
      (await visitor.post(`/habits/${habit}/checkoff`, await offerOf(app, saver, habit))).status
    expect(await press(await elsewhere(saver))).toBe(303)
    expect(await press(await elsewhere(saver))).toBe(403)
  })

  test('stays confirmed at the next sign-in in it, until the password changes', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 10 })
    const visitor = await secondBrowser(app, saver)
    const press = async () =>
      (await visitor.post(`/habits/${habit}/checkoff`, await offerOf(app, saver, habit))).status
    expect(await press()).toBe(303)
    await visitor.post('/logout')
    await elsewhere(saver, visitor)
    expect(await press()).toBe(303)
    const next = 'Another-quiet-otter-52'
    const change = { passwordCurrent: PASSWORD, password: next, passwordConfirm: next }
    await saver.visitor.get('/settings/security')
    expect((await saver.visitor.post('/settings/security', change)).status).toBe(303)
    await visitor.get('/login')
    await visitor.post('/login', { email: saver.email, password: next })
    await visitor.get('/dashboard')
    expect(await press()).toBe(403)
  })

  test('is confirmed by signing in with a code', async () => {
    const saver = await addFactor(app, await newLinkedSaver(app))
    const habit = await newHabit(app, saver)
    clock.advance(30 * SECOND)
    const visitor = await elsewhere(saver)
    await visitor.get('/login/code')
    await visitor.post('/login/code', { code: saver.code() })
    await visitor.get('/dashboard')
    const offer = await offerOf(app, saver, habit)
    expect((await visitor.post(`/habits/${habit}/checkoff`, offer)).status).toBe(303)
  })

  test('asks whoever has a code for the code, which confirms it', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const visitor = await elsewhere(saver)
    // As if the authenticator had come by another way while this session lasted.
    const { user, code } = await addFactor(app, saver)
    await app.deps.db.prisma.knownDevice.updateMany({
      where: { userId: user.id },
      data: { confirmedOn: null },
    })
    await app.deps.db.pool.query(
      `UPDATE session SET sess = (sess::jsonb - 'browserConfirmed')::json WHERE sess #>> '{passport,user}' = $1`,
      [user.id],
    )
    expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
    const path = `/habits/${habit}/checkoff`
    const asked = await saver.visitor.post(path, await offerOf(app, saver, habit))
    expect([asked.status, textOf(asked.text)]).toEqual([
      403,
      expect.stringMatching(/We don’t know this browser yet\..*Habit Run Moves 25\.00\skr From \S.+ To \S/),
    ])
    clock.advance(30 * SECOND)
    const shown = confirming(asked, { _password: PASSWORD, _code: code() })
    expect((await saver.visitor.post(path, shown)).status).toBe(303)
    expect([await paymentsOf(saver), await confirmedOf(saver)]).toEqual([1, 1])
  })
})

describe('the link that confirms a browser', () => {
  test('works in the browser that asked for it only, and elsewhere says so without spending it', async () => {
    const saver = await newLinkedSaver(app)
    const thief = await elsewhere(saver)
    const link = await mailedLink(thief, saver)
    const stranger = new Visitor(app)
    expect((await stranger.get(link)).headers.location).toBe('/login')
    expect(await stranger.flashes('/login')).toContain('asked for in another browser')
    const owner = await elsewhere(saver)
    expect((await owner.get(link)).headers.location).toBe('/browser')
    expect((await owner.post(link)).headers.location).toBe('/browser')
    expect(await owner.flashes('/browser')).toContain('asked for in another browser')
    expect(await confirmedOf(saver)).toBe(1)
    expect((await thief.get(link)).status).toBe(200)
  })

  test('leads whoever is signed out in its browser to the sign-in and back', async () => {
    const saver = await newLinkedSaver(app)
    const visitor = await elsewhere(saver)
    const link = await mailedLink(visitor, saver)
    await visitor.post('/logout')
    expect((await visitor.get(link)).headers.location).toBe('/login')
    await visitor.get('/login')
    const entered = await visitor.post('/login', { email: saver.email, password: PASSWORD })
    expect(entered.headers.location).toBe(link)
    await visitor.get(link)
    await visitor.post(link)
    expect(await confirmedOf(saver)).toBe(2)
  })

  test('is worth nothing to another saver, nor after half an hour, nor once a newer one has come', async () => {
    const saver = await newLinkedSaver(app)
    const visitor = await elsewhere(saver)
    const first = await mailedLink(visitor, saver)
    clock.advance(2 * MINUTE)
    const second = await mailedLink(visitor, saver)
    expect(second).not.toBe(first)
    await visitor.post(first)
    expect(await visitor.flashes('/browser')).toContain('That link has been used or is too old.')
    const other = await newLinkedSaver(app)
    await other.visitor.post(second)
    clock.advance(30 * MINUTE)
    await visitor.post(second)
    expect(await confirmedOf(saver)).toBe(1)
  })

  test('of one browser is not replaced by that of another', async () => {
    const saver = await newLinkedSaver(app)
    const [owner, thief] = [await elsewhere(saver), await elsewhere(saver)]
    const link = await mailedLink(owner, saver)
    await mailedLink(thief, saver)
    await owner.get(link)
    await owner.post(link)
    expect(await confirmedOf(saver)).toBe(2)
  })

  test('sent ten times at once confirms once', async () => {
    const saver = await newLinkedSaver(app)
    const visitor = await elsewhere(saver)
    const link = await mailedLink(visitor, saver)
    await visitor.get(link)
    const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.post(link)))
    expect(new Set(answers.map(({ headers }) => headers.location))).toEqual(new Set(['/browser']))
    const lines = await app.deps.db.prisma.auditEvent.findMany({
      where: { subjectId: saver.user.id, action: 'browser.confirmed' },
    })
    expect(lines.map(({ detail }) => detail)).toEqual([{ shown: 'mail' }])
    expect(await confirmedOf(saver)).toBe(2)
    expect(textOf((await visitor.get('/browser')).text)).toContain('Money can move from this browser.')
  })

  test('is mailed once a minute, and five times an hour', async () => {
    const saver = await newLinkedSaver(app)
    const visitor = await elsewhere(saver)
    const mails = () =>
      app.mail
        .messages()
        .filter(({ to, subject }) => to.includes(saver.email) && subject === 'Is this your browser?')
    const statuses: number[] = []
    await mailedLink(visitor, saver)
    for (let turn = 0; turn < 5; turn += 1) {
      statuses.push((await visitor.post('/browser')).status)
      await app.sendMails()
    }
    expect(statuses).toEqual([303, 303, 303, 303, 429])
    expect(mails()).toHaveLength(1)
  })
})

describe('questions at check-offs, as the saver wishes (S-008)', () => {
  const PAGE = '/settings/check-offs'
  const wish = async (saver: Person, fields: Record<string, string>) => {
    await saver.visitor.get(PAGE)
    return saver.visitor.post(PAGE, fields)
  }

  test('at every check-off ask when the sign-in is five minutes old, and show what moves', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 10 })
    expect((await wish(saver, { always: 'yes', above: '' })).status).toBe(303)
    await checkOff(app, saver, habit)
    clock.advance(5 * MINUTE + SECOND)
    const path = `/habits/${habit}/checkoff`
    const asked = await saver.visitor.post(path, await offerOf(app, saver, habit))
    expect([asked.status, textOf(asked.text)]).toEqual([
      403,
      expect.stringMatching(/What A check-off Habit Run Moves 25\.00\skr From \S.+ To \S/),
    ])
    expect(await paymentsOf(saver)).toBe(1)
    expect((await saver.visitor.post(path, confirming(asked))).status).toBe(303)
    expect(await paymentsOf(saver)).toBe(2)
  })

  test('above an amount ask above it, and for a past day that pays', async () => {
    const saver = await newLinkedSaver(app)
    const [small, large] = [
      await newHabit(app, saver, { name: 'Small', amount: '50' }),
      await newHabit(app, saver, { name: 'Large', amount: '50,01' }),
    ]
    await wish(saver, { above: '50' })
    clock.advance(6 * MINUTE)
    const press = async (habit: string) =>
      (await saver.visitor.post(`/habits/${habit}/checkoff`, await offerOf(app, saver, habit))).status
    expect([await press(small), await press(large)]).toEqual([303, 403])
    const past = { day: '2020-01-01', slot: 1, version: 1 }
    const made = async (pays: 'yes' | 'no') =>
      (await saver.visitor.post(`/habits/${large}/backfill`, { ...past, pays })).status
    expect([await made('yes'), await made('no')]).toEqual([403, 303])
  })

  test('are loosened only by who has just shown that it is them, and tightened by anybody who is in', async () => {
    const saver = await newLinkedSaver(app)
    const now = async () => {
      const { asksAtCheckOff, asksAboveMinor } = await app.deps.db.prisma.user.findUniqueOrThrow({
        where: { id: saver.user.id },
      })
      return [asksAtCheckOff, asksAboveMinor]
    }
    clock.advance(6 * MINUTE)
    expect((await wish(saver, { above: '100' })).status).toBe(303)
    expect((await wish(saver, { above: '99,50', always: 'yes' })).status).toBe(303)
    for (const looser of [
      { above: '99,50' },
      { above: '', always: 'yes' },
      { above: '99,51', always: 'yes' },
      { above: '' },
    ])
      expect([looser, (await wish(saver, looser)).status]).toEqual([looser, 403])
    expect(await now()).toEqual([true, 9_950])
    const asked = await wish(saver, { above: '' })
    expect((await saver.visitor.post(PAGE, confirming(asked))).status).toBe(303)
    expect(await now()).toEqual([false, null])
  })

  test.each([
    ['nothing of an amount', 'x', 'Enter an amount in digits'],
    ['0', '0', 'More than 0.'],
    ['three decimals', '1,005', 'Use at most two decimals'],
    ['more than any habit pays', '1000000,01', 'At most 1 000 000.00.'],
  ])('with %s are shown again', async (_name, above, says) => {
    const saver = await newLinkedSaver(app)
    const refused = await wish(saver, { above, always: 'yes' })
    expect([refused.status, textOf(refused.text)]).toEqual([422, expect.stringContaining(says)])
    expect(refused.text).toContain(`value="${above}"`)
    expect(refused.text).toMatch(/id="always"[^>]*checked/)
  })
})

describe('what is confirmed is what was shown (R-06)', () => {
  const WISH = { name: 'Swim', frequency: 1, interval: 1, amount: '25' }
  const habitsOf = ({ user }: Person) => app.deps.db.prisma.habit.count({ where: { userId: user.id } })

  test('another amount than on the page that was confirmed is refused, and shown for another look', async () => {
    const saver = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    const asked = await saver.visitor.post('/habits/new', WISH)
    const altered = { ...confirming(asked), amount: '2500' }
    const refused = await saver.visitor.post('/habits/new', altered)
    expect([refused.status, textOf(refused.text)]).toEqual([
      403,
      expect.stringMatching(/has changed since this page was shown.*Moves each time 2500 From/),
    ])
    // Nor does the password that came with it count for anything.
    expect((await saver.visitor.post('/habits/new', WISH)).status).toBe(403)
    expect(await habitsOf(saver)).toBe(0)
    expect((await saver.visitor.post('/habits/new', confirming(asked))).status).toBe(303)
  })

  test.each([
    ['no mark', { _seen: '' }],
    ['the mark of nothing', { _seen: 'x'.repeat(43) }],
  ])('%s confirms nothing', async (_name, change) => {
    const saver = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    const asked = await saver.visitor.post('/habits/new', WISH)
    expect((await saver.visitor.post('/habits/new', { ...confirming(asked), ...change })).status).toBe(403)
    expect(await habitsOf(saver)).toBe(0)
  })

  test('a mark of one form, or one session, is worth nothing for another', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const other = await secondBrowser(app, saver)
    clock.advance(6 * MINUTE)
    const asked = await saver.visitor.post('/habits/new', WISH)
    const { _seen = '' } = confirming(asked)
    const shown = { ...WISH, _seen, _password: PASSWORD }
    expect((await saver.visitor.post(`/habits/${habit}/edit`, shown)).status).toBe(403)
    expect((await other.post('/habits/new', shown)).status).toBe(403)
    expect(await habitsOf(saver)).toBe(1)
  })

  test('other accounts than on the page that was confirmed are refused', async () => {
    const saver = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    const asked = await saver.visitor.post('/habits/new', WISH)
    const { debtor, creditor } = (await app.deps.models.accounts.chosenBy(saver.user.id)) ?? {}
    await app.deps.db.prisma.account.updateMany({
      where: { userId: saver.user.id },
      data: { isDebitor: false, isCreditor: false },
    })
    await app.deps.db.prisma.account.update({ where: { id: debtor?.id ?? '' }, data: { isCreditor: true } })
    await app.deps.db.prisma.account.update({ where: { id: creditor?.id ?? '' }, data: { isDebitor: true } })
    const refused = await saver.visitor.post('/habits/new', confirming(asked))
    expect([refused.status, await habitsOf(saver)]).toEqual([403, 0])
    expect((await saver.visitor.post('/habits/new', confirming(refused))).status).toBe(303)
  })

  test('a check-off that was offered with another amount than the habit has by now is refused', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const offer = await offerOf(app, saver, habit)
    await saver.visitor.get(`/habits/${habit}/edit`)
    const edited = { name: 'Run', frequency: 1, interval: 1, amount: '250' }
    expect((await saver.visitor.post(`/habits/${habit}/edit`, edited)).status).toBe(303)
    await saver.visitor.post(`/habits/${habit}/checkoff`, offer)
    expect(await saver.visitor.flashes()).toContain(
      'Run has been changed since that page was made. Nothing was recorded',
    )
    expect(await paymentsOf(saver)).toBe(0)
    await checkOff(app, saver, habit)
    const { amountMinor } = await app.deps.db.prisma.payment.findFirstOrThrow({
      where: { userId: saver.user.id },
    })
    expect(amountMinor).toBe(25_000)
  })
})
