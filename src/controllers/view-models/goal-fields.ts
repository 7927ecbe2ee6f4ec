import type { Goal } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import { GOAL_PICTURES, type GoalPicture } from '../../models/goal/pictures.ts'
import type { Day } from '../../models/habit/schedule.ts'
import { toDecimal } from '../../money.ts'
import { habitField } from '../forms/goal-forms.ts'

const PICTURE_WORDS: Record<GoalPicture, string> = {
  sprout: term('Sprout'),
  umbrella: term('Rainy day'),
  suitcase: term('Journey'),
  tent: term('Outdoors'),
  cottage: term('Home'),
  bicycle: term('Bicycle'),
  boat: term('Boat'),
  guitar: term('Music'),
  laptop: term('Computer'),
  book: term('Books'),
  gift: term('Present'),
}

interface TiableHabit {
  id: string
  name: string
  goal: Goal | null
}

/** The fields of a goal, as typed. @param goalId of the goal that is edited; null for a new one. */
export function goalFields(
  form: Record<string, string>,
  { habits, currency, goalId }: { habits: readonly TiableHabit[]; currency: Currency; goalId: string | null },
) {
  return {
    form,
    currency,
    pictures: GOAL_PICTURES.map((picture) => ({
      value: picture,
      label: t(PICTURE_WORDS[picture]),
      checked: form.picture === picture,
    })),
    habits: habits.map(({ id, name, goal }) => ({
      field: habitField(id),
      label: name,
      checked: form[habitField(id)] === 'yes',
      hint: goal && goal.id !== goalId ? t('It saves for {goal} now.', { goal: goal.name }) : null,
    })),
  }
}

/** A goal as it would have been typed. */
export function typedOf(goal: Goal, habits: readonly TiableHabit[]): Record<string, string> {
  const ticked = habits.filter((habit) => habit.goal?.id === goal.id)
  return {
    name: goal.name,
    target: toDecimal(goal.targetMinor),
    byDay: dayIn(goal) ?? '',
    picture: goal.picture,
    ...Object.fromEntries(ticked.map(({ id }) => [habitField(id), 'yes'])),
  }
}

/** The day by which a goal should be full. */
export function dayIn({ byDay }: Pick<Goal, 'byDay'>): Day | null {
  return byDay?.toISOString().slice(0, 10) ?? null
}
