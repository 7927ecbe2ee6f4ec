/** Our own drawings; each has a file in views/partials/goal-pictures. */
export const GOAL_PICTURES = [
  'sprout',
  'umbrella',
  'suitcase',
  'tent',
  'cottage',
  'bicycle',
  'boat',
  'guitar',
  'laptop',
  'book',
  'gift',
] as const

export type GoalPicture = (typeof GOAL_PICTURES)[number]
