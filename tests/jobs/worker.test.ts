/** What the worker does around the payments: finding them, the clock, the end. */
import { expect, test } from 'vitest'
import { type Clock, DAY, MINUTE, SECOND, systemClock } from '../../src/clock.ts'
import { modelContext } from '../../src/deps.ts'
import { startHandlers } from '../../src/jobs/handlers/index.ts'
import { SILENT_QUEUE } from '../../src/jobs/queue.ts'
import { createPayments } from '../../src/models/payment.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Pledge, paymentOf, pledge } from './support.ts'

/** A worker that lives by this clock, until it has asked the bank something; `payments` replaces verbs of the model. */
async function workFor(app: TestApp, clock: Clock, payments: object = {}): Promise<void> {
  const { deps } = app
  const context = modelContext(deps.settings, { clock, db: deps.db, queue: SILENT_QUEUE })
  const models = { ...deps.models, payments: { ...createPayments(context), ...payments } }
  const rules = { pollSeconds: 10, resendAfterSeconds: 120, reminderMinutes: 5 }
  const stop = await startHandlers({
    ...deps,
    models,
    clock,
    queue: SILENT_QUEUE,
    baseUrl: app.baseUrl,
    rules,
  })
  await expect
    .poll(() => app.sandbox.control.requests().some(({ method }) => method === 'POST'))
    .toBe(true)
    .catch(() => {})
  await stop()
}

async function dueApp(): Promise<{ app: TestApp; pledges: Pledge[] }> {
  const app = await startTestApp({ clock: systemClock, settings: { UNDO_WINDOW_SECONDS: '0' } })
  const pledges = [await pledge({ app }), await pledge({ app })]
  for (const { id } of pledges) await makeOverdue(app, id, MINUTE)
  app.sandbox.control.clearRequests()
  return { app, pledges }
}

async function makeOverdue(app: TestApp, id: string, ms: number): Promise<void> {
  await app.deps.db.prisma.payment.update({
    where: { id },
    data: { nextActionAt: new Date(Date.now() - ms) },
  })
}

test('the worker finds what is due, and one saver’s trouble does not keep it from the others', async () => {
  const { app, pledges } = await dueApp()
  const [first, second] = pledges as [Pledge, Pledge]
  await makeOverdue(app, first.id, DAY)
  const { claimDue } = app.deps.models.payments
  const broken = first.saver.user.id
  await workFor(app, systemClock, {
    claimDue: (userId: string) =>
      userId === broken ? Promise.reject(new Error('broken')) : claimDue(userId),
  })
  expect((await paymentOf({ app }, first)).state).toBe('SCHEDULED')
  expect((await paymentOf({ app }, second)).state).not.toBe('SCHEDULED')
  await app.close()
})

test.each([
  ['fast', 10 * MINUTE],
  ['slow', -10 * MINUTE],
])('a worker whose clock is %s touches no payment', async (_how, lead) => {
  const { app, pledges } = await dueApp()
  for (const { id } of pledges) await makeOverdue(app, id, 20 * MINUTE)
  const wrong = { now: () => new Date(Date.now() + lead) }
  await workFor(app, wrong)
  expect(app.sandbox.control.requests()).toEqual([])
  for (const pledged of pledges)
    expect(await paymentOf({ app }, pledged)).toMatchObject({ state: 'SCHEDULED' })
  await app.close()
})

test('a worker that is told to stop stops at the next written state, without waiting for its next look', async () => {
  const { app, pledges } = await dueApp()
  app.sandbox.control.addFault({ kind: 'delay', route: 'POST *', delayMs: 1_500, count: null })
  const begun = performance.now()
  await workFor(app, systemClock)
  expect(performance.now() - begun).toBeLessThan(10 * SECOND)
  const states = await Promise.all(pledges.map((pledged) => paymentOf({ app }, pledged)))
  // At least one was being sent when the word came; another is as far, or was not begun.
  expect(states.map(({ state }) => state)).toContain('INITIATED')
  for (const { state } of states) expect(['INITIATED', 'SCHEDULED']).toContain(state)
  expect(states.every(({ leaseOwner }) => leaseOwner === null)).toBe(true)
  await app.close()
})
