/**
 * The bank is down for an hour of moved time. Savers go on, nothing is lost, and when the bank is back the backlog drains in
 * order of age and at the rate we may ask at. Web and worker are two processes' worth of parts on one database.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNordea } from '../../src/bank/index.ts'
import { HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import { readSettings } from '../../src/config.ts'
import { createDeps, type Deps } from '../../src/deps.ts'
import { createSettling } from '../../src/jobs/handlers/settle-continuously.ts'
import { createSettleSaver } from '../../src/jobs/handlers/settle-saver.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'
import { WatchedClock } from '../support/watched-clock.ts'
import { balances, expectPromiseKept } from './support.ts'

const SAVERS = 12
const CALLS_PER_SECOND = 5
/** As many savers as are settled at once may overtake each other. */
const AT_ONCE = 4
/** The breaker: five to trip, then one in 5, 10, 20, 40, 80, 160 and from then on every 300 seconds. */
const MOST_CALLS_IN_AN_HOUR = 24

const clock = new WatchedClock(new Date())
let app: TestApp
let worker: Deps
let bank: ReturnType<typeof createNordea>
let opening: Map<string, number>
let savers: { person: Person; habits: string[] }[]

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { UNATTENDED_READS_PER_DAY: '4' } })
  opening = balances(app)
  const settings = readSettings({ ...app.environment, BANK_CALLS_PER_SECOND: String(CALLS_PER_SECOND) })
  worker = await createDeps(settings, 'web', { clock, log: app.deps.log })
  bank = createNordea({
    baseUrl: settings.NORDEA_BASE_URL,
    profile: settings.NORDEA_PROFILE,
    clientId: settings.NORDEA_CLIENT_ID,
    clientSecret: settings.NORDEA_CLIENT_SECRET,
    redirectUri: settings.NORDEA_REDIRECT_URI,
    paymentReturnUri: `${settings.BASE_URL}/payments/return`,
    signing: { kind: 'skip-in-sandbox' },
    sandbox: true,
    browserOrigins: settings.NORDEA_LOGIN_ORIGINS,
    allowPlainHttp: true,
    clock,
    gate: worker.bankGate,
    timeouts: { headersMs: 1_000 },
    onCall: (entry) => worker.models.bankCalls.record(entry),
  })
  savers = []
  for (let index = 0; index < SAVERS; index += 1) {
    const person = await newLinkedSaver(app)
    const habits = [
      await newHabit(app, person, { name: 'Run', amount: '20' }),
      await newHabit(app, person, { name: 'Read', amount: '30' }),
    ]
    savers.push({ person, habits })
  }
}, 240_000)

afterAll(async () => {
  await bank.close()
  await worker.close()
  await app.close()
})

/** The worker's own look, at a clock that is moved whenever everybody who is at work waits for a turn at the bank. */
function worksAt() {
  const rules = { pollSeconds: 10, resendAfterSeconds: 120, reminderMinutes: 5 }
  const settle = createSettleSaver({ ...worker, bank, rules })
  // The database's clock is not moved; that a wrong clock stops a worker is tested elsewhere.
  const payments = { ...worker.models.payments, clockLeadMs: async () => 0 }
  let atWork = 0
  const settling = createSettling({ ...worker, models: { ...worker.models, payments } }, async (userId) => {
    atWork += 1
    await settle(userId).finally(() => {
      atWork -= 1
    })
  })
  return async function look(): Promise<void> {
    let isOver = false
    const looking = settling
      .look()
      .then(() => settling.idle())
      .finally(() => {
        isOver = true
      })
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const next = clock.nextWakeAt
      if (next && clock.sleepers === atWork) clock.advance(next.getTime() - clock.now().getTime())
    }
    await looking
  }
}

function bankGoesDown(): void {
  const { control } = app.sandbox
  control.addFault({ kind: 'timeout-before', route: '* *', count: null, probability: 0.3, seed: 11 })
  control.addFault({ kind: 'status', route: '* *', status: 500, count: null, probability: 0.5, seed: 12 })
  control.addFault({ kind: 'drop-before', route: '* *', count: null })
}

/** Every minute somebody checks off, in an order that has nothing to do with who came first. */
async function checkOffAt(minute: number): Promise<void> {
  const saver = savers[(minute * 5) % SAVERS]
  const habitId = saver?.habits[Math.floor(minute / SAVERS)]
  if (!saver || !habitId) return
  const { person } = saver
  const answer = await person.visitor.post(`/habits/${habitId}/checkoff`, await offerOf(app, person, habitId))
  expect([answer.status, answer.headers.location]).toEqual([303, '/dashboard'])
  const page = await person.visitor.get('/dashboard')
  expect(page.status).toBe(200)
  expect(page.text).toContain(': done.')
}

const paymentsNow = () => app.deps.db.prisma.payment.findMany({ orderBy: [{ dueAt: 'asc' }, { id: 'asc' }] })

/** What the backlog is to drain by: each saver's place by their oldest payment. */
async function byAge(): Promise<string[]> {
  return [...new Set((await paymentsNow()).map(({ userId }) => userId))]
}

/** The savers in the order in which the bank got their first orders. */
async function bySending(): Promise<string[]> {
  const owners = new Map((await paymentsNow()).map(({ externalId, userId }) => [externalId, userId]))
  const orders = app.sandbox.control.payments()
  return [...new Set(orders.map(({ externalId }) => owners.get(externalId ?? '') ?? 'nobody'))]
}

test('savers go on, nothing is lost, and the backlog drains in order of age within the bank’s limit', async () => {
  const { control } = app.sandbox
  const look = worksAt()
  const begun = clock.now().getTime()
  control.clearRequests()
  bankGoesDown()
  for (let minute = 0; minute < 60; minute += 1) {
    await checkOffAt(minute)
    await look()
    clock.advance(Math.max(0, begun + (minute + 1) * MINUTE - clock.now().getTime()))
  }
  expect(clock.now().getTime() - begun).toBeGreaterThanOrEqual(HOUR)
  const inOutage = control.requests()
  expect(new Set(inOutage.map(({ fault }) => fault))).toEqual(
    new Set(['timeout-before', 'status', 'drop-before']),
  )
  expect(inOutage.length).toBeLessThanOrEqual(MOST_CALLS_IN_AN_HOUR)
  const backlog = await paymentsNow()
  expect(backlog).toHaveLength(2 * SAVERS)
  expect(new Set(backlog.map(({ state }) => state))).toEqual(new Set(['SCHEDULED']))
  expect(control.payments()).toEqual([])

  control.clearFaults()
  control.clearRequests()
  control.changeSettings({ rateLimitPerSecond: CALLS_PER_SECOND })
  const backAt = clock.now().getTime()
  for (let looks = 0; looks < 1_000; looks += 1) {
    await look()
    if ((await paymentsNow()).every(({ state }) => state === 'PAID')) break
    clock.advance(Math.max(500, await worker.bankGate.closedForMs()))
  }
  expect(new Set((await paymentsNow()).map(({ state }) => state))).toEqual(new Set(['PAID']))
  // Left alone for five minutes at most, then at the rate; the money is asked after ten seconds later.
  expect(clock.now().getTime() - backAt).toBeLessThan(6 * MINUTE + 30 * SECOND)

  // The first is whoever had the trial; all others are as old as their place says, give or take those settled beside them.
  const [trial, ...sent] = await bySending()
  const age = (await byAge()).filter((saver) => saver !== trial)
  expect(sent).toHaveLength(SAVERS - 1)
  const places = sent.map((saver) => age.indexOf(saver))
  for (const [place, own] of places.entries())
    expect(Math.abs(place - own), places.join(' ')).toBeLessThan(AT_ONCE)
  expect(control.rateLimited()).toBe(0)
  const perSecond = Map.groupBy(control.requests(), ({ at }) => at.slice(0, 19))
  for (const calls of perSecond.values()) expect(calls.length).toBeLessThanOrEqual(CALLS_PER_SECOND)
  expect(control.payments()).toHaveLength(2 * SAVERS)
  await expectPromiseKept({ app, opening })
}, 240_000)

test('while the bank is on trial one saver at a time tries, mostly the oldest, but never only the same one', async () => {
  const turns: string[] = []
  let trials: number | null = 0
  let isOpen = true
  const settling = createSettling(
    {
      ...worker,
      models: {
        ...worker.models,
        payments: {
          ...worker.models.payments,
          clockLeadMs: async () => 0,
          dueSavers: async () => ['oldest', 'second', 'third'],
        },
      },
      bankGate: { closedForMs: async () => (isOpen ? 0 : SECOND), trials: async () => trials },
    },
    async (userId) => void turns.push(userId),
  )
  for (trials = 0; trials < 12; trials += 1) await settling.look()
  expect(turns.filter((saver) => saver === 'oldest')).toHaveLength(9)
  expect(turns.filter((saver) => saver !== 'oldest')).toEqual(['second', 'third', 'second'])
  isOpen = false
  await settling.look()
  expect(turns).toHaveLength(12)
  isOpen = true
  trials = null
  await settling.look()
  await settling.idle()
  expect(turns.slice(12)).toEqual(['oldest', 'second', 'third'])
})
