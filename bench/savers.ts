import { randomUUID } from 'node:crypto'
import { type BankAccount, SCOPES } from '../src/bank/index.ts'
import { DAY, HOUR, ManualClock, MINUTE } from '../src/clock.ts'
import { readSettings } from '../src/config.ts'
import { createDeps, type Deps } from '../src/deps.ts'
import type { User } from '../src/generated/client.ts'
import { SILENT_QUEUE } from '../src/jobs/queue.ts'
import { type Actor, workerActor } from '../src/models/context.ts'
import { dayOf } from '../src/models/habit/schedule.ts'
import type { HabitWish } from '../src/models/habit.ts'
import type { Claim } from '../src/models/payment.ts'

export const PASSWORD = 'Quiet-otter-39-lakes'

const DAYS = 30
const NAMES = ['Run', 'Read', 'Stretch', 'Cook', 'Walk', 'Write', 'Swim', 'Call home', 'No sweets', 'Tidy up']

/** How many habits the saver of the dashboard has. */
export const HABITS = NAMES.length

/** Six are kept daily, three three times a week, one weekly; each has its own days off. */
const LIVES = NAMES.map((name, index): { wish: HabitWish; kept: (day: number) => boolean } => {
  const amountMinor = (index + 1) * 5_00
  if (index < 6)
    return { wish: { name, frequency: 1, interval: 1, amountMinor }, kept: (day) => (day + index) % 9 !== 0 }
  if (index < 9)
    return {
      wish: { name, frequency: 3, interval: 7, amountMinor },
      kept: (day) => [0, 2, 4].includes(day % 7),
    }
  return { wish: { name, frequency: 1, interval: 7, amountMinor }, kept: (day) => day % 7 === 6 }
})

/** The app's own models on a clock that can be moved, waiting neither for slow passwords nor for the disk. */
export async function openModels(
  environment: Record<string, string>,
  daysBack: number,
): Promise<{ deps: Deps; clock: ManualClock }> {
  const url = new URL(environment.DATABASE_URL ?? '')
  url.searchParams.set('options', '-c synchronous_commit=off')
  const clock = new ManualClock(new Date(Date.now() - daysBack * DAY))
  const settings = readSettings({
    ...environment,
    NODE_ENV: 'test',
    DATABASE_URL: url.href,
    BCRYPT_COST: '4',
    UNDO_WINDOW_SECONDS: '0',
  })
  return { deps: await createDeps(settings, 'web', { clock, queue: SILENT_QUEUE }), clock }
}

/** The saver of the dashboard: ten habits, kept for a month, every payment but today's arrived. */
export async function saverWithAMonth(environment: Record<string, string>): Promise<string> {
  const { deps, clock } = await openModels(environment, DAYS)
  try {
    const user = await linkedSaver(deps, 'Ida Berg')
    const habits = []
    for (const { wish } of LIVES)
      habits.push(await deps.models.habits.create(user, wish, 'DKK', actorFor(user)))
    for (let day = 0; day <= DAYS; day += 1) {
      const kept = habits.filter((_habit, index) => LIVES[index]?.kept(day))
      await Promise.all(kept.map((habit) => keep(deps, user, habit.id)))
      if (day < DAYS) await arrive(deps, user.id)
      if (day < DAYS) clock.advance(DAY)
    }
    return user.email
  } finally {
    await deps.close()
  }
}

/** Somebody who has just begun: three habits, kept for two days. */
export async function saverWithTwoDays(environment: Record<string, string>): Promise<string> {
  const { deps, clock } = await openModels(environment, 2)
  try {
    const user = await linkedSaver(deps, 'Ida Berg')
    const ids = []
    for (const { wish } of LIVES.slice(0, 3))
      ids.push((await deps.models.habits.create(user, wish, 'DKK', actorFor(user))).id)
    for (const id of [...ids.slice(0, 2), null, ...ids.slice(1)]) {
      if (id === null) clock.advance(DAY)
      else await keep(deps, user, id)
    }
    clock.advance(DAY)
    await arrive(deps, user.id)
    return user.email
  } finally {
    await deps.close()
  }
}

/** Savers with a bank link and two accounts, and nothing else yet. */
export async function freshSavers(environment: Record<string, string>, count: number): Promise<User[]> {
  const { deps } = await openModels(environment, 0)
  const timezone = zoneFarFromMidnight(new Date())
  try {
    const names = Array.from({ length: count }, (_, index) => `Saver ${index + 1}`)
    return await Promise.all(
      names.map(async (name) => {
        const { id } = await linkedSaver(deps, name)
        return deps.db.prisma.user.update({ where: { id }, data: { timezone } })
      }),
    )
  } finally {
    await deps.close()
  }
}

/** A check-off of yesterday's page is refused, so the day must not change while we measure. */
function zoneFarFromMidnight(now: Date): string {
  const home = 'Europe/Copenhagen'
  const inAnHour = new Date(now.getTime() + HOUR)
  return dayOf(inAnHour, home, 0) === dayOf(now, home, 0) ? home : 'America/New_York'
}

export async function linkedSaver({ db, models, clock }: Deps, fullName: string): Promise<User> {
  const by: Actor = { kind: 'visitor', id: null, ip: null, requestId: null }
  const email = `${randomUUID()}@bench.example`
  await models.users.signUp({ fullName, email, password: PASSWORD, locale: 'en' }, by)
  const confirmed = { emailConfirmedOn: clock.now() }
  const { id } = await db.prisma.user.update({ where: { email }, data: confirmed })
  const tokens = { accessToken: randomUUID(), refreshToken: randomUUID(), expiresInSeconds: 3_600 }
  const consent = await models.consents.grant(
    id,
    { profile: 'current', country: 'DK', scopes: SCOPES, tokens },
    by,
  )
  const [current, savings] = [bankAccount('current'), bankAccount('savings')]
  const choice = {
    debtorAccount: models.accounts.hashOf(current),
    creditorAccount: models.accounts.hashOf(savings),
  }
  await models.accounts.choose(id, consent.id, [current, savings], choice, by)
  return db.prisma.user.findUniqueOrThrow({ where: { id } })
}

/** Checks a habit off, if it is open today. */
export async function keep({ models }: Deps, user: User, habitId: string): Promise<void> {
  const habit = await models.habits.findOwned(user, habitId)
  if (habit?.progress.next.kind !== 'open') return
  const offer = { day: habit.today, slot: habit.progress.next.slot }
  await models.checkOffs.record(user, habitId, offer, actorFor(user))
}

/** Every move a worker would make, without the bank. */
export async function arrive({ models, clock }: Deps, userId: string): Promise<void> {
  for (const claim of await models.payments.claimDue(userId)) await arriveOne({ models, clock }, claim)
}

async function arriveOne({ models, clock }: Pick<Deps, 'models' | 'clock'>, due: Claim): Promise<void> {
  let claim = due
  const lookAgainAt = new Date(clock.now().getTime() + MINUTE)
  const by = workerActor(null)
  const onTheWay = { lookAgainAt, keepLease: true }
  claim = await models.payments.move(claim, { to: 'SENDING', ...onTheWay }, by)
  claim = await models.payments.move(claim, { to: 'INITIATED', bankPaymentId: randomUUID(), ...onTheWay }, by)
  claim = await models.payments.move(claim, { to: 'CONFIRMING', ...onTheWay }, by)
  await models.payments.move(claim, { to: 'PAID' }, by)
}

function bankAccount(kind: 'current' | 'savings'): BankAccount {
  const iban = `DK-bench-${kind}`
  return {
    id: iban,
    name: kind,
    iban,
    number: { type: 'IBAN', value: iban },
    country: 'DK',
    currency: 'DKK',
    kind,
    open: true,
    availableMinor: null,
    bookedMinor: null,
    creditLimitMinor: null,
  }
}

export function actorFor(user: User): Actor {
  return { kind: 'saver', id: user.id, ip: null, requestId: null }
}
