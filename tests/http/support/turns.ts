import type { TestApp } from '../../support/app.ts'

/** How many times the app turned to the database meanwhile. */
export async function turnsToDatabase(
  { deps: { db } }: TestApp,
  work: () => Promise<unknown>,
): Promise<number> {
  let turns = 0
  const count = () => {
    turns += 1
  }
  db.pool.on('acquire', count)
  await work()
  db.pool.off('acquire', count)
  return turns
}
