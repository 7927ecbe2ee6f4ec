import type { HabitToday } from '../habit.ts'

/** Whether a habit asks something of its saver today: what is done, or not due, is nothing to be reminded of. */
export function asksToday({ progress }: HabitToday): boolean {
  return progress.next.kind === 'open'
}
