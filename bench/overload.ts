import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Client } from 'undici'
import type { User } from '../src/generated/client.ts'
import { type Busy, makeBusy } from './busy-savers.ts'
import { checkOffAsk } from './check-off.ts'
import { copySaver } from './copies.ts'
import { adminOf, dashboardOf } from './dashboard.ts'
import { type Ask, ask, closedLoop } from './load.ts'
import { type Arrival, openLoop } from './open-loop.ts'
import type { Bench, Part } from './part.ts'
import { figure } from './report.ts'
import { freshSavers } from './savers.ts'
import { sessionsLike } from './sessions.ts'
import { type SignedIn, signIn } from './sign-in.ts'
import { aMonthLived, type Stage, setStage } from './stage.ts'
import { percentile } from './statistics.ts'

export interface OverloadResults {
  /** Dashboards and check-offs that it takes in a second when each waits for its answer. */
  saturatedPerSecond: number
  offeredPerSecond: number
  seconds: number
  requests: number
  /** How many came with this status; 0: the connection broke, or nothing came in time. */
  statuses: Record<string, number>
  /** Of what was answered as asked. */
  accepted: { p50Ms: number; p99Ms: number; mostMs: number }
  refused: { share: number; p99Ms: number }
  checkOffs: CheckOffs
  idleMs: number
  /** From the last request offered until pages come as before. */
  recoveredAfterSeconds: number
}

interface CheckOffs {
  answered: number
  inDatabase: number
  /** Answered, and not there. */
  lost: number
  /** There, although they were refused or never asked for. */
  beyond: number
  /** There, and their answer never came. */
  unheard: number
}

const SATURATING = 32
const SATURATED_SECONDS = { whole: 10, quick: 3 }
const CONNECTIONS = 512
/** One request in so many is a check-off. */
const CHECK_OFF_EVERY = 5
const LOOKERS = 50
const DOERS = 100
/** More than it takes. */
const MOST_PER_SECOND = 1_500
const IDLE_LOOKS = 20
/** As before: so many looks in a row that take no longer than the slowest of those before the load, and a half. */
const LOOKS_AS_BEFORE = 5
const SLOWER = 1.5
const RECOVERED_WITHIN_MS = 60_000

export const overload: Part<OverloadResults> = {
  name: 'overload',
  inQuick: true,
  measure,
  words: (result) => {
    const { accepted, refused, checkOffs } = result
    return [
      `Overload: ${figure(result.offeredPerSecond)} dashboards and check-offs a second for ${result.seconds} s, twice the ${figure(result.saturatedPerSecond)} that are taken when each waits for its answer.`,
      '',
      '| | |',
      '|---|---|',
      `| answers by status (0: none) | ${Object.entries(result.statuses)
        .map(([status, count]) => `${status}: ${count}`)
        .join(', ')} |`,
      `| latency of those accepted, ms | p50 ${figure(accepted.p50Ms)}, p99 ${figure(accepted.p99Ms)}, longest ${figure(accepted.mostMs)} |`,
      `| refused with 503 | ${(refused.share * 100).toFixed(0)} %, p99 ${figure(refused.p99Ms)} ms |`,
      `| check-offs answered, and in the database | ${checkOffs.answered}, ${checkOffs.inDatabase} |`,
      `| of those lost; beyond what was asked for; there without an answer | ${checkOffs.lost}; ${checkOffs.beyond}; ${checkOffs.unheard} |`,
      `| pages as before after | ${figure(result.recoveredAfterSeconds)} s |`,
    ]
  },
}

/** Those who look, and those who check off. */
interface Crowd {
  looks: Ask[]
  savers: User[]
  browsers: SignedIn[]
}

async function measure(bench: Bench): Promise<OverloadResults> {
  const { overloadSeconds: seconds, quick } = bench.plan
  const stage = await bench.shared(setStage)
  const { app, place } = stage
  const crowd = await gather(bench, stage)
  const saturatedPerSecond = await saturatedRate(stage, crowd, quick)
  const offeredPerSecond = 2 * saturatedPerSecond
  const next = await requestsOf(stage, crowd, offeredPerSecond * seconds * 1.2)
  await place.tidy()
  const before = await habitsDone(place.pool, crowd)
  const look = crowd.looks[0] as Ask
  const idleMs = Math.max(...(await looks(app.origin, look, IDLE_LOOKS)))
  console.log(`overload: ${offeredPerSecond.toFixed(0)}/s for ${seconds} s`)
  const [arrivals, recoveredAfterSeconds] = await Promise.all([
    openLoop(app.origin, { perSecond: offeredPerSecond, seconds, connections: CONNECTIONS }, next),
    pause(seconds * 1_000).then(() => secondsUntilAsBefore(app.origin, look, idleMs * SLOWER)),
  ])
  const after = await habitsDone(place.pool, crowd)
  return {
    saturatedPerSecond,
    offeredPerSecond,
    seconds,
    requests: arrivals.length,
    ...heard(arrivals),
    checkOffs: compared(arrivals, without(after, before)),
    idleMs,
    recoveredAfterSeconds,
  }
}

/** Copies of a saver with a month of habits, and of one with none yet; each has a session. */
async function gather(bench: Bench, stage: Stage): Promise<Crowd> {
  const { app, place, environment } = stage
  const [fresh] = await freshSavers(environment, 1)
  if (!fresh) throw new Error('there is no saver')
  const admin = await adminOf(stage)
  const copies = async (email: string, count: number) => {
    const { rows } = await place.pool.query('SELECT id FROM "User" WHERE email = $1', [email])
    const userIds = await copySaver(admin, rows[0].id, count)
    const browsers = await sessionsLike(place.pool, environment, await signIn(app.origin, email), userIds)
    return { userIds, browsers }
  }
  try {
    const lookers = await copies(await bench.shared(aMonthLived), LOOKERS)
    const doers = await copies(fresh.email, DOERS)
    return {
      looks: lookers.browsers.map((browser) => dashboardOf(browser, 0)),
      savers: doers.userIds.map((id) => ({ ...fresh, id })),
      browsers: doers.browsers,
    }
  } finally {
    await admin.end()
  }
}

/** Every check-off is another habit's first, so that it depends on no other that may have been refused. */
async function requestsOf(
  { place }: Stage,
  { looks, savers, browsers }: Crowd,
  requests: number,
): Promise<() => Ask> {
  const habitsEach = Math.ceil(requests / CHECK_OFF_EVERY / DOERS) + 1
  const busy: Busy[] = []
  for (const saver of savers) busy.push(await makeBusy(place.pool, saver, habitsEach))
  let asked = 0
  return () => {
    asked += 1
    if (asked % CHECK_OFF_EVERY > 0) return looks[asked % looks.length] as Ask
    const turn = asked / CHECK_OFF_EVERY - 1
    const { habits, day } = busy[turn % DOERS] as Busy
    const habit = habits[Math.floor(turn / DOERS)]
    if (!habit) throw new Error('there are no habits left to check off')
    const offer = { day, slot: '1', version: '1' }
    return checkOffAsk(browsers[turn % DOERS] as SignedIn, habit.habitId, offer)
  }
}

async function saturatedRate(stage: Stage, crowd: Crowd, quick: boolean): Promise<number> {
  const seconds = quick ? SATURATED_SECONDS.quick : SATURATED_SECONDS.whole
  const next = await requestsOf(stage, crowd, seconds * MOST_PER_SECOND)
  await stage.place.tidy()
  const check = ({ status }: { status: number }) => {
    if (status !== 200 && status !== 303)
      throw new Error(`${status} while every request waits for its answer`)
  }
  const visitors = Array.from({ length: SATURATING }, () => ({ next, check }))
  return (await closedLoop(stage.app.origin, visitors, seconds * 1_000)).perSecond
}

function heard(arrivals: readonly Arrival[]): Pick<OverloadResults, 'statuses' | 'accepted' | 'refused'> {
  const statuses: Record<string, number> = {}
  for (const { status } of arrivals) statuses[status] = (statuses[status] ?? 0) + 1
  const accepted = arrivals.flatMap(({ status, ms }) => (status === 200 || status === 303 ? [ms] : []))
  const refused = arrivals.flatMap(({ status, ms }) => (status === 503 ? [ms] : []))
  return {
    statuses,
    accepted: {
      p50Ms: percentile(accepted, 0.5),
      p99Ms: percentile(accepted, 0.99),
      mostMs: percentile(accepted, 1),
    },
    refused: {
      share: refused.length / arrivals.length,
      p99Ms: refused.length === 0 ? 0 : percentile(refused, 0.99),
    },
  }
}

/** Habits with a check-off; none can have two, for a place has one by an index. */
async function habitsDone(pool: pg.Pool, { savers }: Crowd): Promise<Set<string>> {
  const { rows } = await pool.query<{ habitId: string }>(
    'SELECT "habitId" FROM "CheckOff" WHERE "userId" = ANY ($1::uuid[])',
    [savers.map(({ id }) => id)],
  )
  const done = new Set(rows.map(({ habitId }) => habitId))
  if (done.size !== rows.length) throw new Error('a habit was checked off twice')
  return done
}

function compared(arrivals: readonly Arrival[], came: ReadonlySet<string>): CheckOffs {
  const asked = arrivals.filter(({ question }) => question.method === 'POST')
  const habits = (wanted: number) =>
    new Set(
      asked.flatMap(({ status, question: { path } }) =>
        status === wanted ? (path.split('/')[2] ?? []) : [],
      ),
    )
  const [answered, unanswered] = [habits(303), habits(0)]
  return {
    answered: answered.size,
    inDatabase: came.size,
    lost: without(answered, came).size,
    beyond: without(without(came, answered), unanswered).size,
    unheard: came.size - without(came, unanswered).size,
  }
}

function without(all: ReadonlySet<string>, some: ReadonlySet<string>): Set<string> {
  return new Set([...all].filter((one) => !some.has(one)))
}

/** @returns how long each took, in ms; one that was refused takes for ever. */
async function looks(origin: string, question: Ask, times: number): Promise<number[]> {
  const client = new Client(origin)
  try {
    const tookMs: number[] = []
    for (let look = 0; look < times; look += 1) {
      const askedAt = performance.now()
      const { status } = await ask(client, question)
      tookMs.push(status === 200 ? performance.now() - askedAt : Number.POSITIVE_INFINITY)
    }
    return tookMs
  } finally {
    await client.close()
  }
}

async function secondsUntilAsBefore(origin: string, question: Ask, mostMs: number): Promise<number> {
  const endedAt = performance.now()
  let [inARow, firstAt] = [0, endedAt]
  while (performance.now() - endedAt < RECOVERED_WITHIN_MS) {
    const askedAt = performance.now()
    const [tookMs = 0] = await looks(origin, question, 1)
    if (tookMs > mostMs) inARow = 0
    else if (inARow++ === 0) firstAt = askedAt
    if (inARow === LOOKS_AS_BEFORE) return (firstAt - endedAt) / 1_000
    await pause(20)
  }
  throw new Error(`pages are not as before ${RECOVERED_WITHIN_MS} ms after the load`)
}
