/**
 * What of a saver's export an import brings back, column by column, as it stands in the file. A new column of these tables is
 * added here, with a default for files that are older than it; tests/models/imports.test.ts names those that are missing.
 */
import { z } from 'zod'
import { LANGUAGES } from '../../language.ts'
import { CURRENCIES, MAX_AMOUNT_MINOR } from '../../money.ts'
import { GOAL_PICTURES } from '../goal/pictures.ts'
import { isTimezone, type ScheduleKind } from '../habit/schedule.ts'
import { inDays } from '../habit/wish.ts'
import { isOrdinary } from '../text.ts'

const whole = (min: number, max: number) => z.int().min(min).max(max)
const id = z.uuid()
const FIRST_DAY = '1970-01-01'
/** With any offset it stays a year of four digits. */
const LAST_DAY = '9999-01-01'
const day = z.iso.date().refine((text) => text >= FIRST_DAY && text < LAST_DAY)
const instant = z.iso
  .datetime({ offset: true })
  .refine((text) => text >= FIRST_DAY && text < LAST_DAY)
  .transform((text) => new Date(text).toISOString())
const amountMinor = whole(1, MAX_AMOUNT_MINOR)
const currency = z.enum(CURRENCIES)
const timezone = z.string().max(64).refine(isTimezone)
const dayStartHour = whole(0, 12)

export const habitName = z.string().trim().min(1).max(80).refine(isOrdinary)

const tag = z.string().trim().min(1).max(30).refine(isOrdinary)

export const CARRIED = {
  User: z.object({ timezone, dayStartHour, weekStart: whole(1, 7), locale: z.enum(LANGUAGES).optional() }),
  Habit: z
    .object({
      id,
      name: habitName,
      startDate: day,
      createdOn: instant,
      archivedOn: instant.nullable(),
      endDate: day.nullable().default(null),
      position: whole(0, 100_000).default(0),
      isPinned: z.boolean().default(false),
      tags: z.array(tag).max(8).default([]),
      isCommitted: z.boolean().default(false),
      committedUntil: day.nullable().default(null),
    })
    .refine(
      (one) =>
        (one.endDate === null || one.endDate >= one.startDate) &&
        (one.isCommitted || one.committedUntil === null),
    ),
  HabitVersion: z
    .object({
      id,
      habitId: id,
      number: whole(1, 999_999),
      effectiveFrom: day,
      frequency: whole(1, 100),
      interval: whole(1, 366),
      kind: z.enum(['TIMES', 'WEEKDAYS', 'ROLLING']).default('TIMES'),
      weekdays: whole(0, 127).default(0),
      freezesPerMonth: whole(0, 4).default(0),
      amountMinor,
      currency,
      createdOn: instant,
    })
    .refine(({ frequency, interval }) => frequency <= 10 * interval)
    .refine(isSchedule),
  CheckOff: z
    .object({
      habitId: id,
      habitVersionId: id,
      day,
      at: instant,
      timezone,
      dayStartHour,
      period: day,
      slot: whole(1, 32_000),
      daySlot: whole(1, 32_000),
      amountMinor,
      currency,
      state: z.enum(['RECORDED', 'UNDONE']),
      undoneAt: instant.nullable(),
      isBackfill: z.boolean(),
    })
    .refine((one) => one.period <= one.day && (one.state === 'UNDONE') === (one.undoneAt !== null)),
  HabitBreak: z
    .object({
      /** Null for all habits. */
      habitId: id.nullable(),
      kind: z.enum(['PAUSE', 'SICK', 'VACATION', 'SKIP', 'ARCHIVED']),
      startDay: day,
      endDay: day.nullable(),
      createdOn: instant,
    })
    .refine(isBreak),
  HabitNote: z.object({
    habitId: id,
    day,
    text: z.string().min(1).max(500).refine(isOrdinary),
    writtenOn: instant,
  }),
  Goal: z
    .object({
      id,
      name: habitName,
      targetMinor: whole(1, 100_000_000),
      currency,
      byDay: day.nullable(),
      picture: z.enum(GOAL_PICTURES),
      position: whole(1, 10_000),
      createdOn: instant,
      reachedOn: instant.nullable(),
      celebratedOn: instant.nullable(),
      archivedOn: instant.nullable(),
    })
    .refine(({ reachedOn, celebratedOn }) => !celebratedOn || (reachedOn && celebratedOn >= reachedOn)),
  GoalHabit: z.object({ habitId: id, goalId: id }),
  ReminderWish: z.object({
    byMail: z.boolean(),
    mostPerDay: whole(1, 10),
    digestWeekday: whole(1, 7).nullable(),
    tellsAmounts: z.boolean(),
  }),
  HabitReminder: z.object({
    habitId: id,
    minuteOfDay: whole(0, 1_425).refine((minute) => minute % 15 === 0),
  }),
} as const

/** As the database has it: weekdays are chosen for one kind alone, and days in a row are done at most once a day. */
function isSchedule(version: {
  kind: ScheduleKind
  weekdays: number
  frequency: number
  interval: number
}): boolean {
  const { kind, weekdays, frequency, interval } = version
  if (kind === 'WEEKDAYS') return weekdays > 0 && interval === 1
  return weekdays === 0 && (kind === 'TIMES' || (interval >= 2 && frequency <= interval))
}

/** As the database has it: a skipped day is one day, an archive is over, and only illness is told of afterwards. */
function isBreak(row: {
  habitId: string | null
  kind: string
  startDay: string
  endDay: string | null
  createdOn: string
}): boolean {
  const { habitId, kind, startDay, endDay, createdOn } = row
  if (endDay !== null && endDay < startDay) return false
  if (kind === 'SKIP') return habitId !== null && endDay === startDay && isTold(startDay, createdOn, 1)
  if (kind === 'ARCHIVED') return habitId !== null && endDay !== null
  return isTold(startDay, createdOn, kind === 'SICK' ? 32 : 1)
}

function isTold(startDay: string, createdOn: string, daysLater: number): boolean {
  return startDay >= inDays(createdOn.slice(0, 10), -daysLater)
}

export type SettingsColumns = z.output<typeof CARRIED.User>
export type HabitColumns = z.output<typeof CARRIED.Habit>
export type VersionColumns = z.output<typeof CARRIED.HabitVersion>
export type CheckOffColumns = z.output<typeof CARRIED.CheckOff>
export type BreakColumns = z.output<typeof CARRIED.HabitBreak>
export type NoteColumns = z.output<typeof CARRIED.HabitNote>
export type GoalColumns = z.output<typeof CARRIED.Goal>
export type TieColumns = z.output<typeof CARRIED.GoalHabit>
export type WishColumns = z.output<typeof CARRIED.ReminderWish>
export type TimeColumns = z.output<typeof CARRIED.HabitReminder>

/** Why something stays behind; the page that shows an import says the same in a sentence each. */
export const STAYS = ['money', 'guards', 'bank', 'access', 'history', 'worked-out', 'given-anew'] as const
export type WhyLeft = (typeof STAYS)[number]

/** Columns of those tables that stay behind. */
export const COLUMNS_LEFT: Record<keyof typeof CARRIED, Record<string, WhyLeft>> = {
  User: {
    id: 'given-anew',
    fullName: 'access',
    email: 'access',
    role: 'access',
    status: 'access',
    emailConfirmationSentOn: 'access',
    emailConfirmedOn: 'access',
    agreedNotice: 'access',
    agreedOn: 'access',
    totpConfirmedOn: 'access',
    passkeyCount: 'access',
    accLoaded: 'bank',
    cadence: 'guards',
    pausedUntil: 'guards',
    restsUntil: 'guards',
    asksAtCheckOff: 'guards',
    asksAboveMinor: 'guards',
    createdOn: 'history',
    lastSignInOn: 'history',
    dormantWarnedOn: 'history',
  },
  Habit: { userId: 'given-anew' },
  HabitVersion: {},
  CheckOff: {
    id: 'given-anew',
    userId: 'given-anew',
    recordOnly: 'money',
    paymentId: 'money',
    reversalId: 'money',
  },
  HabitBreak: { id: 'given-anew', userId: 'given-anew' },
  HabitNote: { id: 'given-anew', userId: 'given-anew' },
  Goal: { userId: 'given-anew' },
  GoalHabit: { userId: 'given-anew' },
  ReminderWish: { userId: 'given-anew', changedOn: 'given-anew', nextDigestAt: 'worked-out' },
  HabitReminder: { userId: 'given-anew', nextAt: 'worked-out', lastDay: 'worked-out' },
}

/** Tables that stay behind as a whole, and why. */
export const TABLES_LEFT: Record<string, WhyLeft> = {
  HabitCheckpoint: 'worked-out',
  SaverRevision: 'worked-out',
  // Were it to come back, so much of what is saved from now on would count as used.
  GoalUse: 'money',
  Payment: 'money',
  PaymentEvent: 'money',
  LedgerLine: 'money',
  LedgerBalance: 'money',
  ReconciliationDifference: 'money',
  SavingLimits: 'guards',
  Account: 'bank',
  BankConsent: 'bank',
  ConsentRequest: 'bank',
  BankCall: 'bank',
  KnownDevice: 'access',
  KnownCountry: 'access',
  Passkey: 'access',
  EmailChange: 'access',
  FactorReset: 'access',
  EmailToken: 'access',
  BackupCode: 'access',
  ApiToken: 'access',
  PushSubscription: 'access',
  session: 'access',
  Erasure: 'history',
  Reminder: 'history',
  AuditEvent: 'history',
  Alarm: 'history',
}
