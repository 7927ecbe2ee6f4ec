import type { Clock } from '../clock.ts'

/**
 * What was read once is the answer to whoever asks again within this time; a reading that fails is made anew.
 * @param read is handed the time of the clock, in milliseconds.
 */
export function kept<T>(clock: Clock, forMs: number, read: (now: number) => Promise<T>): () => Promise<T> {
  let last: { at: number; reading: Promise<T> } | null = null
  return () => {
    const now = clock.now().getTime()
    if (last && now - last.at < forMs) return last.reading
    const reading = read(now)
    const mine = { at: now, reading }
    last = mine
    reading.catch(() => {
      if (last === mine) last = null
    })
    return reading
  }
}
