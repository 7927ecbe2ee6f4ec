import type { Browser } from 'playwright-core'
import { DAY, ManualClock, MINUTE } from '../../../src/clock.ts'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { startBrowser } from '../../support/browser.ts'
import {
  checkOff,
  linkBank,
  newAdmin,
  newGoal,
  newHabit,
  newLinkedSaver,
  type Person,
  type PersonWithFactor,
} from '../../support/people.ts'

/** They wait for their cooling-off, which the page shows. */
const WIDER_LIMITS = {
  capPerPayment: '20000',
  capPerDay: '20000',
  capPerMonth: '40000',
  floor: '0',
  cadence: 'DAILY',
}

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'

export interface EveryPlace {
  saver: Person
  admin: PersonWithFactor
  /** Every page, by who may see it. */
  places: Record<'visitor' | 'saver' | 'admin', string[]>
  /** Forms of admins that don't take what is in them. */
  refused: { place: string; button: string; typed?: Record<string, string> }[]
}

/** A saver and an admin in whose accounts every page has something to show. */
export async function everyPlace(app: TestApp, clock: ManualClock): Promise<EveryPlace> {
  const saver = await newLinkedSaver(app)
  const newcomer = await newAdmin(app)
  const admin = { ...newcomer, ...(await linkBank(app, newcomer)) }
  const habit = await newHabit(app, saver, { name: 'Run', frequency: 3, interval: 7 })
  const book = { name: 'Read a rather long book before going to bed', amount: '12,50' }
  await checkOff(app, saver, await newHabit(app, saver, book))
  clock.advance(MINUTE)
  await app.settleDue()
  await checkOff(app, saver, habit)
  const reached = await newGoal(saver, { name: 'A small one', target: '10' })
  const goal = await newGoal(
    saver,
    { byDay: new Date(clock.now().getTime() + 200 * DAY).toISOString().slice(0, 10) },
    [habit],
  )
  const putAway = await newGoal(saver, { name: 'A present' })
  await saver.visitor.post(`/goals/${putAway}/archive`, { money: 'shared' })
  await saver.visitor.post('/settings/savings', WIDER_LIMITS)
  await saver.visitor.post('/settings/savings/pause', { until: '' })
  await saver.visitor.post('/import', { text: 'Date,Walk,Run,\n2026-01-02,2,2,\n2026-01-01,2,perhaps,\n' })
  const payment = await app.deps.db.prisma.payment.findFirstOrThrow({
    where: { userId: saver.user.id, state: 'SCHEDULED' },
  })
  const alarm = { rule: 'foreign-objects', key: saver.user.id, subjectId: saver.user.id, at: clock.now() }
  const done = { acknowledgedOn: clock.now(), acknowledgedById: admin.user.id }
  await app.deps.db.prisma.alarm.createMany({ data: [alarm, { ...alarm, ...done }] })
  const call = await app.deps.db.prisma.bankCall.findFirstOrThrow({ where: { onBehalfOfId: saver.user.id } })
  const line = await app.deps.db.prisma.auditEvent.findFirstOrThrow({ where: { subjectId: saver.user.id } })
  await admin.visitor.post('/admin/sandbox/calls/payment', {
    debtorAccount: hashOf(app, EVERYDAY),
    creditorAccount: hashOf(app, HOLIDAY),
    amount: '3',
  })
  const order = app.sandbox.control.payments().at(-1)?.id ?? ''
  const { headers } = await admin.visitor.post('/admin/sandbox/calls/account', {
    account: hashOf(app, EVERYDAY),
  })
  const repeatable = headers.location ?? ''
  await app.deps.db.pool.query(
    `INSERT INTO pgboss.job (name, data, state, retry_limit, retry_count, completed_on, output)
     VALUES ('send-mail', '{}', 'failed', 12, 12, now(), '{"message": "no such mailbox"}')`,
  )
  const refused = [
    { place: '/admin/payments/stop', button: 'Stop all payments' },
    { place: `/admin/users/${saver.user.id}`, button: 'Lock this account' },
    { place: `/admin/payments/${payment.id}`, button: 'Mark for review' },
    { place: '/admin/sandbox/calls/payment', button: 'Order the payment' },
    { place: '/admin/sandbox/calls/account-delete', button: 'Delete the account' },
    {
      place: '/admin/sandbox/calls/account-new',
      button: 'Make the account',
      typed: { 'Account number': EVERYDAY },
    },
    { place: '/admin/sandbox/faults', button: 'Add the fault', typed: { Route: 'everything' } },
    { place: '/admin/sandbox/clock', button: 'Move the clock', typed: { 'How far': '-1' } },
    { place: '/admin/audit', button: 'Show', typed: { 'Person’s id': 'nobody' } },
  ]
  const places = {
    visitor: [
      '/',
      '/signup',
      '/privacy',
      '/developers',
      '/login',
      '/confirm/resend',
      '/confirm/abc',
      '/password/forgot',
      '/language',
      '/no-such-page',
      '/offline',
      `/letters/off/${app.deps.models.reminders.tokenFor(saver.user.id, 'digest')}`,
    ],
    saver: [
      '/dashboard',
      '/profile',
      '/habits/new',
      `/habits/${habit}`,
      `/habits/${habit}/edit`,
      `/habits/${habit}/delete`,
      '/goals',
      '/goals/new',
      `/goals/${reached}`,
      `/goals/${goal}`,
      `/goals/${goal}/edit`,
      `/goals/${goal}/archive`,
      `/goals/${goal}/delete`,
      `/goals/${putAway}`,
      '/habits/new?starter=run',
      `/habits/${habit}/breaks`,
      '/habits/breaks',
      '/habits/order',
      '/habits/archived',
      '/payments',
      `/payments/${payment.id}`,
      '/bank',
      '/activity',
      '/activity/account',
      '/activity?kind=consent',
      '/accounts/load',
      '/settings',
      '/settings/security',
      '/settings/security/authenticator',
      '/settings/security/passkeys/new',
      '/settings/savings',
      '/settings/check-offs',
      '/settings/reminders',
      '/settings/tokens',
      '/settings/email',
      '/browser',
      '/settings/data',
      '/settings/data/erase',
      '/payments/preview',
      '/statement',
      '/import',
      '/import/preview',
      '/statement?from=2026-01-01&state=nothing',
      '/payments/return',
    ],
    admin: [
      '/admin',
      '/admin/status',
      '/admin/alarms',
      '/admin/consents',
      '/admin/users',
      `/admin/users/${saver.user.id}`,
      '/admin/users?role=nobody',
      '/admin/payments',
      `/admin/payments/${payment.id}`,
      '/admin/review',
      '/admin/calls',
      `/admin/calls/${call.id}`,
      repeatable,
      '/admin/jobs',
      '/admin/audit',
      `/admin/audit/${line.id}`,
      '/admin/payments/stop',
      '/admin/routes',
      '/admin/sandbox',
      `/admin/sandbox/payments/${order}`,
      '/admin/sandbox/calls',
      '/admin/sandbox/calls/transactions',
      '/admin/sandbox/calls/order',
      '/admin/sandbox/calls/payment',
      '/admin/sandbox/calls/account-new',
      '/admin/sandbox/calls/account-delete',
      '/admin/sandbox/faults',
      '/admin/sandbox/clock',
    ],
  }
  return { saver, admin, places, refused }
}

/** The hash by which forms name an account. */
function hashOf(app: TestApp, number: string): string {
  return app.deps.models.accounts.hashOf({ iban: app.sandbox.control.account(number).iban })
}

export interface World extends EveryPlace {
  app: TestApp
  clock: ManualClock
  browser: Browser
  close(): Promise<void>
}

/** An app with every place, and a browser to look at them. */
export async function startWorld(): Promise<World> {
  const clock = new ManualClock(new Date())
  const app = await startTestApp({ clock, sandbox: { approval: 'always' } })
  const browser = await startBrowser()
  const close = async () => {
    await browser.close()
    await app.close()
  }
  return { ...(await everyPlace(app, clock)), app, clock, browser, close }
}
