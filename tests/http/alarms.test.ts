import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startHandlers } from '../../src/jobs/handlers/index.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  confirming,
  newAdmin,
  newHabit,
  newLinkedSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

let app: TestApp
let admin: PersonWithFactor
let saver: Person
let other: Person
/** A habit of the other's. */
let hidden: string
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
  other = await newLinkedSaver(app)
  hidden = await newHabit(app, other)
})
afterAll(() => app.close())
beforeEach(async () => {
  saver = await newLinkedSaver(app)
})

const openAlarms = () => app.deps.db.prisma.alarm.findMany({ where: { acknowledgedOn: null } })
const mailsTo = (email: string) => app.mail.messages().filter(({ to }) => to.includes(email))

/** What the admin would do once they have looked. */
async function acknowledgeAll(): Promise<void> {
  await admin.visitor.get('/admin/alarms')
  for (const { id } of await openAlarms()) await acknowledge(id)
}

/** Freshly, by the page in between where it comes first. */
async function acknowledge(id: string | undefined) {
  const path = `/admin/alarms/${id}/acknowledge`
  const answer = await admin.visitor.post(path)
  if (answer.status !== 403) return answer
  return admin.visitor.post(path, confirming(answer, { _password: PASSWORD, _code: admin.code() }))
}

async function tryForeignHabits(howMany: number): Promise<number[]> {
  const statuses: number[] = []
  for (let turn = 0; turn < howMany; turn += 1)
    statuses.push((await saver.visitor.get(`/habits/${hidden}`)).status)
  return statuses
}

/** A month of habits that pay as they always have. */
async function liveQuietly(): Promise<void> {
  const habit = await newHabit(app, saver, { frequency: 6 })
  for (let turn = 0; turn < 5; turn += 1) await checkOff(app, saver, habit)
  clock.advance(SECOND)
}

describe('twenty tries at things of others within a minute (S-067)', () => {
  test('raise one alarm, and the account can do nothing but sign out for a quarter of an hour', async () => {
    expect(await tryForeignHabits(20)).toEqual(Array(20).fill(404))
    await app.deps.models.detection.look()
    expect(await openAlarms()).toMatchObject([{ rule: 'foreign-objects', subjectId: saver.user.id }])
    const page = await saver.visitor.get('/dashboard')
    expect([page.status, page.headers['retry-after']]).toEqual([429, '900'])
    const again = new Visitor(app)
    await again.post('/login', { email: saver.email, password: PASSWORD })
    expect((await again.get('/dashboard')).status).toBe(429)
    expect((await other.visitor.get('/dashboard')).status).toBe(200)
    await saver.visitor.get('/dashboard')
    const out = await again.post('/logout')
    expect([out.status, out.headers.location]).toEqual([303, '/'])
    clock.advance(15 * MINUTE)
    expect((await saver.visitor.get('/dashboard')).status).toBe(200)
    await acknowledgeAll()
  })

  test('nineteen raise none', async () => {
    clock.advance(MINUTE)
    await tryForeignHabits(19)
    await app.deps.models.detection.look()
    expect(await openAlarms()).toEqual([])
  })
})

describe('an alarm', () => {
  test('reaches the admins within a minute, by the worker alone, and tells a mailbox nobody’s name or address (S-070)', async () => {
    clock.advance(MINUTE)
    await tryForeignHabits(20)
    const before = mailsTo(admin.email).length
    const { settings, db, log } = app.deps
    // One that ends with the worker, so that it takes no letters of the tests after this one.
    const queue = createQueue(db, log, 'worker')
    const stop = await startHandlers({
      ...app.deps,
      queue,
      baseUrl: app.baseUrl,
      rules: {
        pollSeconds: settings.PAYMENT_POLL_SECONDS,
        resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
        reminderMinutes: settings.APPROVAL_REMINDER_MINUTES,
      },
    })
    const begun = performance.now()
    try {
      await expect.poll(() => mailsTo(admin.email).length, { timeout: 50_000 }).toBe(before + 1)
    } finally {
      await stop()
      await queue.stop(SECOND)
    }
    expect(performance.now() - begun).toBeLessThan(MINUTE)
    const [mail] = mailsTo(admin.email)
    const [alarm] = await openAlarms()
    expect(mail?.subject).toBe('Alarm: foreign-objects')
    expect(mail?.text).toContain(alarm?.id)
    expect(mail?.text).toContain(`${app.baseUrl}/admin/alarms`)
    for (const personal of [saver.email, saver.user.fullName, '127.0.0.1'])
      expect(`${mail?.subject} ${mail?.text}`).not.toContain(personal)
    expect(mailsTo(saver.email).map(({ subject }) => subject)).not.toContain('Alarm: foreign-objects')
  })

  test('waits on a page of the admins, which the overview counts, until one has looked at it', async () => {
    const [alarm] = await openAlarms()
    const overview = textOf((await admin.visitor.get('/admin')).text)
    expect(overview).toContain('Open alarms 1 Nobody has looked at them yet.')
    const page = await admin.visitor.get('/admin/alarms')
    expect(textOf(page.text)).toContain('Many tries at things of others')
    expect(textOf(page.text)).toContain(alarm?.subjectId)
    expect((await acknowledge(alarm?.id)).headers.location).toBe('/admin/alarms')
    const after = textOf((await admin.visitor.get('/admin/alarms')).text)
    expect(after).toContain('No alarm is open.')
    expect(after).toContain('Looked at')
    await acknowledge(alarm?.id)
    expect(await admin.visitor.flashes('/admin/alarms')).toContain('isn’t open any more')
    const done = await app.deps.db.prisma.alarm.findUniqueOrThrow({ where: { id: alarm?.id ?? '' } })
    expect(done).toMatchObject({ acknowledgedById: admin.user.id, acknowledgedOn: clock.now() })
  })
})

describe('an amount far beyond the usual (S-069)', () => {
  test('pauses the saver’s payments before it is sent, and says so by mail and on the dashboard', async () => {
    await liveQuietly()
    await checkOff(app, saver, await newHabit(app, saver, { name: 'Fly', amount: '2000' }))
    await app.deps.models.detection.look()
    clock.advance(2 * MINUTE)
    await app.settleDue()
    const dear = await app.deps.db.prisma.payment.findFirstOrThrow({
      where: { userId: saver.user.id, amountMinor: 200_000 },
    })
    expect([dear.state, dear.reason]).toEqual(['BLOCKED', 'savings-paused'])
    expect(textOf((await saver.visitor.get('/dashboard')).text)).toContain('Sparvana has paused your savings')
    await app.sendMails()
    const [mail] = mailsTo(saver.email)
    expect(mail?.subject).toBe('We have paused your savings')
    expect(mail?.text).toContain(`${app.baseUrl}/settings/security`)
    await acknowledgeAll()
  })

  test('goes on only after the saver has shown that it is them, and then arrives', async () => {
    await liveQuietly()
    await checkOff(app, saver, await newHabit(app, saver, { name: 'Fly', amount: '2000' }))
    await app.deps.models.detection.look()
    clock.advance(10 * MINUTE)
    const early = await saver.visitor.post('/settings/savings/resume')
    expect(early.status).toBe(403)
    expect(textOf(early.text)).toContain('Show that it is you')
    expect((await saver.visitor.post('/settings/savings/pause', { until: '' })).status).toBe(403)
    const shown = await saver.visitor.post('/settings/savings/resume', confirming(early))
    expect(shown.status).toBe(303)
    expect(textOf((await saver.visitor.get('/dashboard')).text)).not.toContain('has paused your savings')
    await app.settleDue()
    clock.advance(MINUTE)
    await app.settleDue()
    const states = await app.deps.db.prisma.payment.findMany({ where: { userId: saver.user.id } })
    expect(states.map(({ state }) => state)).not.toContain('BLOCKED')
    await acknowledgeAll()
  })

  test('of a pause that the saver made themselves nothing is asked', async () => {
    await saver.visitor.post('/settings/savings/pause', { until: '' })
    clock.advance(10 * MINUTE)
    expect((await saver.visitor.post('/settings/savings/resume')).status).toBe(303)
  })
})
