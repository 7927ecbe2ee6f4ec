import { z } from 'zod'
import { t, term } from '../../language.ts'
import { GOAL_PICTURES } from '../../models/goal/pictures.ts'
import { type Day, epochDay, fromEpochDay } from '../../models/habit/schedule.ts'
import { amountField } from './amount.ts'
import { line, told } from './form.ts'

/** More than anybody saves by habits; it keeps a slip of the finger from being a target. */
const MOST_MINOR = 100_000_000
const FURTHEST_DAYS = 50 * 366
const HABIT = 'habit-'

/**
 * @param habitIds of habits that can be tied to the goal: each has a box of its own.
 * @param today the saver's. @param kept the day that the goal has now, which may stay although it is over.
 */
export function goalForm(habitIds: readonly string[], today: Day, kept: Day | null = null) {
  const boxes = habitIds.map((id) => [
    habitField(id),
    z.literal('yes', told('Tick it, or leave it.')).optional(),
  ])
  return z
    .strictObject({
      name: line({ missing: term('Give the goal a name.'), max: 80 }),
      target: amountField(MOST_MINOR, {
        'not-a-number': t('Enter an amount in digits, like 2500 or 2500,50.'),
      }),
      byDay: day(today, kept),
      picture: z.enum(GOAL_PICTURES, told('Choose a picture.')),
      ...(Object.fromEntries(boxes) as Record<string, z.ZodOptional<z.ZodLiteral<'yes'>>>),
    })
    .transform(({ name, target, byDay, picture, ...ticked }) => ({
      name,
      targetMinor: target,
      byDay,
      picture,
      habitIds: habitIds.filter((id) => (ticked as Record<string, unknown>)[habitField(id)] === 'yes'),
    }))
}

/** The name of a habit's box. */
export function habitField(habitId: string): string {
  return HABIT + habitId
}

/** What becomes of the money of a goal that is put away. */
export const archiveForm = z
  .strictObject({ money: z.enum(['used', 'shared'], told('Choose what becomes of the money.')) })
  .transform(({ money }) => ({ isUsed: money === 'used' }))

function day(today: Day, kept: Day | null) {
  const furthest = fromEpochDay(epochDay(today) + FURTHEST_DAYS)
  const isDay = (text: string) => z.iso.date().safeParse(text).success
  return z
    .string(told('Choose a day, or leave this empty.'))
    .trim()
    .refine((text) => text === '' || isDay(text), told('Write the day like 2026-07-01, or leave this empty.'))
    .refine(
      (text) => !isDay(text) || text > today || text === kept,
      told('Choose a day after today, or leave this empty.'),
    )
    .refine(
      (text) => !isDay(text) || text <= furthest,
      told('Choose a day within 50 years, or leave this empty.'),
    )
    .transform((text) => text || null)
}
