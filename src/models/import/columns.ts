/**
 * What of a saver's export an import brings back, column by column, as it stands in the file. A new column of these tables is
 * added here, with a default for files that are older than it; tests/models/imports.test.ts names those that are missing.
 */
import { z } from 'zod'
import { CURRENCIES, MAX_AMOUNT_MINOR } from '../../money.ts'
import { isTimezone, type ScheduleKind } from '../habit/schedule.ts'
import { isOrdinary } from '../text.ts'

const whole = (min: number, max: number) => z.int().min(min).max(max)
const id = z.uuid()
const FIRST_DAY = '1970-01-01'
const day = z.iso.date().refine((text) => text >= FIRST_DAY)
const instant = z.iso
  .datetime({ offset: true })
  .refine((text) => text >= FIRST_DAY)
  .transform((text) => new Date(text).toISOString())
const amountMinor = whole(1, MAX_AMOUNT_MINOR)
const currency = z.enum(CURRENCIES)
const timezone = z.string().max(64).refine(isTimezone)
const dayStartHour = whole(0, 12)

export const habitName = z.string().trim().min(1).max(80).refine(isOrdinary)

const tag = z.string().trim().min(1).max(30).refine(isOrdinary)

export const CARRIED = {
  User: z.object({ timezone, dayStartHour, weekStart: whole(1, 7) }),
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

export type SettingsColumns = z.output<typeof CARRIED.User>
export type HabitColumns = z.output<typeof CARRIED.Habit>
export type VersionColumns = z.output<typeof CARRIED.HabitVersion>
export type CheckOffColumns = z.output<typeof CARRIED.CheckOff>

/** Columns of those tables that stay behind: the money's, which an import never moves, and what belongs to the account itself. */
export const COLUMNS_LEFT: Record<keyof typeof CARRIED, readonly string[]> = {
  User: [
    ...[
      'id',
      'fullName',
      'email',
      'role',
      'status',
      'emailConfirmationSentOn',
      'emailConfirmedOn',
      'agreedNotice',
    ],
    ...[
      'agreedOn',
      'accLoaded',
      'locale',
      'cadence',
      'pausedUntil',
      'restsUntil',
      'totpConfirmedOn',
      'passkeyCount',
    ],
    ...['createdOn', 'lastSignInOn', 'dormantWarnedOn', 'asksAtCheckOff', 'asksAboveMinor'],
  ],
  Habit: ['userId'],
  HabitVersion: [],
  CheckOff: ['id', 'userId', 'recordOnly', 'paymentId', 'reversalId'],
}

/** Tables that stay behind as a whole, and why. */
export const TABLES_LEFT: Record<string, 'money' | 'bank' | 'account' | 'not-read-yet'> = {
  HabitBreak: 'not-read-yet',
  HabitNote: 'not-read-yet',
  HabitCheckpoint: 'account',
  Goal: 'money',
  GoalHabit: 'money',
  GoalUse: 'money',
  ReminderWish: 'account',
  HabitReminder: 'account',
  Reminder: 'account',
  PushSubscription: 'account',
  ApiToken: 'account',
  Payment: 'money',
  PaymentEvent: 'money',
  LedgerLine: 'money',
  LedgerBalance: 'money',
  ReconciliationDifference: 'money',
  SavingLimits: 'money',
  Account: 'bank',
  BankConsent: 'bank',
  ConsentRequest: 'bank',
  BankCall: 'bank',
  Erasure: 'account',
  KnownDevice: 'account',
  KnownCountry: 'account',
  Passkey: 'account',
  EmailChange: 'account',
  FactorReset: 'account',
  EmailToken: 'account',
  BackupCode: 'account',
  AuditEvent: 'account',
  Alarm: 'account',
  session: 'account',
}
