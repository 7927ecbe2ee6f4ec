import { setTimeout as pause } from 'node:timers/promises'
import type { Look } from './database.ts'
import type { Journal } from './journal.ts'
import { linkBank, type Saver } from './savers.ts'

const LOOK_EVERY_MS = 1_000

/**
 * Whoever dies between spending a refresh token and storing the next one ends a consent, and only the saver can give a new
 * one. Here they do so within a second; nothing else is asked of them.
 */
export async function keepLinked(
  savers: readonly Saver[],
  look: Look,
  journal: Journal,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    for (const saver of await unlinked(savers, look)) {
      if (await linkBank(saver)) journal.relinked += 1
    }
    await pause(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {})
  }
}

export async function unlinked(savers: readonly Saver[], look: Look): Promise<Saver[]> {
  const rows = await look.rows<{ userId: string }>(
    'SELECT "userId" FROM "BankConsent" WHERE "revokedAt" IS NULL',
  )
  const linked = new Set(rows.map(({ userId }) => userId))
  return savers.filter(({ id }) => !linked.has(id))
}
