import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { makeBusy, offersOf } from './busy-savers.ts'
import { checkOffAsk } from './check-off.ts'
import { adminOf, dashboardOf } from './dashboard.ts'
import { PROCESSES } from './environment.ts'
import { closedLoop, type Visitor } from './load.ts'
import type { Bench, Part } from './part.ts'
import type { Program } from './program.ts'
import { figure } from './report.ts'
import { countRows, rowsSince } from './rows.ts'
import { freshSavers } from './savers.ts'
import { type SignedIn, signInAll } from './sign-in.ts'
import { type Stage, setStage } from './stage.ts'

export interface RestartResults {
  requests: number
  checkOffs: number
  /** Anything but the page, or the 303 of a check-off; a broken connection too. */
  failed: number
  failures: string[]
  /** From the signal until every web process is another one. */
  rollingSeconds: number
}

/** As a migration of the allowed kind does it: beside what is there, and waiting for no lock for long. */
const MIGRATION = [
  `SET lock_timeout = '2s'`,
  'ALTER TABLE "User" ADD COLUMN bench_note text',
  'ALTER TABLE "Habit" ADD COLUMN bench_note text, ADD COLUMN bench_count int NOT NULL DEFAULT 0',
  'CREATE TABLE bench_notes (id uuid PRIMARY KEY, "userId" uuid NOT NULL REFERENCES "User" (id))',
  'CREATE INDEX CONCURRENTLY bench_check_offs ON "CheckOff" (at, "habitId")',
]
const VISITORS = 16
const ROLLED_WITHIN_MS = 120_000
const BESIDE_MS = 2_000
/** Of each visitor, with ten places each: enough until all is over. */
const HABITS = 30
const LOOK_EVERY_MS = 100
const FAILURES_KEPT = 10

export const restart: Part<RestartResults> = {
  name: 'restart',
  inQuick: true,
  measure,
  words: ({ requests, checkOffs, failed, failures, rollingSeconds }) => [
    `Rolling restart (${figure(rollingSeconds)} s) and a migration under load: ${requests} requests, ${checkOffs} of them check-offs, each in the database once; **${failed} failed**${failures.length > 0 ? ` (${failures.join('; ')})` : ''}.`,
  ],
}

/** Dashboards and check-offs over kept connections, without a second try; meanwhile all web processes are replaced, and the tables grow. */
async function measure(bench: Bench): Promise<RestartResults> {
  const stage = await bench.shared(setStage)
  const { app, place, environment } = stage
  const savers = await freshSavers(environment, VISITORS)
  const browsers = await signInAll(
    app.origin,
    savers.map(({ email }) => email),
  )
  const failures: string[] = []
  let [checkOffs, failed] = [0, 0]
  const visitors = await Promise.all(
    savers.map(async (saver, index) => {
      const offers = offersOf(await makeBusy(place.pool, saver, HABITS))
      return visitorOf(browsers[index] as SignedIn, offers, {
        checkOff: () => {
          checkOffs += 1
        },
        failure: (what) => {
          failed += 1
          if (failures.length < FAILURES_KEPT) failures.push(what)
        },
      })
    }),
  )
  await place.tidy()
  const before = await countRows(place.pool)
  const over = new AbortController()
  const loading = closedLoop(app.origin, visitors, over.signal)
  const rollingSeconds = await Promise.race([
    meanwhile(stage).finally(() => over.abort()),
    loading.then(() => Promise.reject(new Error('the load ended by itself'))),
  ])
  const { requests } = await loading
  rowsSince(before, await countRows(place.pool), checkOffs)
  return { requests, checkOffs, failed, failures, rollingSeconds }
}

async function meanwhile(stage: Stage): Promise<number> {
  await pause(BESIDE_MS)
  const rollingSeconds = await roll(stage.app)
  await pause(BESIDE_MS)
  const admin = await adminOf(stage)
  try {
    for (const statement of MIGRATION) await admin.query(statement)
  } finally {
    await admin.end()
  }
  await pause(BESIDE_MS)
  return rollingSeconds
}

/** @returns how many seconds it took. @throws when the processes are not others in time. */
async function roll(app: Program): Promise<number> {
  const old = new Set(await childrenOf(app.pid))
  if (old.size !== PROCESSES) throw new Error(`the app has ${old.size} web processes`)
  const startedAt = performance.now()
  app.signal('SIGHUP')
  while (performance.now() - startedAt < ROLLED_WITHIN_MS) {
    await pause(LOOK_EVERY_MS)
    const now = await childrenOf(app.pid)
    if (now.length === PROCESSES && !now.some((pid) => old.has(pid)))
      return (performance.now() - startedAt) / 1_000
  }
  throw new Error(`the web processes are not others after ${ROLLED_WITHIN_MS} ms`)
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout.split('\n').flatMap((line) => {
    const [pid = 0, ppid] = line.trim().split(/\s+/).map(Number)
    return ppid === parent ? [pid] : []
  })
}

/** A dashboard and a check-off in turns. */
function visitorOf(
  browser: SignedIn,
  offers: ReturnType<typeof offersOf>,
  note: { checkOff(): void; failure(what: string): void },
): Visitor {
  let isCheckOff = false
  const fail = (what: string) => {
    if (isCheckOff) offers.leaveHabit()
    note.failure(`${isCheckOff ? 'POST' : 'GET'} ${what}`)
  }
  return {
    next: () => {
      isCheckOff = !isCheckOff
      if (!isCheckOff) return dashboardOf(browser, 0)
      const { habit, ...offer } = offers.next()
      return checkOffAsk(browser, habit.habitId, { ...offer, version: '1' })
    },
    check: ({ status }) => {
      if (status !== (isCheckOff ? 303 : 200)) fail(String(status))
      else if (isCheckOff) note.checkOff()
    },
    broken: (error) => fail(error.message),
  }
}
