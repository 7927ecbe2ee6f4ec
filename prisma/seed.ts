/** A demo saver with a year of habits, and a demo admin: lived through with the app's own verbs on a clock that runs fast. */
import { randomUUID } from 'node:crypto'
import { type Bank, SCOPES } from '../src/bank/index.ts'
import { DAY, HOUR, ManualClock, MINUTE } from '../src/clock.ts'
import { readSettings } from '../src/config.ts'
import { createSealer } from '../src/crypto.ts'
import { createDb } from '../src/db.ts'
import { createDeps, type Deps } from '../src/deps.ts'
import type { Habit, User } from '../src/generated/client.ts'
import { createSettleSaver } from '../src/jobs/handlers/settle-saver.ts'
import { SILENT_QUEUE } from '../src/jobs/queue.ts'
import { type Actor, workerActor } from '../src/models/context.ts'
import type { GoalWish } from '../src/models/goal.ts'
import { dayOf } from '../src/models/habit/schedule.ts'
import { inDays } from '../src/models/habit/wish.ts'
import type { HabitWish } from '../src/models/habit.ts'
import { sealedFor } from '../src/models/sealing.ts'
import { startSandbox } from '../src/sandbox/index.ts'
import { DEMO_ADMIN, DEMO_DAYS, DEMO_SAVER } from './demo.ts'

/** Consents last 90 days; the demo saver renews in time. */
const RENEW_EVERY_DAYS = 80

interface Life {
  wish: HabitWish
  fromDay: number
  /** In the evening of this day it is put away. */
  untilDay?: number
  kept: (day: number) => boolean
}

const TUESDAY_AND_THURSDAY = 2 + 8

/** How the demo saver really lives: when each habit began, and on which days it was kept. */
const LIVES: Life[] = [
  {
    wish: {
      name: 'Run',
      frequency: 2,
      interval: 7,
      amountMinor: 25_00,
      freezesPerMonth: 1,
      tags: ['outdoors', 'body'],
    },
    fromDay: 0,
    // Slow start, a summer break, steady since.
    kept: (day) => [1, 4].includes(day % 7) && day % 29 !== 5 && !(day > 200 && day < 222),
  },
  {
    wish: { name: 'No takeaway this week', frequency: 1, interval: 7, amountMinor: 120_00, tags: ['food'] },
    fromDay: 28,
    kept: (day) => day % 7 === 6 && day % 5 !== 3,
  },
  {
    wish: {
      name: 'Read before bed',
      frequency: 1,
      interval: 1,
      amountMinor: 5_00,
      isPinned: true,
      tags: ['evening'],
    },
    fromDay: 315,
    kept: (day) => day % 9 !== 4,
  },
  {
    wish: { name: 'Water the plants', frequency: 1, interval: 3, amountMinor: 10_00 },
    fromDay: 270,
    kept: (day) => day % 3 === 0,
  },
  {
    wish: {
      name: 'Gym',
      kind: 'WEEKDAYS',
      weekdays: TUESDAY_AND_THURSDAY,
      frequency: 1,
      interval: 1,
      amountMinor: 15_00,
      isCommitted: true,
      tags: ['body'],
    },
    fromDay: 316,
    kept: (day) => day % 10 !== 7,
  },
  {
    wish: {
      name: 'Cook something new',
      kind: 'ROLLING',
      frequency: 2,
      interval: 5,
      amountMinor: 20_00,
      freezesPerMonth: 2,
      tags: ['food'],
    },
    fromDay: 318,
    kept: (day) => day % 3 === 1,
  },
  {
    wish: { name: 'Cold showers', frequency: 1, interval: 1, amountMinor: 5_00 },
    fromDay: 320,
    untilDay: 332,
    kept: (day) => day % 2 === 0,
  },
]

const NOTES = [
  { habit: 'Run', day: 326, text: 'Round the lake, all of it.' },
  { habit: 'Run', day: 358, text: 'New shoes.' },
  { habit: 'Cook something new', day: 334, text: 'Lentils with lime: again.' },
  { habit: 'Cold showers', day: 332, text: 'Enough of these.' },
]

/** A holiday from all habits, entered two days before it begins. */
const HOLIDAY = { enteredOn: 338, daysAhead: 2, days: 5 }

export async function isEmpty(databaseUrl: string): Promise<boolean> {
  const db = createDb(databaseUrl, 2)
  try {
    return (await db.prisma.user.count()) === 0
  } finally {
    await db.close()
  }
}

/** @param environment the settings the app will run with; bank and clock are replaced for the time of the story. */
export async function seedDemo(
  environment: Record<string, string>,
  options: { stateFile: string; days: number; progress: (done: string) => void },
): Promise<void> {
  const clock = new ManualClock(new Date(Date.now() - options.days * DAY))
  const sandbox = await startSandbox({
    port: 0,
    clientId: environment.NORDEA_CLIENT_ID ?? '',
    clientSecret: environment.NORDEA_CLIENT_SECRET ?? '',
    redirectUris: [environment.NORDEA_REDIRECT_URI ?? '', `${environment.BASE_URL}/payments/return`],
    consentMode: 'straight-back',
    settleDelayMs: 0,
    approval: 'never',
    rateLimitPerSecond: null,
    stateFile: options.stateFile,
    seed: 'standard',
    clock,
    exposeControl: false,
  })
  const settings = readSettings({
    ...environment,
    DATABASE_URL: withoutWaitingForDisk(environment.DATABASE_URL ?? ''),
    NORDEA_BASE_URL: sandbox.url,
    SMTP_URL: 'smtp://127.0.0.1:9',
    UNDO_WINDOW_SECONDS: '0',
    // A year is told in seconds: no turns to wait for, no reads to count.
    BANK_CALLS_PER_SECOND: '0',
    UNATTENDED_READS_PER_DAY: '0',
    LOG_LEVEL: 'error',
  })
  const deps = await createDeps(settings, 'web', { clock, queue: SILENT_QUEUE })
  try {
    await live(deps, clock, options)
  } finally {
    await deps.close()
    await sandbox.close()
  }
}

/** A story that is cut short is told again from the beginning, so it need not wait for the disk at every sentence. */
function withoutWaitingForDisk(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c synchronous_commit=off')
  return url.href
}

async function live(
  deps: Deps,
  clock: ManualClock,
  { days, progress }: { days: number; progress: (done: string) => void },
): Promise<void> {
  const saver = await createUser(deps, DEMO_SAVER, 'SAVER')
  const admin = await createUser(deps, DEMO_ADMIN, 'ADMIN')
  await giveAuthenticator(deps, admin)
  await link(deps, saver, 'DK')
  await chooseAccounts(deps, saver)
  const settle = createSettleSaver({
    ...deps,
    rules: {
      pollSeconds: deps.settings.PAYMENT_POLL_SECONDS,
      resendAfterSeconds: deps.settings.RESEND_AFTER_SECONDS,
      reminderMinutes: deps.settings.APPROVAL_REMINDER_MINUTES,
    },
  })
  const habits = new Map<string, Habit>()
  // A shorter story begins later in the same year.
  for (let day = DEMO_DAYS - days; day < DEMO_DAYS; day += 1) {
    if (day % RENEW_EVERY_DAYS === RENEW_EVERY_DAYS - 1) await link(deps, saver, 'DK')
    for (const { wish, fromDay, untilDay, kept } of LIVES) {
      if (day === fromDay)
        habits.set(wish.name, await deps.models.habits.create(saver, wish, 'DKK', actorFor(saver)))
      const habit = habits.get(wish.name)
      if (habit && kept(day)) await keep(deps, saver, habit)
      if (habit && day === untilDay) await deps.models.habits.archive(saver.id, habit.id, actorFor(saver))
      clock.advance(20 * MINUTE)
    }
    await tellOf(deps, saver, habits, day)
    // Once to send and confirm them, once more to see them paid.
    await settle(saver.id)
    clock.advance(20 * MINUTE)
    await settle(saver.id)
    const done = monthOf(day + 1)
    if (done > monthOf(day)) progress(`${done} of 12 months`)
    // The story ends before the saver of today begins.
    if (day < DEMO_DAYS - 1) clock.advance(nextMorning(clock))
  }
  await link(deps, saver, 'DK')
  await link(deps, admin, 'DK')
  await makeGoals(deps, saver, habits)
}

/** How many twelfths of the year are over when this day begins. */
function monthOf(day: number): number {
  return Math.floor((day / DEMO_DAYS) * 12)
}

/** What the saver writes down on a day, and the days on which nothing is asked. */
async function tellOf(
  { models, clock }: Deps,
  saver: User,
  habits: ReadonlyMap<string, Habit>,
  day: number,
): Promise<void> {
  const today = dayOf(clock.now(), saver.timezone, saver.dayStartHour)
  for (const note of NOTES) {
    const habit = habits.get(note.habit)
    if (habit && note.day === day)
      await models.notes.write(saver, habit.id, { day: today, text: note.text }, actorFor(saver))
  }
  if (day !== HOLIDAY.enteredOn) return
  const start = inDays(today, HOLIDAY.daysAhead)
  const holiday = { kind: 'VACATION', habitId: null, start, end: inDays(start, HOLIDAY.days - 1) } as const
  await models.breaks.add(saver, holiday, actorFor(saver))
}

/** One that is reached already, one with a day and habits of its own, and one that takes what is left. */
async function makeGoals(
  { models, clock }: Deps,
  saver: User,
  habits: ReadonlyMap<string, Habit>,
): Promise<void> {
  const summer = new Date(clock.now().getTime() + 200 * DAY).toISOString().slice(0, 10)
  const wishes: GoalWish[] = [
    { name: 'A new bicycle', targetMinor: 1_200_00, byDay: null, picture: 'bicycle', habitIds: [] },
    {
      name: 'Summer in Lofoten',
      targetMinor: 8_000_00,
      byDay: summer,
      picture: 'tent',
      habitIds: ['Run', 'Gym'].flatMap((name) => habits.get(name)?.id ?? []),
    },
    { name: 'Rainy days', targetMinor: 10_000_00, byDay: null, picture: 'umbrella', habitIds: [] },
  ]
  for (const wish of wishes) await models.goals.create(saver.id, wish, 'DKK', actorFor(saver))
}

function nextMorning(clock: ManualClock): number {
  return DAY - ((clock.now().getTime() - 7 * HOUR) % DAY)
}

async function createUser(deps: Deps, who: typeof DEMO_SAVER, role: 'SAVER' | 'ADMIN'): Promise<User> {
  const by: Actor = { kind: 'visitor', id: null, ip: null, requestId: null }
  await deps.models.users.signUp({ ...who, locale: 'en' }, by)
  const { id } = await deps.db.prisma.user.update({ where: { email: who.email }, data: { role } })
  const { token } = await deps.models.users.mintToken(id, 'CONFIRM')
  await deps.models.users.confirmEmail(token, who.password, by)
  return deps.db.prisma.user.findUniqueOrThrow({ where: { id } })
}

async function giveAuthenticator({ db, clock, settings }: Deps, { id }: User): Promise<void> {
  const sealer = createSealer(settings.TOKEN_KEYS)
  await db.prisma.user.update({
    where: { id },
    data: {
      totpSecretSealed: sealer.seal(DEMO_ADMIN.authenticatorKey, sealedFor.totpSecret(id)),
      totpConfirmedOn: clock.now(),
    },
  })
}

/** Through the bank's own doors: the emulator sends the browser straight back, so the code is in the address. */
async function link(deps: Deps, user: User, country: 'DK'): Promise<void> {
  const anonymous = { onBehalfOf: user.id, actor: 'saver', requestId: null }
  const sessionId = randomUUID()
  const state = await deps.models.consents.begin(user.id, sessionId, country, actorFor(user))
  const durationMinutes = deps.settings.CONSENT_DAYS * 24 * 60
  const { redirectTo } = await deps.bank.beginConsent({ state, country, durationMinutes }, anonymous)
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  await deps.models.consents.redeemState(user.id, sessionId, state)
  const tokens = await deps.bank.exchangeCode(code, anonymous)
  await deps.models.consents.grant(
    user.id,
    { profile: deps.bank.profile, country, scopes: SCOPES, tokens },
    actorFor(user),
  )
}

async function chooseAccounts(deps: Deps, user: User): Promise<void> {
  const anonymous = { onBehalfOf: user.id, actor: 'saver', requestId: null }
  const access = await deps.models.consents.accessFor(user.id, (token) =>
    deps.bank.refreshTokens(token, anonymous),
  )
  if (access.kind !== 'access') throw new Error(`the demo saver has no way to the bank: ${access.kind}`)
  const listed = await (deps.bank as Bank).listAccounts({ ...anonymous, accessToken: access.accessToken })
  const pick = (kind: 'current' | 'savings') => {
    const found = listed.find((account) => account.kind === kind && account.currency === 'DKK')
    if (!found) throw new Error(`the emulator shows no ${kind} account`)
    return deps.models.accounts.hashOf(found)
  }
  const choice = { debtorAccount: pick('current'), creditorAccount: pick('savings') }
  await deps.models.accounts.choose(user.id, access.consentId, listed, choice, actorFor(user))
}

async function keep(deps: Deps, user: User, habit: Habit): Promise<void> {
  const today = await deps.models.habits.findOwned(user, habit.id)
  if (today?.progress.next.kind !== 'open') return
  const offer = { day: today.today, slot: today.progress.next.slot }
  await deps.models.checkOffs.record(user, habit.id, offer, actorFor(user))
}

function actorFor(user: User): Actor {
  return { ...workerActor(null), kind: user.role === 'ADMIN' ? 'admin' : 'saver', id: user.id }
}
