/** A process that lives some of the lives; its parent tells it which, and hears of every one. */
import { randomUUID } from 'node:crypto'
import { createDb } from '../../src/db.ts'
import { createDatabase, type DatabaseServer, dropDatabase } from '../../src/embedded/postgres.ts'
import type { Counts } from './life.ts'
import { type Failure, liveMany, type OpenDatabase } from './lives.ts'

export interface Slice {
  server: DatabaseServer
  template: string
  seeds: { first: number; step: number; count: number }
  shrink: boolean
}

export type Word = { kind: 'life'; counts: Counts } | { kind: 'failure'; failure: Failure }

process.once('message', async (slice: Slice) => {
  const say = (word: Word) => process.send?.(word)
  const failure = await liveMany(databases(slice), {
    seeds: Array.from(
      { length: slice.seeds.count },
      (_, turn) => slice.seeds.first + turn * slice.seeds.step,
    ),
    shrink: slice.shrink,
    onLife: (counts) => say({ kind: 'life', counts }),
  })
  if (failure) say({ kind: 'failure', failure })
  process.disconnect()
})

/** History is never removed, so from time to time lives move to a new database. */
function databases({ server, template }: Slice): OpenDatabase {
  return async () => {
    const name = `simulation_${randomUUID().replaceAll('-', '')}`
    const { url } = await createDatabase(server, name, { template })
    const db = createDb(url, 4)
    return {
      db,
      close: async () => {
        await db.close()
        await dropDatabase(server, name)
      },
    }
  }
}
