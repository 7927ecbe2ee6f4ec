import type { Bench, Part } from './part.ts'
import { measureStartAndMemory, type StartAndMemory, startAndMemoryTable } from './start-and-memory.ts'

export const start: Part<StartAndMemory> = {
  name: 'start',
  inQuick: false,
  measure: async (bench: Bench) => {
    await bench.takeDown()
    const results = await measureStartAndMemory(await bench.openPlace())
    await bench.takeDown()
    return results
  },
  words: (results) => startAndMemoryTable(results).split('\n'),
}
