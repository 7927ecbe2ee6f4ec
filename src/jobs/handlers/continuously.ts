import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '../../logger.ts'

/**
 * Does something again and again until it is told to stop. A round that fails is made up for by the next: nothing has to be
 * kept in between, and no job can be lost.
 */
export async function continuously(
  { what, everyMs, log }: { what: string; everyMs: number; log: Logger },
  round: () => Promise<unknown>,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await round().catch((error) => log.error(what, { error }))
    await pause(everyMs, undefined, { signal: stopping }).catch(() => {})
  }
}
