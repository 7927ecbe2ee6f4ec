/** Loaded before the app by the process whose memory is looked at: says what its heap holds once nothing is left to collect. */
process.on('message', (word) => {
  if (word !== 'heap') return
  // Whatever the first round finalises goes with the second.
  globalThis.gc?.()
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})
