/** What is written down of what people do, and whether a payment can be told from it afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import type { AuditEvent } from '../../src/generated/client.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  AGREED,
  checkOff,
  linkIn,
  newAdmin,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
} from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'

const clock = new ManualClock(new Date())
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

/** The lines that it leaves, oldest first. */
async function linesOf(work: () => Promise<unknown>): Promise<AuditEvent[]> {
  const { auditEvent } = app.deps.db.prisma
  const before = new Set((await auditEvent.findMany({ select: { id: true } })).map(({ id }) => id))
  await work()
  const after = await auditEvent.findMany({ orderBy: { id: 'asc' } })
  return after.filter(({ id }) => !before.has(id))
}

const told = (lines: readonly AuditEvent[]) => lines.map(({ action, outcome }) => `${action} ${outcome}`)

describe('a line is left by', () => {
  test('a sign-up, a wrong and a right confirmation, and what follows, with time, person and address', async () => {
    const visitor = new Visitor(app)
    const email = `${crypto.randomUUID()}@example.com`
    const wish = { fullName: 'Ida', email, password: PASSWORD, passwordConfirm: PASSWORD, ...AGREED }
    const signedUp = await linesOf(() => visitor.post('/signup', wish))
    expect(told(signedUp)).toEqual(['user.signed-up done'])
    const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { email } })
    expect(signedUp[0]).toMatchObject({ subjectId: user.id, actorKind: 'visitor', at: clock.now() })
    expect(signedUp[0]?.ip).toMatch(/127\.0\.0\.1|::1/)
    expect(signedUp[0]?.requestId).not.toBeNull()
    expect(told(await linesOf(() => new Visitor(app).post('/signup', wish)))).toEqual([
      'user.signed-up-again refused',
    ])

    await app.sendMails()
    const link = linkIn(app, email, '/confirm/')
    const refused = await linesOf(() => visitor.post(link, { password: 'Some-other-words-77' }))
    expect(told(refused)).toEqual(['user.email-confirmed refused'])
    const confirmed = await linesOf(() => visitor.post(link, { password: PASSWORD }))
    expect(told(confirmed)).toEqual(
      expect.arrayContaining(['user.email-confirmed done', 'user.sign-in done']),
    )
    for (const line of confirmed) expect(line.subjectId).toBe(user.id)
  })

  test('a sign-in, one that is refused, and a sign-out', async () => {
    const { visitor, email, user } = await newSaver(app)
    await visitor.get('/dashboard')
    const out = await linesOf(() => visitor.post('/logout'))
    expect(told(out)).toEqual(['user.sign-out done'])
    expect(out[0]).toMatchObject({ actorKind: 'saver', actorId: user.id, subjectId: user.id })
    const wrong = await linesOf(() =>
      new Visitor(app).post('/login', { email, password: 'Wrong-otter-39-lakes' }),
    )
    expect(told(wrong)).toEqual(['user.sign-in refused'])
    const right = await linesOf(() => new Visitor(app).post('/login', { email, password: PASSWORD }))
    expect(told(right)).toContain('user.sign-in done')
  })

  test('a forgotten password, and a new one', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    expect(told(await linesOf(() => visitor.post('/password/forgot', { email })))).toEqual([
      'user.password-reset-asked done',
    ])
    await app.sendMails()
    const link = linkIn(app, email, '/password/reset/')
    const password = 'Brisk-heron-72-ferns'
    const changed = await linesOf(() => visitor.post(link, { password, passwordConfirm: password }))
    expect(told(changed)).toContain('user.password-changed done')
  })

  test('a payment, other limits, and everything that is refused', async () => {
    const saver = await newLinkedSaver(app)
    const habitId = await newHabit(app, saver)
    const recorded = await linesOf(() => checkOff(app, saver, habitId))
    expect(told(recorded)).toEqual(['payment.scheduled done', 'check-off.recorded done'])
    for (const line of recorded) expect(line).toMatchObject({ actorId: saver.user.id, actorKind: 'saver' })
    await saver.visitor.get('/settings/savings')
    const limits = {
      capPerPayment: '100',
      capPerDay: '200',
      capPerMonth: '300',
      floor: '0',
      cadence: 'DAILY',
    }
    expect(told(await linesOf(() => saver.visitor.post('/settings/savings', limits)))).toContain(
      'limits.changed done',
    )
    const refused = await linesOf(() => saver.visitor.get('/admin'))
    expect(told(refused)).toEqual(['access.refused refused'])
    expect(refused[0]).toMatchObject({ detail: { route: 'GET /admin', because: 'Forbidden' } })
  })
})

describe('an admin', () => {
  test('who only looks leaves a line for every page, with what was looked at', async () => {
    const { visitor, user } = await newAdmin(app)
    for (const path of ['/admin', '/admin/alarms', '/admin/routes', '/admin/sandbox']) {
      const lines = await linesOf(async () => expect((await visitor.get(path)).status).toBe(200))
      expect(lines).toMatchObject([
        { action: 'admin.looked', actorKind: 'admin', actorId: user.id, detail: { route: `GET ${path}` } },
      ])
    }
  })

  test('sees no page when the line can’t be written', async () => {
    const { visitor } = await newAdmin(app)
    await app.asOwner('ALTER TABLE "AuditEvent" RENAME TO "away"')
    try {
      expect((await visitor.get('/admin/alarms')).status).toBe(500)
    } finally {
      await app.asOwner('ALTER TABLE "away" RENAME TO "AuditEvent"')
    }
    expect((await visitor.get('/admin/alarms')).status).toBe(200)
  })

  test('leaves none where nothing was shown', async () => {
    const { visitor } = await newSaver(app)
    const lines = await linesOf(() => visitor.get('/admin/alarms'))
    expect(lines.map(({ action }) => action)).not.toContain('admin.looked')
  })
})

test('a payment is told from its check-off to the bank’s word, by what is written down alone', async () => {
  const saver = await newLinkedSaver(app)
  const habitId = await newHabit(app, saver, { amount: '33', name: 'Swim' })
  clock.advance(MINUTE)
  const checkOffId = await checkOff(app, saver, habitId)
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(2 * MINUTE)
    await app.settleDue()
  }

  // From here on: the trail, the moves of payments and the calls to the bank; no payment, check-off or habit is read.
  const { auditEvent, paymentEvent, bankCall } = app.deps.db.prisma
  const recorded = await auditEvent.findFirstOrThrow({
    where: { action: 'check-off.recorded', objectId: checkOffId },
  })
  const { paymentId, amountMinor, currency } = recorded.detail as Record<string, string | number>
  const moves = await paymentEvent.findMany({
    where: { paymentId: String(paymentId) },
    orderBy: { id: 'asc' },
  })
  const calls = await bankCall.findMany({
    where: { onBehalfOfId: recorded.subjectId, at: { gte: recorded.at } },
    orderBy: { id: 'asc' },
  })
  const ordered = calls.find(({ api }) => api === 'payments.initiate')
  const order = JSON.parse(ordered?.requestBody ?? '{}')
  const story = [
    `${recorded.actorKind} ${recorded.actorId} of ${recorded.ip} asked for ${amountMinor} ${currency}`,
    ...moves.map(({ from, to }) => `${from} → ${to}`),
    ...calls.map(({ api, outcome }) => `${api} ${outcome}`),
    `the bank was told ${order.amount} ${order.currency} as ${order.external_id}`,
  ]
  expect(story).toEqual([
    expect.stringMatching(new RegExp(`^saver ${saver.user.id} of \\S+ asked for 3300 DKK$`)),
    'null → SCHEDULED',
    'SCHEDULED → SENDING',
    'SENDING → INITIATED',
    'INITIATED → CONFIRMING',
    'CONFIRMING → ACCEPTED',
    'ACCEPTED → PAID',
    'accounts.list ok',
    'payments.initiate ok',
    'payments.confirm ok',
    'payments.detail ok',
    expect.stringMatching(/^the bank was told 33\.00 DKK as [0-9a-f-]{36}$/),
  ])
  // What is told holds no secret and no account number.
  expect(JSON.stringify([recorded, moves, calls])).not.toMatch(/Bearer|access_token|20301544/)
})
