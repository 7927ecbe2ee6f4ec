import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/bank/index.ts'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { readsText, SCOPE_WORDS } from '../../src/controllers/view-models/consent-view.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, newSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock('2026-06-17T08:00:00.000Z')
let app: TestApp
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { UNATTENDED_READS_PER_DAY: '4' } })
})
afterAll(() => app.close())
beforeEach(async () => {
  saver = await newLinkedSaver(app)
})

const prisma = () => app.deps.db.prisma
const bankPage = async (person = saver) => (await person.visitor.get('/bank')).text
const liveOf = async ({ user }: Person) =>
  prisma().bankConsent.findFirstOrThrow({ where: { userId: user.id, revokedAt: null } })
const asShown = (at: Date, timeZone = 'Europe/Copenhagen') =>
  new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  }).format(at)

/** As if it had been given for less, or for another version of the bank's interface. */
const changeConsent = (data: { profile?: string; scopes?: string[] }) =>
  prisma().bankConsent.updateMany({ where: { userId: saver.user.id, revokedAt: null }, data })

describe('the page of the consent (S-054)', () => {
  test('tells what it allows, for which accounts, since when, until when, and when it was last used', async () => {
    const chosen = await app.deps.models.accounts.chosenBy(saver.user.id)
    const { grantedAt, expiresAt } = await liveOf(saver)
    clock.advance(HOUR)
    await prisma().bankConsent.updateMany({
      where: { userId: saver.user.id },
      data: { lastUsedAt: clock.now() },
    })
    const text = textOf(await bankPage())
    for (const { what } of Object.values(SCOPE_WORDS)) expect(text).toContain(what)
    expect(text).toContain(`Accounts used ${chosen?.debtor.name} and ${chosen?.creditor.name}`)
    expect(text).toContain(`Since ${asShown(grantedAt)}`)
    expect(text).toContain(`Until ${asShown(expiresAt)}`)
    expect(text).toContain(`Last used for you ${asShown(clock.now())}`)
    expect(await bankPage()).toContain('href="/activity"')
  })

  test('keeps the history of earlier consents, each with why it ended and whether Nordea knows', async () => {
    const { id } = await liveOf(saver)
    const before = textOf((await saver.visitor.get('/bank')).text)
    expect(before).toContain('Renew the link')
    expect(before).toContain('Ending the link ends your consent at Nordea, too.')
    await saver.visitor.post(`/bank/${id}/revoke`)
    const text = textOf(await bankPage())
    expect(text).toContain('Ended by you')
    expect(text).toContain(`At Nordea Over, too: confirmed ${asShown(clock.now())}`)
  })
})

describe('how often Nordea may be asked while the saver is away', () => {
  const term = 'Looks while you are away'

  test('is told with what is used, and from when it is possible again, in the saver’s zone', async () => {
    expect(textOf(await bankPage())).toContain(
      `${term} None of 4 used in the last 24 hours; the next is possible now`,
    )
    const first = clock.now()
    await lookAway(saver)
    clock.advance(MINUTE)
    for (const _ of [2, 3]) await lookAway(saver)
    expect(textOf(await bankPage())).toContain(
      `${term} 3 of 4 used in the last 24 hours; the next is possible now`,
    )
    await lookAway(saver)
    const again = new Date(first.getTime() + DAY)
    expect(textOf(await bankPage())).toContain(
      `${term} All 4 used in the last 24 hours; the next is possible from ${asShown(again)}`,
    )
    await prisma().user.update({ where: { id: saver.user.id }, data: { timezone: 'Asia/Tokyo' } })
    expect(textOf(await bankPage())).toContain(`possible from ${asShown(again, 'Asia/Tokyo')}`)
  })

  test('is not told to somebody without a link, nor where the bank has no such limit', async () => {
    expect(textOf(await bankPage(await newSaver(app)))).not.toContain(term)
    expect(readsText({ allowed: null, left: null, nextAllowedAt: null }, 'UTC')).toBeNull()
  })

  async function lookAway({ user }: Person): Promise<void> {
    await app.deps.models.bankCalls.record({
      actor: 'worker',
      onBehalfOf: user.id,
      requestId: null,
      api: 'accounts.list',
      method: 'GET',
      path: '/personal/v5/accounts',
      startedAt: clock.now(),
      durationMs: 1,
      attended: false,
      outcome: 'ok',
      status: 200,
      requestBody: null,
      responseBody: null,
      remark: null,
    })
  }
})

describe('the way to the bank (S-053)', () => {
  test('begins with a list of everything that is asked for, and why; that is what the bank is asked for', async () => {
    const newcomer = await newSaver(app)
    const html = await bankPage(newcomer)
    const listed = [...html.matchAll(/<dt>([^<]+)<\/dt><dd>(so that [^<]+)<\/dd>/g)].map(([, what]) => what)
    expect(listed).toEqual(SCOPES.map((scope) => SCOPE_WORDS[scope].what))

    await newcomer.visitor.post('/bank/connect', { country: 'DK' })
    const asked = await prisma().bankCall.findFirstOrThrow({
      where: { onBehalfOfId: newcomer.user.id, api: 'authorization.begin' },
    })
    const { scope } = JSON.parse(asked.requestBody ?? '{}') as { scope: string[] }
    expect(scope).toEqual([...SCOPES])
    expect(Object.keys(SCOPE_WORDS).sort()).toEqual([...SCOPES].sort())
  })
})

describe('a consent that was given for something else (S-057)', () => {
  const CHANGES: [string, Parameters<typeof changeConsent>[0]][] = [
    ['another version of the interface', { profile: 'paper' }],
    ['less than is needed by now', { scopes: SCOPES.slice(0, -1) }],
    ['nothing', { scopes: [] }],
  ]

  test.each(CHANGES)('for %s: is not used, and the payment says what is needed', async (_name, change) => {
    const habit = await newHabit(app, saver)
    await checkOff(app, saver, habit)
    await changeConsent(change)
    app.sandbox.control.clearRequests()
    clock.advance(2 * MINUTE)
    await app.settleDue()
    expect(app.sandbox.control.requests()).toEqual([])
    const payment = await prisma().payment.findFirstOrThrow({ where: { userId: saver.user.id } })
    expect(payment).toMatchObject({ state: 'BLOCKED', reason: 'consent-outdated' })

    const page = await saver.visitor.get(`/payments/${payment.id}`)
    expect(textOf(page.text)).toContain('Sparvana needs a new consent at Nordea')
    expect(page.text).toContain('href="/bank#connect"')
    expect(textOf(await bankPage())).toContain('Has to be renewed')
    expect(textOf((await saver.visitor.get('/dashboard')).text)).toContain(
      'Sparvana needs a new consent at Nordea',
    )
    const accounts = await saver.visitor.get('/accounts/load')
    expect([accounts.status, textOf(accounts.text).includes('needs a new consent')]).toEqual([409, true])
    expect(textOf((await saver.visitor.get('/payments/preview')).text)).toContain('needs a new consent')
    expect(app.sandbox.control.requests()).toEqual([])

    const toBank = await saver.visitor.post('/bank/connect', { country: 'DK' })
    const { pathname, search } = new URL(toBank.headers.location ?? '')
    await saver.visitor.get(pathname + search)
    for (let round = 0; round < 4; round += 1) {
      await app.settleDue()
      clock.advance(2 * MINUTE)
    }
    expect(await prisma().payment.findFirstOrThrow({ where: { id: payment.id } })).toMatchObject({
      state: 'PAID',
    })
  })

  test('for more than is needed is good', async () => {
    await changeConsent({ scopes: [...SCOPES, 'CARDS_INFORMATION'] })
    expect((await saver.visitor.get('/accounts/load')).status).toBe(200)
  })
})

test('from two weeks before its end the page and the dashboard say so', async () => {
  const { expiresAt } = await liveOf(saver)
  clock.advance(expiresAt.getTime() - 20 * DAY - clock.now().getTime())
  await app.deps.db.pool.query(
    `UPDATE session SET sess = (sess::jsonb || jsonb_build_object('signedInAt', $2::float8, 'lastSeenAt', $2::float8))::json
     WHERE sess #>> '{passport,user}' = $1`,
    [saver.user.id, clock.now().getTime()],
  )
  expect(textOf(await bankPage())).not.toContain('It ends in')
  await prisma().bankConsent.updateMany({
    where: { userId: saver.user.id },
    data: { expiresAt: new Date(clock.now().getTime() + 14 * DAY) },
  })
  expect(textOf(await bankPage())).toContain('It ends in 14 days. Renewing keeps your accounts and habits.')
  expect(textOf((await saver.visitor.get('/dashboard')).text)).toContain('Your consent at Nordea ends soon')
})
