import { DAY } from '../../src/clock.ts'
import type { Deps } from '../../src/deps.ts'
import type { User } from '../../src/generated/client.ts'
import { workerActor } from '../../src/models/context.ts'
import { dayOf, epochDay } from '../../src/models/habit/schedule.ts'
import type { HabitWish } from '../../src/models/habit.ts'
import { BOOK_KINDS } from '../../src/models/reconciliation/kinds.ts'
import { actorFor, arrive, keep, linkedSaver, openModels } from '../savers.ts'

/** Four weeks, so that every schedule can go on where they end as it has begun. */
export const MONTH_DAYS = 28
/** Lived after all that is repeated. Each habit is done on one of them, so the app brings each checkpoint up to date. */
const LAST_DAYS = 3
const LAST_DAY = MONTH_DAYS + LAST_DAYS - 1
const NOTE_EVERY_DAYS = 9
export const NOTE = 'It was easier than yesterday.'
export const HABITS = 40
export const GOALS = ['A bicycle', 'A boat', 'A house']
/** What nobody saves in ten years, so that both savers' goals are open. */
const TARGET_MINOR = 100_000_000
/** The trail is not repeated with the payments: no page of a saver's reads it. */
const COMPARED = BOOK_KINDS.filter((kind) => kind !== 'audit-incomplete')

/** Daily but for every ninth day; three times a week; on Mondays, Wednesdays and Fridays; twice in any seven days. */
const SCHEDULES: {
  terms: Omit<HabitWish, 'name' | 'amountMinor'>
  kept: (day: number, index: number) => boolean
}[] = [
  { terms: { frequency: 1, interval: 1 }, kept: (day, index) => (day + index) % 9 !== 0 },
  { terms: { frequency: 3, interval: 7, freezesPerMonth: 1 }, kept: (day) => [0, 2, 4].includes(day % 7) },
  { terms: { kind: 'WEEKDAYS', weekdays: 1 + 4 + 16, frequency: 1, interval: 1 }, kept: () => true },
  { terms: { kind: 'ROLLING', frequency: 2, interval: 7 }, kept: (day) => [0, 3].includes(day % 7) },
]

export interface Saver {
  id: string
  email: string
  /** One of the habits. */
  habitId: string
  savedMinor: number
}

/**
 * A saver with forty habits. A month of them is lived through the app's own models, and so are the last days, up to today, whose
 * payments are still to be sent.
 * @param repeat makes more of the month in between; what was lived then lies in the past.
 */
export async function liveAMonth(
  environment: Record<string, string>,
  fullName: string,
  repeat: (userId: string) => Promise<void>,
): Promise<Saver> {
  const { deps, clock } = await openModels(environment, LAST_DAY)
  try {
    const user = await saverInUtc(deps, fullName)
    const habitIds = await makeHabits(deps, user)
    for (let day = 0; day <= LAST_DAY; day += 1) {
      if (day > 0) clock.advance(DAY)
      if (day === MONTH_DAYS) await repeat(user.id)
      if (day === MONTH_DAYS) await addUp(deps)
      await liveADay(deps, user, habitIds, day)
      if (day < LAST_DAY) await arrive(deps, user.id)
    }
    await checkBooks(deps)
    const totals = (await deps.models.habits.totalsOf(user.id)).get('DKK')
    return { id: user.id, email: user.email, habitId: habitIds[0] ?? '', savedMinor: totals?.savedMinor ?? 0 }
  } finally {
    await deps.close()
  }
}

/** Their days have 24 hours, and their week begins on their first day: a month later everything is as it was. */
async function saverInUtc(deps: Deps, fullName: string): Promise<User> {
  const { id } = await linkedSaver(deps, fullName)
  // 1970-01-01 was a Thursday, the fourth day of the ISO week.
  const weekStart = ((epochDay(dayOf(deps.clock.now(), 'UTC', 0)) + 3) % 7) + 1
  return deps.db.prisma.user.update({ where: { id }, data: { timezone: 'UTC', weekStart } })
}

async function makeHabits({ models }: Deps, user: User): Promise<string[]> {
  const by = actorFor(user)
  const ids: string[] = []
  for (let index = 0; index < HABITS; index += 1) {
    const terms = SCHEDULES[index % SCHEDULES.length]?.terms ?? { frequency: 1, interval: 1 }
    const wish = { name: `Habit ${index + 1}`, amountMinor: (1 + (index % 5)) * 1_00, ...terms }
    ids.push((await models.habits.create(user, wish, 'DKK', by)).id)
  }
  for (const [place, name] of GOALS.entries()) {
    const tied = ids.filter((_id, index) => index % 8 === place)
    const wish = { name, targetMinor: TARGET_MINOR, byDay: null, picture: 'sprout', habitIds: tied }
    await models.goals.create(user.id, wish, 'DKK', by)
  }
  return ids
}

async function liveADay(deps: Deps, user: User, habitIds: readonly string[], day: number): Promise<void> {
  const kept = habitIds.filter((_id, index) => SCHEDULES[index % SCHEDULES.length]?.kept(day, index))
  await Promise.all(kept.map((id) => keep(deps, user, id)))
  const today = dayOf(deps.clock.now(), user.timezone, user.dayStartHour)
  for (const [index, id] of habitIds.entries())
    if ((day + index) % NOTE_EVERY_DAYS === 0)
      await deps.models.notes.write(user, id, { day: today, text: NOTE }, actorFor(user))
}

/** The app's own repair: a balance that isn't the sum of its lines is added up anew. */
async function addUp(deps: Deps): Promise<void> {
  await deps.models.reconciliation.compareBooks(workerActor(null), ['balance-not-the-sum'])
}

/** @throws unless check-offs, payments, their stories, ledger lines and balances agree. */
async function checkBooks(deps: Deps): Promise<void> {
  const { found } = await deps.models.reconciliation.compareBooks(workerActor(null), COMPARED)
  if (found.length > 0) throw new Error(`the books differ: ${JSON.stringify(found.slice(0, 3))}`)
}
