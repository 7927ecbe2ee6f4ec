import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { createCare } from '../../src/jobs/handlers/care.ts'
import { createReconcile } from '../../src/jobs/handlers/reconcile.ts'
import { createTellBank } from '../../src/jobs/handlers/tell-bank.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  confirming,
  linkBank,
  newHabit,
  newLinkedSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { balances, expectPromiseKept, paymentOf } from './support.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let saver: Person
let opening: Map<string, number>

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { CONSENT_DAYS: '180' } })
  opening = balances(app)
})
afterAll(() => app.close())
beforeEach(async () => {
  // Nothing is left to end, or to tell the bank of, of the savers of other tests.
  for (const { userId, id } of await prisma().bankConsent.findMany({ where: { revokedAt: null } }))
    await app.deps.models.consents.revoke(userId, id, {
      kind: 'saver',
      id: userId,
      ip: null,
      requestId: null,
    })
  await tellBank()
  saver = await newLinkedSaver(app)
})

const prisma = () => app.deps.db.prisma
const consentsOf = ({ user }: Person) =>
  prisma().bankConsent.findMany({ where: { userId: user.id }, orderBy: { grantedAt: 'asc' } })
const care = () => createCare(app.deps)()
const tellBank = () => createTellBank(app.deps)()
const mailsTo = ({ email }: Person) => app.mail.messages().filter(({ to }) => to.includes(email))
const subjectsTo = (person: Person) => mailsTo(person).map(({ subject }) => subject)
const revocations = () => app.sandbox.control.requests().filter(({ path }) => path.endsWith('/token/revoke'))

/** The nightly jobs of so many days, and the mails they send. */
async function nights(days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    clock.advance(DAY)
    await care()
    await app.sendMails()
  }
}

async function signInAgain(): Promise<void> {
  await saver.visitor.get('/login')
  await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
  await saver.visitor.get('/dashboard')
}

/** Lets the worker do what is due, over and over, for a quarter of an hour. */
async function settle(): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    clock.advance(2 * MINUTE)
    await app.settleDue()
  }
}

test('told of three times, run out, waited for and renewed: the payment goes on, with the same accounts and habit', async () => {
  const chosen = await app.deps.models.accounts.chosenBy(saver.user.id)
  const habit = await newHabit(app, saver)
  await nights(100)
  await signInAgain()
  await nights(79)
  expect(subjectsTo(saver).filter((subject) => subject.includes('ends'))).toEqual([
    'Your consent at Nordea ends within a day',
    'Your consent at Nordea ends in 7 days',
    'Your consent at Nordea ends in 14 days',
  ])
  expect(mailsTo(saver)[0]?.text).toContain(`Renew my consent:\n${app.baseUrl}/bank`)

  await signInAgain()
  expect(textOf((await saver.visitor.get('/dashboard')).text)).toContain('Your consent at Nordea ends soon')
  expect(textOf((await saver.visitor.get('/bank')).text)).toMatch(/It ends in \d+ (hours|day|days)/)

  clock.advance(2 * DAY)
  await signInAgain()
  app.sandbox.control.clearRequests()
  const checkOffId = await checkOff(app, saver, habit)
  const { paymentId } = await prisma().checkOff.findUniqueOrThrow({ where: { id: checkOffId } })
  const payment = { id: paymentId ?? '' }
  await settle()
  expect(await paymentOf({ app }, payment)).toMatchObject({ state: 'BLOCKED', reason: 'consent-expired' })
  expect(app.sandbox.control.requests()).toEqual([])
  const waiting = await saver.visitor.get(`/payments/${payment.id}`)
  expect(textOf(waiting.text)).toContain(
    'Your consent at Nordea has ended. Renew it and the payment goes on.',
  )
  expect(waiting.text).toContain('href="/bank#connect"')

  await saver.visitor.get('/bank')
  const between = await saver.visitor.post('/bank/connect', { country: 'DK' })
  const toBank = await saver.visitor.post('/bank/connect', confirming(between))
  const { pathname, search } = new URL(toBank.headers.location ?? '')
  expect((await saver.visitor.get(pathname + search)).headers.location).toBe('/bank')
  await settle()
  expect(await paymentOf({ app }, payment)).toMatchObject({ state: 'PAID' })
  const after = await app.deps.models.accounts.chosenBy(saver.user.id)
  expect([after?.debtor.id, after?.creditor.id]).toEqual([chosen?.debtor.id, chosen?.creditor.id])
  expect((await saver.visitor.get(`/habits/${habit}`)).status).toBe(200)
  await expectPromiseKept({ app, opening })
})

describe('a consent that nobody uses (S-056)', () => {
  test('is told of, then withdrawn, here and at the bank; unclear answers are asked again', async () => {
    await nights(91)
    expect(subjectsTo(saver)[0]).toBe('You have not used your consent at Nordea for a while')
    expect(mailsTo(saver)[0]?.text).toContain(`${app.baseUrl}/login`)
    await nights(14)
    const [consent] = await consentsOf(saver)
    expect(consent).toMatchObject({ endReason: 'unused', bankToldOn: null, refreshTokenSealed: null })
    expect(subjectsTo(saver)[0]).toBe('Your consent at Nordea has ended')

    app.sandbox.control.addFault({ kind: 'drop-after', route: 'POST */revoke', count: 2 })
    app.sandbox.control.clearRequests()
    for (let round = 0; round < 3; round += 1) {
      await tellBank()
      expect((await consentsOf(saver))[0]?.bankToldOn === null).toBe(round < 2)
      clock.advance(10 * MINUTE)
    }
    expect(revocations()).toHaveLength(3)
    expect((await consentsOf(saver))[0]).toMatchObject({ endedTokenSealed: null })
    await tellBank()
    expect(revocations()).toHaveLength(3)
    await signInAgain()
    const page = textOf((await saver.visitor.get('/bank')).text)
    expect(page).toContain('Ended, because it was not used')
    expect(page).toContain('Over, too: confirmed')
  })

  test('is not kept by the nightly comparison, which counts as nobody’s use', async () => {
    for (let day = 0; day < 107; day += 1) {
      if (day % 10 === 0) await createReconcile(app.deps)({ occasion: 'daily' })
      clock.advance(DAY)
      await care()
    }
    expect((await consentsOf(saver))[0]).toMatchObject({ endReason: 'unused' })
  })

  test('whoever signs in after the letter keeps it', async () => {
    await nights(91)
    await signInAgain()
    await nights(30)
    expect((await consentsOf(saver))[0]).toMatchObject({ revokedAt: null })
    expect(subjectsTo(saver)).not.toContain('Your consent at Nordea has ended')
  })
})

describe('a bank that can’t be told of an end', () => {
  const revoke = async () => {
    const [consent] = await consentsOf(saver)
    await saver.visitor.get('/bank')
    await saver.visitor.post(`/bank/${consent?.id}/revoke`)
  }

  test('is told by the worker what the saver’s page couldn’t tell it', async () => {
    app.sandbox.control.addFault({ kind: 'drop-before', route: 'POST */revoke', count: 1 })
    await revoke().finally(() => app.sandbox.control.clearFaults())
    expect(textOf((await saver.visitor.get('/bank')).text)).toContain(
      'Not confirmed yet; we go on telling Nordea',
    )
    app.sandbox.control.clearRequests()
    clock.advance(10 * MINUTE)
    await tellBank()
    expect(revocations()).toHaveLength(1)
    expect((await consentsOf(saver))[0]).toMatchObject({ bankToldOn: clock.now(), endedTokenSealed: null })
  })

  test('isn’t told for ever: after three days the last key goes, and the page says so', async () => {
    app.sandbox.control.addFault({ kind: 'status', route: 'POST */revoke', count: null })
    await revoke()
    clock.advance(3 * DAY - HOUR)
    await tellBank()
    expect((await consentsOf(saver))[0]?.endedTokenSealed).not.toBeNull()
    clock.advance(HOUR)
    await tellBank()
    app.sandbox.control.clearFaults()
    expect((await consentsOf(saver))[0]).toMatchObject({ bankToldOn: null, endedTokenSealed: null })
    await signInAgain()
    expect(textOf((await saver.visitor.get('/bank')).text)).toContain('or end it in your netbank')
  })

  test('in version 3, where it has no ears for it, is said to run out by itself', async () => {
    const old = await startTestApp({ clock, settings: { NORDEA_PROFILE: 'paper' } })
    try {
      const other = await linkBank(old, await newLinkedSaver(old))
      const consent = await old.deps.models.consents.live(other.user.id)
      await other.visitor.get('/bank')
      await other.visitor.post(`/bank/${consent?.id}/revoke`)
      expect(await other.visitor.flashes('/bank')).toContain('Nordea could not be told')
      await createTellBank(old.deps)()
      const ended = await old.deps.db.prisma.bankConsent.findUniqueOrThrow({
        where: { id: consent?.id ?? '' },
      })
      expect(ended).toMatchObject({ bankToldOn: null, endedTokenSealed: null })
    } finally {
      await old.close()
    }
  })
})
