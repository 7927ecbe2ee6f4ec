/** Loaded before the worker by one process that is never timed: says where its time goes between two words. */
import { Session } from 'node:inspector/promises'

const SAMPLE_EVERY_MICROSECONDS = 200

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_MICROSECONDS })
let usage = process.cpuUsage()

process.on('message', async (word) => {
  if (word === 'begin') {
    await session.post('Profiler.start')
    usage = process.cpuUsage()
    process.send?.({})
  }
  if (word === 'end') {
    const { user, system } = process.cpuUsage(usage)
    const { profile } = await session.post('Profiler.stop')
    process.send?.({ cpuMs: (user + system) / 1_000, profile })
  }
})
