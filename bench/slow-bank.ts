import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { unusedPort } from '../src/embedded/ports.ts'
import type { User } from '../src/generated/client.ts'
import { alternate } from './alternate.ts'
import { habitsFor, makeBusy, offersOf } from './busy-savers.ts'
import { checkOffAsk } from './check-off.ts'
import { type Load, loadOf } from './load.ts'
import { openLoop } from './open-loop.ts'
import type { Bench, Part } from './part.ts'
import { inTurns, type Pair, pairRows, TABLE_HEAD } from './report.ts'
import { freshSavers } from './savers.ts'
import { sessionsLike } from './sessions.ts'
import type { Emulator } from './settling/emulator.ts'
import { openSavers, startEmulator, workerEnvironment } from './settling/stage.ts'
import { type SignedIn, signIn } from './sign-in.ts'
import { startApp } from './stage.ts'

type Side = 'bank in 2 s' | 'bank at once'

export interface SlowBankResults {
  perSecond: number
  pairs: Pair<Side>[]
}

const SLOW_MS = 2_000
/** Little enough that neither side has to wait for a processor: it is the bank that is to make the difference. */
const PER_SECOND = 8
const SAVERS = 8
/** The worker looks for work now and then; it has to have found some. */
const LEAST_SECONDS = 5
const CONNECTIONS = 32
const SETTLED_WITHIN_MS = 120_000
const LOOK_EVERY_MS = 100

export const slowBank: Part<SlowBankResults> = {
  name: 'slow-bank',
  inQuick: false,
  measure,
  words: ({ perSecond, pairs }, { pairs: rounds, secondsPerRun }) => [
    ...inTurns({ pairs: rounds, secondsPerRun: secondsOf(secondsPerRun), connections: CONNECTIONS }),
    `| check-off, ${perSecond}/s, a worker settling | requests/s | p50 ms | p99 ms |`,
    TABLE_HEAD,
    ...pairRows('check-off', pairs),
  ],
}

function secondsOf(wanted: number): number {
  return Math.max(wanted, LEAST_SECONDS)
}

/** The app, a worker and the emulated bank. What savers wait for must not be the bank, however long the worker waits for it. */
async function measure(bench: Bench): Promise<SlowBankResults> {
  await bench.takeDown()
  console.log('Preparing a database, an emulated bank, the app and a worker …')
  const place = await bench.openPlace()
  const port = await unusedPort()
  const environment = workerEnvironment(place.databaseUrl, `http://127.0.0.1:${port}`)
  const emulator = await startEmulator(bench, environment, port)
  const userIds = await openSavers(place, emulator, environment, SAVERS)
  const app = await startApp(bench, environment)
  await bench.start({
    file: fileURLToPath(new URL('../src/worker.ts', import.meta.url)),
    env: environment,
    ready: { line: 'worker ready' },
  })
  const [somebody] = await freshSavers(environment, 1)
  const like = await signIn(app.origin, somebody?.email ?? '')
  const { rows: savers } = await place.pool.query<User>(
    'UPDATE "User" SET timezone = $2 WHERE id = ANY ($1::uuid[]) RETURNING *',
    [userIds, somebody?.timezone],
  )
  const browsers = await sessionsLike(
    place.pool,
    environment,
    like,
    savers.map(({ id }) => id),
  )

  const run = async (delayMs: number, wanted: number): Promise<Load> => {
    const seconds = secondsOf(wanted)
    await emulator.delayBy(0)
    await nothingDue(place.pool)
    const offers = await Promise.all(
      savers.map(async (saver, index) => {
        const { next } = offersOf(await makeBusy(place.pool, saver, habitsFor(1)))
        return { next, browser: browsers[index] as SignedIn }
      }),
    )
    await emulator.delayBy(delayMs)
    await emulator.forgetCalls()
    let taken = 0
    const arrivals = await openLoop(
      app.origin,
      { perSecond: PER_SECOND, seconds, connections: CONNECTIONS },
      () => {
        const { next, browser } = offers[taken++ % SAVERS] as (typeof offers)[number]
        const { habit, ...offer } = next()
        return checkOffAsk(browser, habit.habitId, { ...offer, version: '1' })
      },
    )
    if (arrivals.some(({ status }) => status !== 303)) throw new Error('a check-off was refused')
    await wasAsked(emulator)
    return loadOf(
      arrivals.map(({ ms }) => ms),
      seconds,
    )
  }
  const sides: Record<Side, number> = { 'bank in 2 s': SLOW_MS, 'bank at once': 0 }
  const pairs = await alternate('check-off, slow bank', sides, bench.plan, run)
  await bench.takeDown()
  return { perSecond: PER_SECOND, pairs }
}

/** So that no run has to bear what the one before has left to do. */
async function nothingDue(pool: { query(sql: string): Promise<{ rows: { due: number }[] }> }): Promise<void> {
  for (let waitedMs = 0; waitedMs < SETTLED_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
    const { rows } = await pool.query(
      'SELECT count(*)::int AS due FROM "Payment" WHERE "nextActionAt" IS NOT NULL',
    )
    if (rows[0]?.due === 0) return
    await pause(LOOK_EVERY_MS)
  }
  throw new Error(`payments are still due after ${SETTLED_WITHIN_MS} ms`)
}

/** @throws when the worker stood still: then nothing was measured. */
async function wasAsked(emulator: Emulator): Promise<void> {
  if ((await emulator.calls()).length === 0) throw new Error('the bank was not asked at all')
}
