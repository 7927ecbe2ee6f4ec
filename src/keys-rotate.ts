/**
 * npm run keys:rotate: seals every stored secret anew with the newest of TOKEN_KEYS.
 *
 * 1. Add a key with a higher version to TOKEN_KEYS and restart web and worker: both versions are needed now.
 * 2. Run this until it ends with 0. It may be stopped and run again at any time, while the app runs.
 * 3. Take the older keys out of TOKEN_KEYS.
 *
 * Ends with 0 when the newest key has sealed everything; 1 when some were being changed: run it again; 2 when there are
 * values that no key opens, whose rows it names; 3 when it could not run.
 */
import { systemClock } from './clock.ts'
import { readSettings, WrongSettings } from './config.ts'
import { createSealer, type Sealer } from './crypto.ts'
import { createDb } from './db.ts'
import { createKeyRotation, type Rotated } from './models/key-rotation.ts'

const EXIT = { done: 0, runAgain: 1, unreadable: 2, couldNotRun: 3 } as const
const CONNECTIONS = 2

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof WrongSettings ? error.message : error)
  process.exitCode = EXIT.couldNotRun
}

async function run(): Promise<number> {
  const settings = readSettings(process.env)
  const sealer = createSealer(settings.TOKEN_KEYS)
  const db = createDb(settings.DATABASE_URL, CONNECTIONS)
  try {
    const rotation = createKeyRotation({ db, clock: systemClock, sealer })
    const results: Rotated[] = []
    for (const column of rotation.columns()) {
      const result = await rotation.rotate(column)
      results.push(result)
      console.log(report(result))
    }
    console.log(verdict(results, sealer, [...settings.TOKEN_KEYS.keys()]))
    return exitCode(results)
  } finally {
    await db.close()
  }
}

function report({ column, looked, rotated, left, unreadable }: Rotated): string {
  const counts = [`${looked} looked at`, `${rotated} rotated`, `${left.length} left`]
  return [
    `${column.padEnd(32)} ${counts.join(', ')}`,
    ...unreadable.map((id) => `  cannot be opened: ${column} of ${id}`),
  ].join('\n')
}

function verdict(results: readonly Rotated[], { newest }: Sealer, versions: number[]): string {
  if (results.some(({ unreadable }) => unreadable.length > 0))
    return 'Some cannot be opened: their key is missing from TOKEN_KEYS, or somebody has changed them. Keep every key.'
  if (results.some(({ left }) => left.length > 0))
    return 'Some were being changed. Keep every key, and run this again.'
  const older = versions.filter((version) => version !== newest)
  return older.length === 0
    ? `Everything is sealed with key ${newest}.`
    : `Everything is sealed with key ${newest}: take ${older.join(', ')} out of TOKEN_KEYS.`
}

function exitCode(results: readonly Rotated[]): number {
  if (results.some(({ unreadable }) => unreadable.length > 0)) return EXIT.unreadable
  return results.some(({ left }) => left.length > 0) ? EXIT.runAgain : EXIT.done
}
