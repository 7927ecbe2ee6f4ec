/**
 * Loaded into every supervised child before its own code. The channel to the parent closes when the parent is gone,
 * kill -9 included; the child then stops as for SIGTERM, and in any case after the time below.
 */
const LAST_MOMENTS_MS = 10_000

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), LAST_MOMENTS_MS).unref()
  process.kill(process.pid, 'SIGTERM')
})

export {}
