import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Loaded before the app by the process whose memory is looked at: says what its heap holds once nothing is left to collect. It
 * must not make that process larger: no option of its own for collecting, because V8 takes what was compiled and kept only where
 * the options are the same, and no types, because what strips them takes 10 MB and the app's own files come stripped from the cache.
 */
process.on('message', (word) => {
  if (word !== 'heap') return
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  // Whatever the first round finalises goes with the second.
  collect()
  collect()
  process.send?.(process.memoryUsage().heapUsed)
})
