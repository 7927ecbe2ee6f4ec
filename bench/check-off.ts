import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'undici'
import type { User } from '../src/generated/client.ts'
import { paths } from '../src/paths.ts'
import { alternate } from './alternate.ts'
import { type Busy, type Habit, habitsFor, makeBusy, offersOf } from './busy-savers.ts'
import { type Ask, ask, closedLoop, type Visitor } from './load.ts'
import type { Bench, Part } from './part.ts'
import type { Program } from './program.ts'
import type { Recording, Recordings } from './programs/floor-replay.ts'
import type { Sent } from './programs/statements.ts'
import { recordingOf } from './record.ts'
import { inTurns, type Pair, type Plan, pairRows, TABLE_HEAD } from './report.ts'
import { countRows, type Rows, rowsSince } from './rows.ts'
import { freshSavers } from './savers.ts'
import { post, type SignedIn, signInAll } from './sign-in.ts'
import { type Stage, setStage, startFloor } from './stage.ts'
import { profileWeb } from './web-profile.ts'

/** New ones for a run of so many seconds. */
type Visitors = (isApp: boolean, seconds: number) => Promise<Visitor[]>
type Side = 'app' | 'same SQL' | 'writes alone'

export interface CheckOffResults {
  /** SQL statements that the app sends for one, the transaction's own words included. */
  statements: number
  pairs: Pair<Side>[]
  answers: number
  rows: Rows
}

export const checkOff: Part<CheckOffResults> = {
  name: 'check-off',
  inQuick: true,
  measure,
  words: ({ statements, pairs, answers, rows }, plan) => [
    ...inTurns(plan),
    '| check-off | requests/s | p50 ms | p99 ms |',
    TABLE_HEAD,
    ...pairRows('check-off', pairs),
    '',
    `Statements of one check-off: ${statements}. After ${answers} answers: ${rows.checkOffs} check-offs, ${rows.payments} payments, ${rows.ledgerLines} ledger lines more.`,
  ],
}

/** Recorded by this place of a habit, which no other number of a check-off is. */
const RECORDED_PLACE = 7
/** Every ten seconds a session notes that somebody was there, which is a statement more. */
const RECORDED_AT_MOST = 3

/** Every connection is another saver. All rows that answers promise are looked for at the end of every run. */
async function measure(bench: Bench): Promise<CheckOffResults> {
  const { plan } = bench
  const stage = await bench.shared(setStage)
  const { place, environment, app } = stage
  const savers = await freshSavers(environment, plan.connections)
  const browsers = await signInAll(
    app.origin,
    savers.map(({ email }) => email),
  )
  const visitors: Visitors = (isApp, seconds) =>
    Promise.all(
      savers.map(async (saver, index) => {
        const busy = await makeBusy(place.pool, saver, habitsFor(seconds))
        return checkOffVisitor(busy, browsers[index] as SignedIn, isApp)
      }),
    )
  if (bench.profile !== null) {
    const load = async (origin: string, seconds: number) =>
      (await closedLoop(origin, await visitors(true, seconds), seconds * 1_000)).requests
    await profileWeb(bench, stage, 'check-off', load, bench.profile)
  }
  const recordings = await record(stage, savers, browsers)
  // The folder stays for as long as a process of the floor may still have to read it.
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-recording-'))
  try {
    const replay = await startReplay(bench, stage, recordings, folder)
    return {
      statements: Object.values(recordings)[0]?.statements.length ?? 0,
      ...(await compare(stage, replay, plan, visitors)),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function compare({ place, app, floor }: Stage, replay: Program, plan: Plan, visitors: Visitors) {
  const atFirst = await countRows(place.pool)
  let answers = 0
  const run = async (program: Program, seconds: number) => {
    const fresh = await visitors(program === app, seconds)
    await place.tidy()
    const before = await countRows(place.pool)
    const load = await closedLoop(program.origin, fresh, seconds * 1_000)
    rowsSince(before, await countRows(place.pool), load.requests)
    answers += load.requests
    return load
  }
  const sides: Record<Side, Program> = { app, 'same SQL': replay, 'writes alone': floor }
  const pairs = await alternate('check-off', sides, plan, run)
  return { pairs, answers, rows: rowsSince(atFirst, await countRows(place.pool), answers) }
}

/** Of every saver two check-offs of different habits, by the process that writes its statements down. */
async function record(
  { place, counting }: Stage,
  savers: readonly User[],
  browsers: readonly SignedIn[],
): Promise<Recordings> {
  const before = await countRows(place.pool)
  const recordings: Recordings = {}
  let answers = 0
  for (const [index, saver] of savers.entries()) {
    const busy = await makeBusy(place.pool, saver, 2 * RECORDED_AT_MOST)
    const made = async (habit: Habit | undefined) => {
      if (!habit) throw new Error('two check-offs in a row never sent the same statements')
      answers += RECORDED_PLACE
      const sent = await lastSent(counting, browsers[index] as SignedIn, habit, busy.day)
      return { ...habit, slot: RECORDED_PLACE, sent }
    }
    const habits = busy.habits.values()
    let recording: Recording | null = null
    while (!recording)
      recording = recordingOf(await made(habits.next().value), await made(habits.next().value))
    recordings[saver.id] = recording
  }
  rowsSince(before, await countRows(place.pool), answers)
  return recordings
}

/** Takes the places of a habit up to the one that is recorded. @returns the statements of the last. */
async function lastSent(
  counting: Program,
  browser: SignedIn,
  { habitId }: Habit,
  day: string,
): Promise<Sent[]> {
  const client = new Client(counting.origin)
  try {
    for (let slot = 1; slot <= RECORDED_PLACE; slot += 1) {
      await counting.tell('statements')
      const question = checkOffAsk(browser, habitId, { day, slot: String(slot), version: '1' })
      const { status } = await ask(client, question)
      if (status !== 303) throw new Error(`a check-off was answered with ${status}`)
    }
    return (await counting.tell('statements')) as Sent[]
  } finally {
    await client.close()
  }
}

async function startReplay(
  bench: Bench,
  stage: Stage,
  recordings: Recordings,
  folder: string,
): Promise<Program> {
  const file = join(folder, 'statements.json')
  await writeFile(file, JSON.stringify(recordings))
  return startFloor(bench, stage.environment, { RECORDING: file })
}

/** Checks off one habit after the other, every place once. A floor gets what the app has to look up by itself. */
function checkOffVisitor(busy: Busy, saver: SignedIn, isApp: boolean): Visitor {
  const offers = offersOf(busy)
  return {
    next: () => {
      const { habit, day, slot } = offers.next()
      if (isApp) return checkOffAsk(saver, habit.habitId, { day, slot, version: '1' })
      return checkOffAsk(saver, habit.habitId, { day, slot, ...knownTo(busy), ...habit })
    },
    check: ({ status }) => {
      if (status !== 303) throw new Error(`a check-off was answered with ${status}`)
    },
  }
}

export function checkOffAsk(saver: SignedIn, habitId: string, fields: Record<string, string>): Ask {
  return post(paths.checkOff(habitId), saver.cookie, { _csrf: saver.csrfToken, ...fields })
}

function knownTo({ user, debtorAccountId, creditorAccountId }: Busy) {
  return { userId: user.id, debtorAccountId, creditorAccountId }
}
