import { setTimeout as pause } from 'node:timers/promises'

const ASK_EVERY_MS = 100
const ANSWER_WITHIN_MS = 2_000

/** Resolves when a child says the line, or its address answers; with 'aborted' when nobody waits any more. */
export function becomesReady(
  ready: RegExp | { url: string },
  lines: EventTarget,
  signal: AbortSignal,
): Promise<'ready' | 'aborted'> {
  return ready instanceof RegExp ? says(ready, lines, signal) : answers(ready.url, signal)
}

function says(pattern: RegExp, lines: EventTarget, signal: AbortSignal): Promise<'ready' | 'aborted'> {
  return new Promise((resolve) => {
    const listener = (event: Event) => {
      if (pattern.test((event as CustomEvent<string>).detail)) resolve('ready')
    }
    lines.addEventListener('line', listener, { signal })
    signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}

async function answers(url: string, signal: AbortSignal): Promise<'ready' | 'aborted'> {
  while (!signal.aborted) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      })
      await response.body?.cancel()
      if (response.ok) return 'ready'
    } catch {
      // Not listening yet.
    }
    await pause(ASK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  return 'aborted'
}
