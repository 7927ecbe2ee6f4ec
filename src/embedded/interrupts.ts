/**
 * Under `npm start` one Ctrl-C arrives twice within moments: from the terminal and passed on by npm. What comes this
 * soon after the first is the same key press.
 */
const SAME_PRESS_MS = 500

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first Ctrl-C (or SIGTERM, or a closed terminal) calls `stop` and then ends this process; a second one calls
 * `kill` instead of waiting any longer. Returns how to stop listening.
 */
export function onInterrupt({
  stop,
  kill,
  log,
  exit = (code) => process.exit(code),
}: {
  stop: () => Promise<void>
  kill: () => Promise<void>
  log: (line: string) => void
  exit?: (code: number) => void
}): () => void {
  let firstAt: number | null = null
  let killing = false
  const finish = (work: Promise<void>) =>
    work.then(
      // Killing also brings `stop` to its end, which is then no clean one.
      () => exit(killing ? 1 : 0),
      (error: unknown) => {
        log(`stopping failed: ${String(error)}`)
        exit(1)
      },
    )
  const listener = () => {
    const now = performance.now()
    if (firstAt === null) {
      firstAt = now
      log('stopping; press Ctrl-C again to stop at once')
      void finish(stop())
    } else if (!killing && now - firstAt > SAME_PRESS_MS) {
      killing = true
      log('stopping at once')
      void finish(kill())
    }
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}
