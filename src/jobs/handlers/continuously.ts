import { setTimeout as pause } from 'node:timers/promises'
import type { NotedRun } from './run-notes.ts'

/**
 * Does something again and again until it is told to stop. A round that fails is made up for by the next: nothing has to be
 * kept in between, and no job can be lost.
 */
export async function continuously(
  { everyMs, noted }: { everyMs: number; noted: NotedRun },
  round: () => Promise<unknown>,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await noted(round).catch(() => {})
    await pause(everyMs, undefined, { signal: stopping }).catch(() => {})
  }
}
