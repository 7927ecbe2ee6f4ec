/**
 * Loaded before the app's own code by `--import`: kills or stops its process at the step that the parent names, as a
 * power cut would, without a word to anybody. The app knows nothing of it.
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { watchCommits } from './commits.ts'
import { watchExchanges } from './exchanges.ts'

export interface Order {
  step: string
  signal: 'SIGKILL' | 'SIGSTOP'
}

/** Whoever is killed keeps no cache by itself; what this life has compiled, the next one needn't. */
const KEEP_CACHE_AFTER_MS = 3_000

let order: Order | null = null

process.on('message', (message: { order: Order | null }) => {
  order = message.order
})
setTimeout(flushCompileCache, KEEP_CACHE_AFTER_MS).unref()
watchCommits(reach)
watchExchanges(reach)

function reach(step: string): void {
  if (order?.step !== step) return
  const { signal } = order
  // The last word, written before anything else can happen.
  writeSync(1, `reached: ${JSON.stringify(order)}\n`)
  order = null
  process.kill(process.pid, signal)
}
