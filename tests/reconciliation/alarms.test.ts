/** Differences reach a person, and no day goes by without a comparison. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import { startHandlers } from '../../src/jobs/handlers/index.ts'
import { createReconcileJob } from '../../src/jobs/handlers/reconcile.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import { startTestApp } from '../support/app.ts'
import { newAdmin, type PersonWithFactor } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { equalWorld, openDifferences, ordersAltered, reconcile, type World } from './support.ts'

let world: World
let admin: PersonWithFactor

beforeAll(async () => {
  world = await equalWorld()
  admin = await newAdmin(world.app)
}, 120_000)
afterAll(() => world.app.close())

const alarms = () =>
  world.app.deps.db.prisma.alarm.findMany({ where: { rule: 'books-differ' }, orderBy: { at: 'asc' } })
const runs = (occasion: string) => world.app.deps.db.prisma.reconciliationRun.count({ where: { occasion } })
const mailsToAdmin = async () => {
  await world.app.sendMails()
  return world.app.mail
    .messages()
    .filter(({ to, subject }) => to.includes(admin.email) && subject.startsWith('Alarm'))
}
const anotherAmount = () =>
  ordersAltered(world, (listed) =>
    listed.map((each) =>
      each.externalId === world.payments.paid.externalId ? { ...each, amountMinor: 2_600 } : each,
    ),
  )

test('an order whose amount the bank has changed raises one alarm, by mail and on the page, however often it is found (R-04)', async () => {
  const bank = anotherAmount()
  await reconcile(world, bank)
  const [difference] = await openDifferences(world)
  expect(await alarms()).toMatchObject([
    {
      key: difference?.id,
      subjectId: world.ida.id,
      acknowledgedOn: null,
      detail: { kind: 'order-amount-differs' },
    },
  ])
  const mails = await mailsToAdmin()
  expect(mails).toHaveLength(1)
  expect(`${mails[0]?.subject} ${mails[0]?.text}`).not.toMatch(/Ida|2600|26\.00|DKK|example\.com(?!.*mail)/)

  const page = textOf((await admin.visitor.get('/admin/alarms')).text)
  expect(page).toContain('Check-offs, payments, ledger and bank don’t agree')
  expect(page).toContain('order-amount-differs')
  expect(page).toContain(world.ida.id)

  await reconcile(world, bank)
  expect(await alarms()).toHaveLength(1)

  const [alarm] = await alarms()
  await admin.visitor.post(`/admin/alarms/${alarm?.id}/acknowledge`)
  await reconcile(world, bank)
  expect(await alarms()).toHaveLength(1)
  expect(await mailsToAdmin()).toHaveLength(1)

  await reconcile(world)
  expect(await openDifferences(world)).toEqual([])
  await reconcile(world, bank)
  expect(await alarms()).toHaveLength(2)
  await reconcile(world)
})

test('hundreds of differences at once don’t bury the admins’ mailboxes: the page has them all', async () => {
  const { app } = world
  const told = (await mailsToAdmin()).length
  await app.asOwner(
    `INSERT INTO "LedgerBalance" ("userId", "habitId", bucket, currency, "balanceMinor")
     SELECT "userId", id, 'RETURNING', 'SEK', 5 FROM "Habit"`,
  )
  const { rowCount } = await app.asOwner('SELECT 1 FROM "Habit"')
  await app.asOwner(
    `INSERT INTO "LedgerBalance" ("userId", "habitId", bucket, currency, "balanceMinor")
     SELECT "userId", id, 'SAVED', 'SEK', 5 FROM "Habit"`,
  )
  const before = (await alarms()).length
  const { differences, corrected } = await reconcile(world)
  expect([differences, corrected]).toEqual([2 * (rowCount ?? 0), 2 * (rowCount ?? 0)])
  expect((await alarms()).length - before).toBe(differences)
  expect((await mailsToAdmin()).length - told).toBeLessThanOrEqual(10)
  expect(await reconcile(world)).toMatchObject({ differences: 0 })
})

test('a worker that starts more than a day after the last comparison makes one, and of several only one does (R-04)', async () => {
  const { app, clock } = world
  const job = createReconcileJob(app.deps)
  const start = { occasion: 'start' } as const
  clock.advance(23 * HOUR)
  await Promise.all([job(start), job(start)])
  expect(await runs('start')).toBe(0)

  clock.advance(DAY)
  await Promise.all(Array.from({ length: 5 }, () => job(start)))
  expect(await runs('start')).toBe(1)
  clock.advance(HOUR)
  await job(start)
  expect(await runs('start')).toBe(1)
})

test('one that broke off is made again by the next worker that starts, after a while', async () => {
  const { app, clock } = world
  const { reconciliation } = app.deps.models
  clock.advance(2 * DAY)
  expect(await reconciliation.beginWhenDue()).not.toBeNull()
  clock.advance(5 * HOUR)
  expect(await reconciliation.askWhenDue()).toBe(false)
  clock.advance(HOUR + MINUTE)
  expect(await reconciliation.askWhenDue()).toBe(true)
})

test('the worker asks for it at its start, through the queue', async () => {
  const { app, clock } = world
  clock.advance(2 * DAY)
  const before = await runs('start')
  const queue = createQueue(app.deps.db, app.deps.log, 'worker')
  const rules = { pollSeconds: 10, resendAfterSeconds: 120, reminderMinutes: 5 }
  const stop = await startHandlers({ ...app.deps, queue, baseUrl: app.baseUrl, rules })
  await expect.poll(() => runs('start'), { timeout: 30_000 }).toBe(before + 1)
  await stop()
  await queue.stop(10_000)
})

test('nothing is asked for where nobody has a payment that is a day old', async () => {
  const app = await startTestApp()
  expect(await app.deps.models.reconciliation.askWhenDue()).toBe(false)
  await app.close()
})
