import type { Tx } from '../../db.ts'
import { audit } from '../audit.ts'
import type { Actor } from '../context.ts'
import { pursesOf } from './pots.ts'
import { livingGoals } from './reading.ts'
import { standingsOf } from './standing.ts'

/** Writes down which goals are full for the first time. Whoever calls it holds the saver's goals. */
export async function noteReachedIn(tx: Tx, userId: string, now: Date, by: Actor): Promise<void> {
  const standings = standingsOf(await livingGoals(tx, userId), await pursesOf(tx, userId))
  for (const { goal, heldMinor } of standings.flatMap(({ goals }) => goals)) {
    if (goal.reachedOn || heldMinor < goal.targetMinor) continue
    await tx.goal.update({ where: { id: goal.id, userId }, data: { reachedOn: now } })
    await audit(tx, {
      action: 'goal.reached',
      by,
      at: now,
      subjectId: userId,
      object: { kind: 'goal', id: goal.id },
      detail: { targetMinor: goal.targetMinor, currency: goal.currency },
    })
  }
}
