import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { AGREED, confirming, linkIn, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const PAGE = '/settings/email'
const NEXT = 'Another-quiet-otter-52'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const newAddress = () => `${randomUUID()}@example.com`
const userOf = ({ user }: Person) => app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
const subjectsTo = (email: string) =>
  app.mail.messages().flatMap(({ to, subject }) => (to.includes(email) ? [subject] : []))
const by = ({ user }: Person) => ({ kind: 'saver', id: user.id, ip: null, requestId: null }) as const

async function askFor({ visitor }: Person, newEmail: string) {
  await visitor.get(PAGE)
  const answer = await visitor.post(PAGE, { newEmail })
  await app.sendMails()
  return answer
}

const newLink = (email: string) => linkIn(app, email, '/address/new/')
const oldLink = (email: string) => linkIn(app, email, '/address/take-back/')
const tokenOf = (link: string) => link.split('/').at(-1) ?? ''

/** A saver who has moved, and where to. */
async function moved() {
  const saver = await newSaver(app)
  const newEmail = newAddress()
  await askFor(saver, newEmail)
  const link = newLink(newEmail)
  await saver.visitor.get(link)
  const answer = await saver.visitor.post(link)
  await app.sendMails()
  return { saver, newEmail, answer }
}

async function takeBack(link: string) {
  const owner = new Visitor(app)
  await owner.get(link)
  const answer = await owner.post(link)
  await app.sendMails()
  return { owner, answer }
}

const signsIn = async (email: string, password = PASSWORD) =>
  (await new Visitor(app).post('/login', { email, password })).status === 303

describe('another e-mail address (S-088)', () => {
  test('counts once its link was opened and confirmed, and both addresses are told', async () => {
    const saver = await newSaver(app)
    const other = new Visitor(app)
    await other.post('/login', { email: saver.email, password: PASSWORD })
    const newEmail = newAddress()
    expect((await askFor(saver, ` ${newEmail.toUpperCase()} `)).headers.location).toBe(PAGE)
    const page = textOf((await saver.visitor.get(PAGE)).text)
    expect(page).toContain('We have sent a link to the new address, and told the old one.')
    expect(page).toContain(`Waiting for ${newEmail}`)
    expect(subjectsTo(newEmail)).toEqual(['Confirm your new e-mail address'])
    expect(subjectsTo(saver.email)).toContain('Your account is to move to another address')
    const link = newLink(newEmail)
    const look = textOf((await saver.visitor.get(link)).text)
    expect(look).toContain(`From ${saver.email} to ${newEmail}`)
    expect((await userOf(saver)).email).toBe(saver.email)

    expect((await saver.visitor.post(link)).headers.location).toBe(PAGE)
    expect((await userOf(saver)).email).toBe(newEmail)
    await app.sendMails()
    expect(subjectsTo(newEmail)).toContain('Your account has moved to this address')
    expect(subjectsTo(saver.email)).toContain('Your account has moved to another address')
    expect((await saver.visitor.get('/dashboard')).status).toBe(200)
    expect((await other.get('/dashboard')).headers.location).toBe('/login')
    expect([await signsIn(saver.email), await signsIn(newEmail)]).toEqual([false, true])
    const lines = await app.deps.db.prisma.auditEvent.findMany({
      where: { subjectId: saver.user.id, objectKind: 'address-change' },
      orderBy: { id: 'asc' },
    })
    expect(lines.map(({ action }) => action)).toEqual(['user.address-asked', 'user.address-moved'])
    expect(JSON.stringify(lines)).not.toContain('@example.com')
  })

  test('asks for the password again after a while', async () => {
    const saver = await newSaver(app)
    clock.advance(6 * MINUTE)
    const newEmail = newAddress()
    const asked = await askFor(saver, newEmail)
    expect([asked.status, textOf(asked.text)]).toEqual([
      403,
      expect.stringContaining(`New address ${newEmail}`),
    ])
    expect(subjectsTo(newEmail)).toEqual([])
    expect((await saver.visitor.post(PAGE, confirming(asked))).status).toBe(303)
  })

  test.each([
    ['nothing', '', 'Enter your e-mail address.'],
    ['half an address', 'ida@', 'Enter an address like name@example.com.'],
    ['two addresses', 'a@example.com,b@example.com', 'Enter an address like'],
    ['a very long one', `${'a'.repeat(250)}@example.com`, 'Use at most 254'],
  ])('that is %s is refused at the field', async (_name, newEmail, says) => {
    const refused = await askFor(await newSaver(app), newEmail)
    expect([refused.status, textOf(refused.text)]).toEqual([422, expect.stringContaining(says)])
    expect(refused.text).toContain('href="#newEmail"')
  })

  test('that is the account’s own is refused', async () => {
    const saver = await newSaver(app)
    const refused = await askFor(saver, saver.email)
    expect([refused.status, textOf(refused.text)]).toEqual([
      422,
      expect.stringContaining('This is the address of your account already.'),
    ])
  })

  test('that another account has looks the same on the page; only the mail to it tells', async () => {
    const taken = await newSaver(app)
    const pages: string[] = []
    for (const newEmail of [taken.email, newAddress()]) {
      const saver = await newSaver(app)
      const answer = await askFor(saver, newEmail)
      const page = textOf((await saver.visitor.get(PAGE)).text)
      pages.push(`${answer.status} ${page.replaceAll(newEmail, 'new').replaceAll(saver.email, 'old')}`)
      expect(subjectsTo(saver.email)).toContain('Your account is to move to another address')
    }
    expect(pages[0]).toBe(pages[1])
    expect(subjectsTo(taken.email)).toContain('This address has an account already')
    expect(() => newLink(taken.email)).toThrow()
  })

  test('that another account gets meanwhile is told when it is confirmed, and nothing moves', async () => {
    const saver = await newSaver(app)
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    const link = newLink(newEmail)
    const quicker = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: quicker.user.id }, data: { email: newEmail } })
    await saver.visitor.get(link)
    await saver.visitor.post(link)
    expect(await saver.visitor.flashes(PAGE)).toContain('has got another account in the meantime')
    expect((await userOf(saver)).email).toBe(saver.email)
    expect((await saver.visitor.get(PAGE)).text).not.toContain('Waiting for')
  })

  test('is not kept from who reads its mail by a sign-up that nobody has confirmed', async () => {
    const saver = await newSaver(app)
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    const squatter = { fullName: 'S', email: newEmail, password: NEXT, passwordConfirm: NEXT, ...AGREED }
    await new Visitor(app).post('/signup', squatter)
    const link = newLink(newEmail)
    await saver.visitor.get(link)
    await saver.visitor.post(link)
    expect((await userOf(saver)).email).toBe(newEmail)
  })

  test('is confirmed by nobody who is not signed in to the account', async () => {
    const saver = await newSaver(app)
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    const link = newLink(newEmail)
    const stranger = new Visitor(app)
    expect((await stranger.get(link)).headers.location).toBe('/login')
    expect((await stranger.post(link)).headers.location).toBe('/login')
    const other = await newSaver(app)
    expect((await other.visitor.get(link)).headers.location).toBe(PAGE)
    await other.visitor.get(PAGE)
    expect((await other.visitor.post(link)).headers.location).toBe(PAGE)
    expect([(await userOf(saver)).email, (await userOf(other)).email]).toEqual([saver.email, other.email])
    // And what they tried has spent nothing.
    await saver.visitor.get(link)
    await saver.visitor.post(link)
    expect((await userOf(saver)).email).toBe(newEmail)
  })

  test('is over after a day, when it is called off, and when a newer one is wished for', async () => {
    const saver = await newSaver(app)
    const [first, second, third] = [newAddress(), newAddress(), newAddress()]
    await askFor(saver, first)
    await askFor(saver, second)
    await saver.visitor.post(newLink(first))
    expect((await userOf(saver)).email).toBe(saver.email)
    await saver.visitor.post('/settings/email/call-off')
    await saver.visitor.post(newLink(second))
    expect((await userOf(saver)).email).toBe(saver.email)
    await askFor(saver, third)
    clock.advance(DAY)
    const late = new Visitor(app)
    await late.post('/login', { email: saver.email, password: PASSWORD })
    await late.get(PAGE)
    await late.post(newLink(third))
    expect(await late.flashes(PAGE)).toContain('That link has been used, called off or is too old')
    expect((await userOf(saver)).email).toBe(saver.email)
  })

  test('is wished for three times an hour', async () => {
    const saver = await newSaver(app)
    const statuses: number[] = []
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await askFor(saver, newAddress())).status)
    expect(statuses).toEqual([303, 303, 303, 429])
    clock.advance(HOUR)
  })

  test('spends what was mailed to the old one before', async () => {
    const saver = await newSaver(app)
    await new Visitor(app).post('/password/forgot', { email: saver.email })
    await app.sendMails()
    const reset = linkIn(app, saver.email, '/password/reset/')
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    await saver.visitor.get(newLink(newEmail))
    await saver.visitor.post(newLink(newEmail))
    const answer = await new Visitor(app).post(reset, { password: NEXT, passwordConfirm: NEXT })
    expect(answer.headers.location).toBe('/password/forgot')
  })
})

describe('the old address', () => {
  test('calls it off before anything has moved; whoever knew the password is out', async () => {
    const saver = await newSaver(app)
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    const link = oldLink(saver.email)
    expect(textOf((await new Visitor(app).get(link)).text)).toContain('The change is called off.')
    expect((await userOf(saver)).hashedPwd).toBe(saver.user.hashedPwd)
    const { owner, answer } = await takeBack(link)
    expect(answer.headers.location).toBe('/login')
    expect(await owner.flashes('/login')).toContain('Called off.')
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    expect(await signsIn(saver.email)).toBe(false)
    await saver.visitor.post(newLink(newEmail))
    expect((await userOf(saver)).email).toBe(saver.email)
  })

  test('takes it back for three days after, and signs in only with a password set anew', async () => {
    const { saver, newEmail } = await moved()
    clock.advance(3 * DAY - MINUTE)
    const thief = new Visitor(app)
    await thief.post('/login', { email: newEmail, password: PASSWORD })
    const link = oldLink(saver.email)
    expect(textOf((await new Visitor(app).get(link)).text)).toContain(
      'The account comes back to this address.',
    )
    const { owner } = await takeBack(link)
    expect(await owner.flashes('/login')).toContain('The account is back at your address.')
    expect((await userOf(saver)).email).toBe(saver.email)
    expect((await thief.get('/dashboard')).headers.location).toBe('/login')
    expect([await signsIn(saver.email), await signsIn(newEmail)]).toEqual([false, false])
    const reset = linkIn(app, saver.email, '/password/reset/')
    await owner.get(reset)
    await owner.post(reset, { password: NEXT, passwordConfirm: NEXT })
    expect(await signsIn(saver.email, NEXT)).toBe(true)
    // Once.
    await takeBack(link)
    expect(await signsIn(saver.email, NEXT)).toBe(true)
  })

  test('can no longer after three days', async () => {
    const { saver, newEmail } = await moved()
    const link = oldLink(saver.email)
    clock.advance(3 * DAY)
    expect((await new Visitor(app).get(link)).headers.location).toBe('/login')
    await takeBack(link)
    expect((await userOf(saver)).email).toBe(newEmail)
  })

  test('takes it back whatever a thief does with the account meanwhile', async () => {
    const { saver, newEmail } = await moved()
    const link = oldLink(saver.email)
    // On to a third address, with another password, and the old one given to somebody else.
    const third = newAddress()
    await askFor(saver, third)
    await saver.visitor.get(newLink(third))
    await saver.visitor.post(newLink(third))
    await saver.visitor.get('/settings/security')
    const change = { passwordCurrent: PASSWORD, password: NEXT, passwordConfirm: NEXT }
    expect((await saver.visitor.post('/settings/security', change)).status).toBe(303)
    await app.sendMails()
    const thiefs = oldLink(newEmail)
    const squatter = { fullName: 'S', email: saver.email, password: NEXT, passwordConfirm: NEXT, ...AGREED }
    await new Visitor(app).post('/signup', squatter)
    await new Visitor(app).post('/password/forgot', { email: third })
    await app.sendMails()
    await takeBack(link)
    expect((await userOf(saver)).email).toBe(saver.email)
    expect([await signsIn(third, NEXT), await signsIn(saver.email, NEXT)]).toEqual([false, false])
    const reset = linkIn(app, third, '/password/reset/')
    const late = await new Visitor(app).post(reset, { password: PASSWORD, passwordConfirm: PASSWORD })
    expect(late.headers.location).toBe('/password/forgot')
    // Nor does the link that went to the thief's own address.
    await takeBack(thiefs)
    expect((await userOf(saver)).email).toBe(saver.email)
  })

  test('that has another account by now gets nothing back, and nobody else gets in either', async () => {
    const { saver, newEmail } = await moved()
    const link = oldLink(saver.email)
    const other = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: other.user.id }, data: { email: saver.email } })
    const { owner } = await takeBack(link)
    expect(await owner.flashes('/login')).toContain('has another account by now')
    expect(await userOf(saver)).toMatchObject({ email: newEmail, status: 'LOCKED' })
    expect((await userOf(other)).status).toBe('ACTIVE')
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
  })
})

describe('at the same moment', () => {
  const move = (saver: Person, link: string) =>
    app.deps.models.addresses.move(saver.user.id, tokenOf(link), 'no session', by(saver))

  test('two confirmations move it once', async () => {
    const saver = await newSaver(app)
    const newEmail = newAddress()
    await askFor(saver, newEmail)
    const link = newLink(newEmail)
    const results = await Promise.all(Array.from({ length: 6 }, () => move(saver, link)))
    expect(results.filter(({ kind }) => kind === 'moved')).toHaveLength(1)
    expect(results.filter(({ kind }) => kind === 'spent')).toHaveLength(5)
    await app.sendMails()
    expect(
      subjectsTo(newEmail).filter((subject) => subject.startsWith('Your account has moved')),
    ).toHaveLength(1)
  })

  test('confirming and calling off end at the old address, whichever comes first', async () => {
    for (let round = 0; round < 6; round += 1) {
      const saver = await newSaver(app)
      const newEmail = newAddress()
      await askFor(saver, newEmail)
      const [to, back] = [newLink(newEmail), tokenOf(oldLink(saver.email))]
      const acts = [() => move(saver, to), () => app.deps.models.addresses.takeBack(back, by(saver))]
      const [one, other] = round % 2 === 0 ? acts : acts.toReversed()
      await Promise.all([one?.(), other?.()])
      expect((await userOf(saver)).email).toBe(saver.email)
      expect(await signsIn(saver.email)).toBe(false)
    }
  })

  test('two accounts get one address once', async () => {
    const newEmail = newAddress()
    const savers = [await newSaver(app), await newSaver(app)]
    const links: string[] = []
    for (const saver of savers) {
      await askFor(saver, newEmail)
      links.push(newLink(newEmail))
    }
    const results = await Promise.all(savers.map((saver, index) => move(saver, links[index] ?? '')))
    expect(results.map(({ kind }) => kind).sort()).toEqual(['moved', 'taken'])
  })

  test('three wishes leave one open', async () => {
    const saver = await newSaver(app)
    const asked = Array.from({ length: 3 }, () =>
      app.deps.models.addresses.ask(saver.user.id, newAddress(), by(saver)),
    )
    await Promise.all(asked)
    const open = await app.deps.db.prisma.emailChange.count({
      where: { userId: saver.user.id, confirmedOn: null, calledOffOn: null },
    })
    expect(open).toBe(1)
  })
})
