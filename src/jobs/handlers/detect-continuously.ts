import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Models } from '../../models/index.ts'

/** Sooner than any check-off is sent, and than an admin's minute is over. */
const LOOK_EVERY_MS = 10 * SECOND

/**
 * Looks for what is odd until it is told to stop. A look that fails is made up for by the next: nothing has to be kept in
 * between, and no job can be lost.
 */
export async function detectContinuously(
  { models, log }: { models: Pick<Models, 'detection'>; log: Logger },
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await models.detection.look().catch((error) => log.error('looking for what is odd', { error }))
    await pause(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {})
  }
}
