import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { randomReference } from '../../src/crypto.ts'
import type { Sent } from './statements.ts'

/** What the app has sent for one check-off of each saver; which of the ids in it are other ones the next time. */
export interface Recording {
  statements: Sent[]
  habitId: string
  habitVersionId: string
  slot: number
  /** In the order in which they were first said, the payment's reference beside them. */
  fresh: string[]
  reference: string
}
export type Recordings = Record<string, Recording>

const IDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Where a place of a habit is a parameter, and not a part of what is told about it. */
const TAKES_A_PLACE = /"CheckOff"/

/**
 * The statements that the app sends for a check-off, all of them in its order with its parameters, as prepared statements of bare
 * pg. Only what is another for each check-off is changed: ids, reference, habit, place.
 */
export async function createReplay(pool: pg.Pool, file: string) {
  const recordings: Recordings = JSON.parse(await readFile(file, 'utf8'))

  return async (fields: Record<string, string>): Promise<void> => {
    const recording = recordings[fields.userId ?? '']
    if (!recording) throw new Error('nothing was recorded for this saver')
    const changed = valuesFor(recording, fields)
    let inTransaction: pg.PoolClient | null = null
    try {
      for (const { text, values } of recording.statements) {
        if (text === 'BEGIN') inTransaction = await pool.connect()
        const client = inTransaction ?? pool
        if (values.length === 0) await client.query(text)
        else {
          const given = values.map((value) => changed(value, text))
          await client.query({ name: nameOf(text), text, values: given, rowMode: 'array' })
        }
        if (text !== 'COMMIT') continue
        inTransaction?.release()
        inTransaction = null
      }
    } catch (error) {
      inTransaction?.release(true)
      throw error
    }
  }
}

function valuesFor(
  recording: Recording,
  { habitId = '', habitVersionId = '', slot = '' }: Record<string, string>,
) {
  const others = new Map(recording.fresh.map((id) => [id, freshLike(id)]))
  others.set(recording.habitId, habitId).set(recording.habitVersionId, habitVersionId)
  const reference = randomReference()
  const other = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(recording.reference, reference).replace(IDS, (id) => others.get(id) ?? id)
    return Array.isArray(value) ? value.map(other) : value
  }
  return (value: unknown, text: string) => {
    if (value === recording.slot && TAKES_A_PLACE.test(text)) return Number(slot)
    return other(value)
  }
}

/** Ids that begin with a time keep it beginning with a time: new rows belong at the end of an index. */
function freshLike(id: string): string {
  const random = randomUUID()
  if (id[14] !== '7') return random
  const now = Date.now().toString(16).padStart(12, '0')
  return `${now.slice(0, 8)}-${now.slice(8)}-7${random.slice(15)}`
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const name = names.get(text) ?? createHash('sha256').update(text).digest('hex').slice(0, 32)
  names.set(text, name)
  return name
}
