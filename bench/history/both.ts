import pg from 'pg'
import { step } from '../admin/rows.ts'
import type { Place } from '../place.ts'
import { liveAMonth, type Saver } from './life.ts'
import { repeatMonth } from './repeat.ts'

export type Side = 'month' | 'decade'

/** Of four weeks: a little more than ten years. */
export const MONTHS = 131

/** Two savers with forty habits: one has used the app for a month, the other for as many months. */
export async function bothSavers(
  { adminUrl }: Place,
  environment: Record<string, string>,
  months: number,
): Promise<Record<Side, Saver>> {
  const admin = new pg.Client({ connectionString: adminUrl })
  // What went wrong is thrown by whoever asked.
  admin.on('error', () => {})
  await admin.connect()
  try {
    const month = await step('a saver with a month', () =>
      liveAMonth(environment, 'Ida Berg', async () => {}),
    )
    const decade = await step(`a saver with ${months} months`, () =>
      liveAMonth(environment, 'Per Holm', (userId) => repeatMonth(admin, userId, months - 1)),
    )
    return { month, decade }
  } finally {
    await admin.end()
  }
}
