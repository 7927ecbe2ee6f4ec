import { setTimeout as pause } from 'node:timers/promises'
import { MINUTE } from '../../src/clock.ts'
import type { Stage } from './stage.ts'

/**
 * The longest waits are the engine's own: a refresh lease of a dead process (30 s), a bank that is left alone after failures,
 * and looks that become rarer the longer a payment has been under way.
 */
const REST_WITHIN_MS = 4 * MINUTE

/** Waits until nothing is under way any more. @returns how long it took, or null if that was too long. */
export async function comeToRest(
  { look }: Pick<Stage, 'look'>,
  stopping: AbortSignal,
): Promise<number | null> {
  const begun = performance.now()
  while (performance.now() - begun < REST_WITHIN_MS) {
    const [row] = await look.rows<{ left: number }>(
      `SELECT count(*)::int AS left FROM "Payment" WHERE "nextActionAt" IS NOT NULL`,
    )
    if (row?.left === 0) return performance.now() - begun
    if (stopping.aborted) return null
    await pause(500)
  }
  return null
}
