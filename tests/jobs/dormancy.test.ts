import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { createCare } from '../../src/jobs/handlers/care.ts'
import { createErase } from '../../src/jobs/handlers/erasure.ts'
import { createTellBank } from '../../src/jobs/handlers/tell-bank.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  addFactor,
  checkOff,
  linkBank,
  linkIn,
  newAdmin,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { answerApproval } from './support.ts'

const YEAR = 365 * DAY
const NEW_PASSWORD = 'Brisk-heron-72-ferns'
const clock = new ManualClock(new Date())
let app: TestApp
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())
beforeEach(async () => {
  saver = await newLinkedSaver(app)
})

const prisma = () => app.deps.db.prisma
const care = (workers = 1) => Promise.all(Array.from({ length: workers }, () => createCare(app.deps)()))
const userOf = ({ user }: Person) => prisma().user.findUniqueOrThrow({ where: { id: user.id } })
const paymentsOf = ({ user }: Person) =>
  prisma().payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })
const auditsOf = ({ user }: Person, action: string) =>
  prisma().auditEvent.count({ where: { subjectId: user.id, action } })
const subjectsTo = ({ email }: Person) =>
  app.mail
    .messages()
    .filter(({ to }) => to.includes(email))
    .map(({ subject }) => subject)
const signIn = ({ email }: Person, password = PASSWORD) =>
  new Visitor(app).post('/login', { email, password })

/** A year and a month go by, with a night at the end of each. */
async function fallAsleep(workers = 1): Promise<void> {
  clock.advance(YEAR)
  await care(workers)
  clock.advance(30 * DAY)
  await care(workers)
  await app.sendMails()
}

async function resetPassword({ email }: Person): Promise<void> {
  const visitor = new Visitor(app)
  await visitor.post('/password/forgot', { email })
  await app.sendMails()
  const link = linkIn(app, email, '/password/reset/')
  await visitor.get(link)
  await visitor.post(link, { password: NEW_PASSWORD, passwordConfirm: NEW_PASSWORD })
}

describe('an account that nobody signs in to (S-015)', () => {
  test('is told of after a year and shut a month later, each once whatever the number of workers', async () => {
    clock.advance(YEAR - MINUTE)
    await care(3)
    expect(await userOf(saver)).toMatchObject({ dormantWarnedOn: null })
    clock.advance(MINUTE)
    await care(3)
    await app.sendMails()
    expect(subjectsTo(saver)[0]).toBe('Nobody has signed in to your account for a year')
    clock.advance(30 * DAY - MINUTE)
    await care(3)
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE' })
    clock.advance(MINUTE)
    await care(3)
    await app.sendMails()
    expect(await userOf(saver)).toMatchObject({ status: 'DORMANT' })
    const own = subjectsTo(saver).filter((subject) => /shut|year/.test(subject))
    expect(own).toEqual(['Your account is shut', 'Nobody has signed in to your account for a year'])
    expect([await auditsOf(saver, 'user.unused-told'), await auditsOf(saver, 'user.dormant')]).toEqual([1, 1])
  })

  test('is not told of while somebody signs in now and then; every complete sign-in is noted', async () => {
    expect(await userOf(saver)).toMatchObject({ lastSignInOn: expect.any(Date) })
    clock.advance(300 * DAY)
    await signIn(saver)
    expect(await userOf(saver)).toMatchObject({ lastSignInOn: clock.now() })
    clock.advance(300 * DAY)
    await signIn(saver, 'Wrong-otter-39-lakes')
    await care()
    expect(await userOf(saver)).toMatchObject({ dormantWarnedOn: null })
    clock.advance(65 * DAY)
    await care()
    expect(await userOf(saver)).toMatchObject({ dormantWarnedOn: clock.now() })
  })

  test('a password without its second step is no sign-in', async () => {
    const withFactor = await addFactor(app, saver)
    const before = await userOf(saver)
    clock.advance(YEAR)
    const visitor = new Visitor(app)
    await visitor.post('/login', { email: saver.email, password: PASSWORD })
    expect(await userOf(saver)).toMatchObject({ lastSignInOn: before.lastSignInOn })
    await visitor.get('/login/code')
    await visitor.post('/login/code', { code: withFactor.code() })
    expect(await userOf(saver)).toMatchObject({ lastSignInOn: clock.now() })
  })

  test('stays open when its owner signs in after the letter, and is told of again a year later', async () => {
    clock.advance(YEAR)
    await care()
    clock.advance(29 * DAY)
    await signIn(saver)
    clock.advance(100 * DAY)
    await care()
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE', dormantWarnedOn: null })
    clock.advance(YEAR)
    await care()
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE', dormantWarnedOn: clock.now() })
  })

  test('whoever signs in while it is being shut is either in, and it stays open, or out, and it is shut', async () => {
    clock.advance(YEAR)
    await care()
    clock.advance(30 * DAY)
    const visitor = new Visitor(app)
    await Promise.all([visitor.post('/login', { email: saver.email, password: PASSWORD }), care(2)])
    const isIn = (await visitor.get('/dashboard')).status === 200
    expect([isIn, (await userOf(saver)).status]).toEqual([isIn, isIn ? 'ACTIVE' : 'DORMANT'])
  })

  test('of an admin is no exception', async () => {
    const admin = await newAdmin(app)
    await fallAsleep()
    expect(await userOf(admin)).toMatchObject({ status: 'DORMANT', role: 'ADMIN' })
  })

  test('with no confirmed address is left to those who take such accounts away', async () => {
    const newcomer = await newSaver(app)
    await prisma().user.update({ where: { id: newcomer.user.id }, data: { emailConfirmedOn: null } })
    await fallAsleep()
    expect(await userOf(newcomer)).toMatchObject({ status: 'ACTIVE', dormantWarnedOn: null })
  })
})

describe('a dormant account', () => {
  test('says to the right password what it says to a wrong one', async () => {
    await fallAsleep()
    const [right, wrong] = [await signIn(saver), await signIn(saver, 'Wrong-otter-39-lakes')]
    const sentence = 'The address or the password is wrong.'
    expect([right.status, textOf(right.text).includes(sentence)]).toEqual([422, true])
    expect([wrong.status, textOf(wrong.text).includes(sentence)]).toEqual([422, true])
  })

  test('has no session any more, not even one that would live on', async () => {
    clock.advance(YEAR)
    await care()
    clock.advance(30 * DAY)
    const id = saver.user.id
    await app.deps.db.pool.query(
      `UPDATE session SET sess = jsonb_set(jsonb_set(sess::jsonb, '{signedInAt}', to_jsonb($2::float8)), '{lastSeenAt}', to_jsonb($2::float8))::json
       WHERE sess #>> '{passport,user}' = $1`,
      [id, clock.now().getTime()],
    )
    expect((await saver.visitor.get('/dashboard')).status).toBe(200)
    await care()
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    const { rows } = await app.deps.db.pool.query(
      `SELECT 1 FROM session WHERE sess #>> '{passport,user}' = $1`,
      [id],
    )
    expect(rows).toEqual([])
  })

  test('has no consent any more, here or at the bank', async () => {
    clock.advance(YEAR + 29 * DAY)
    await prisma().user.update({ where: { id: saver.user.id }, data: { dormantWarnedOn: clock.now() } })
    await prisma().bankConsent.updateMany({
      where: { userId: saver.user.id },
      data: { expiresAt: new Date(clock.now().getTime() + 90 * DAY), lastUsedAt: clock.now() },
    })
    clock.advance(30 * DAY)
    await care()
    app.sandbox.control.clearRequests()
    await createTellBank(app.deps)()
    const [consent] = await prisma().bankConsent.findMany({ where: { userId: saver.user.id } })
    expect(consent).toMatchObject({ endReason: 'account-unused', bankToldOn: clock.now() })
    const told = app.sandbox.control.requests().map(({ path }) => path)
    expect(told).toContain('/personal/v5/authorize/token/revoke')
  })

  test('sends nothing: what was not sent is called off, and can be tried again by who comes back', async () => {
    await saver.visitor.post('/settings/savings/pause', { until: '' })
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(HOUR)
    await app.settleDue()
    expect(await paymentsOf(saver)).toMatchObject([{ state: 'BLOCKED' }])
    app.sandbox.control.clearRequests()
    await fallAsleep()
    clock.advance(HOUR)
    await app.settleDue()
    const [payment] = await paymentsOf(saver)
    expect(payment).toMatchObject({ state: 'CANCELLED', reason: 'account-unused', nextActionAt: null })
    expect(app.sandbox.control.requests().filter(({ path }) => path.includes('payments'))).toEqual([])

    await resetPassword(saver)
    const visitor = new Visitor(app)
    await visitor.post('/login', { email: saver.email, password: NEW_PASSWORD })
    const page = await visitor.get(`/payments/${payment?.id}`)
    expect(textOf(page.text)).toContain('Nobody had signed in for over a year')
    expect(page.text).toContain(`/payments/${payment?.id}/again`)
  })

  test('has its orders at the bank followed to their end before the consent ends', async () => {
    app.sandbox.control.setApproval('always')
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(2 * MINUTE)
    await app.settleDue()
    app.sandbox.control.setApproval('never')
    const [waiting] = await paymentsOf(saver)
    expect(waiting).toMatchObject({ state: 'AWAITING_APPROVAL' })
    const id = saver.user.id
    await prisma().user.update({
      where: { id },
      data: {
        lastSignInOn: new Date(clock.now().getTime() - 2 * YEAR),
        dormantWarnedOn: new Date(clock.now().getTime() - 31 * DAY),
      },
    })
    await care()
    expect(await userOf(saver)).toMatchObject({ status: 'DORMANT' })
    expect(await app.deps.models.consents.live(id)).not.toBeNull()
    await answerApproval(waiting?.approvalUrl ?? '', 'approve')
    for (let round = 0; round < 4; round += 1) {
      clock.advance(5 * MINUTE)
      await app.settleDue()
    }
    expect(await paymentsOf(saver)).toMatchObject([{ state: 'PAID' }])
    await care()
    expect(await app.deps.models.consents.live(id)).toBeNull()
  })

  test('is opened again by a new password, with a mail that works as for everybody', async () => {
    await fallAsleep()
    await resetPassword(saver)
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE', dormantWarnedOn: null })
    expect(await auditsOf(saver, 'user.woken')).toBe(1)
    expect((await signIn(saver, NEW_PASSWORD)).headers.location).toBe('/dashboard')
    await care()
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE', dormantWarnedOn: null })
    expect((await linkBank(app, { ...saver, visitor: await signedIn() })).user.status).toBe('ACTIVE')
  })

  test('still asks for its second step after the new password', async () => {
    const withFactor = await addFactor(app, saver)
    await fallAsleep()
    await resetPassword(saver)
    const visitor = new Visitor(app)
    const half = await visitor.post('/login', { email: saver.email, password: NEW_PASSWORD })
    expect(half.headers.location).toBe('/login/code')
    await visitor.get('/login/code')
    expect((await visitor.post('/login/code', { code: withFactor.code() })).headers.location).toBe(
      '/dashboard',
    )
  })

  test('can be erased by its owner once it is open again', async () => {
    await fallAsleep()
    await resetPassword(saver)
    const user = await userOf(saver)
    await app.deps.models.erasures.ask(user, { kind: 'saver', id: user.id, ip: null, requestId: null })
    await createErase({ ...app.deps, baseUrl: app.baseUrl })({ userId: user.id })
    expect(await userOf(saver)).toMatchObject({ status: 'CLOSED', fullName: 'Erased saver' })
  })

  test('whose erasure had been asked for before is erased all the same', async () => {
    app.sandbox.control.setApproval('always')
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(2 * MINUTE)
    await app.settleDue()
    app.sandbox.control.setApproval('never')
    const user = await userOf(saver)
    await app.deps.models.erasures.ask(user, { kind: 'saver', id: user.id, ip: null, requestId: null })
    await prisma().user.update({ where: { id: user.id }, data: { status: 'DORMANT' } })
    const [waiting] = await paymentsOf(saver)
    await answerApproval(waiting?.approvalUrl ?? '', 'refuse')
    for (let round = 0; round < 4; round += 1) {
      clock.advance(5 * MINUTE)
      await app.settleDue()
    }
    await createErase({ ...app.deps, baseUrl: app.baseUrl })({ userId: user.id })
    expect(await userOf(saver)).toMatchObject({ status: 'CLOSED', fullName: 'Erased saver' })
  })
})

/** In the browser that the saver has always had. */
async function signedIn(): Promise<Visitor> {
  await saver.visitor.get('/login')
  await saver.visitor.post('/login', { email: saver.email, password: NEW_PASSWORD })
  return saver.visitor
}
