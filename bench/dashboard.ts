import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import pg from 'pg'
import { Client } from 'undici'
import { paths } from '../src/paths.ts'
import { alternate, countStatements, dealt } from './alternate.ts'
import { copySaver } from './copies.ts'
import { ROUTED } from './environment.ts'
import { liveAMonth, HABITS as MANY } from './history/life.ts'
import { type Answer, type Ask, ask, type Load, loadOf, saturate } from './load.ts'
import { openLoop } from './open-loop.ts'
import type { Bench, Part } from './part.ts'
import type { Program } from './program.ts'
import { inTurns, medianOf, type Pair, pairRows, ratioRow, TABLE_HEAD } from './report.ts'
import { HABITS as FEW } from './savers.ts'
import { sessionsLike } from './sessions.ts'
import { type SignedIn, signIn, signInAll } from './sign-in.ts'
import { aMonthLived, type Stage, setStage } from './stage.ts'
import { profileWeb } from './web-profile.ts'

/** Who looks: one saver over and over, for whom nothing has changed; or each time another, of whom nothing can be at hand. */
type Look = 'same saver' | 'another saver'

interface Variant {
  habits: number
  look: Look
  /** SQL statements of one page. */
  statements: number
  answerBytes: number
  pairs: Pair[]
}

/** Ten habits, app and floor each at half of what it could take in the runs before. */
interface HalfLoad {
  look: Look
  perSecond: Record<'app' | 'floor', number>
  pairs: Pair[]
}

export interface DashboardResults {
  variants: Variant[]
  atHalfLoad: HalfLoad[]
}

/** A packed page varies by a few bytes, because every page has its own form tokens. */
const SMALLEST_SHARE = 0.95
/**
 * More than both web processes keep pages of, wherever a connection comes to: nobody's page is at hand when they come again,
 * also where each run begins with those that the last one didn't get to.
 */
const OTHERS = 1_600
/** Enough that nobody waits for a connection at half load. */
const OPEN_CONNECTIONS = 64

export const dashboard: Part<DashboardResults> = {
  name: 'dashboard',
  inQuick: true,
  measure,
  words: ({ variants, atHalfLoad }, plan) => [
    ...inTurns(plan),
    '| dashboard | requests/s | p50 ms | p99 ms |',
    TABLE_HEAD,
    ...variants.flatMap((variant) => pairRows(nameOf(variant), variant.pairs)),
    ...atHalfLoad.map(({ look, perSecond: { app, floor }, pairs }) =>
      ratioRow(
        `${FEW} habits, ${look}: p99 at half load each (${app.toFixed(0)} and ${floor.toFixed(0)}/s)`,
        pairs,
      ),
    ),
    '',
    `Statements of one dashboard: ${variants.map((variant) => `${nameOf(variant)} ${variant.statements}`).join('; ')}.`,
  ],
}

async function measure(bench: Bench): Promise<DashboardResults> {
  const stage = await bench.shared(setStage)
  const admin = await adminOf(stage)
  const variants: Variant[] = []
  try {
    const few = await bench.shared(aMonthLived)
    // Lived through before there are copies: at its end all books are compared, and theirs are nobody's.
    const many = bench.plan.quick
      ? null
      : (await liveAMonth(stage.environment, 'Ida Berg', async () => {})).email
    const alone = await browsersOf(bench, stage, few)
    const same = await measureLists(bench, stage, FEW, 'same saver', alone)
    variants.push(same)
    const crowd = bench.plan.quick ? null : await othersLike(bench, stage, admin, few)
    const others = crowd && (await measureLists(bench, stage, FEW, 'another saver', crowd))
    if (others) variants.push(others)
    const atHalfLoad = [await measureHalfLoad(bench, stage, alone, same)]
    if (crowd && others) atHalfLoad.push(await measureHalfLoad(bench, stage, crowd, others))
    if (bench.profile !== null) {
      const asks = (crowd ?? alone).map((list) => list.map((browser) => dashboardOf(browser, 0)))
      const expected = { status: 200, leastBytes: 1 }
      const load = async (origin: string, seconds: number) =>
        (await saturate(origin, asks, seconds, expected)).requests
      await profileWeb(bench, stage, 'dashboard', load, bench.profile)
    }
    if (many !== null) {
      const browsers = await browsersOf(bench, stage, many)
      variants.push(await measureLists(bench, stage, MANY, 'same saver', browsers))
    }
    return { variants, atHalfLoad }
  } finally {
    await admin.end()
  }
}

export async function adminOf({ place }: Pick<Stage, 'place'>): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: place.adminUrl })
  // What went wrong is thrown by whoever asked.
  admin.on('error', () => {})
  await admin.connect()
  return admin
}

/** Every connection is another browser of the same saver, with a session of its own. */
async function browsersOf({ plan }: Bench, { app }: Stage, email: string): Promise<SignedIn[][]> {
  const browsers = await signInAll(app.origin, Array(plan.connections).fill(email))
  return browsers.map((browser) => [browser])
}

async function measureLists(
  bench: Bench,
  stage: Stage,
  habits: number,
  look: Look,
  lists: readonly (readonly SignedIn[])[],
): Promise<Variant> {
  const { place, counting, app, floor } = stage
  const { plan } = bench
  const [first] = lists.flat()
  if (!first) throw new Error('there is nobody to look')
  const answerBytes = await lookAtDashboard(app.origin, first, habits)
  const asks = lists.map((list) => list.map((browser) => dashboardOf(browser, answerBytes)))
  // A page is kept for each session: of one saver the same session looks again.
  const counted = look === 'same saver' ? Array(plan.connections).fill(asks[0]?.[0]) : asks.flat()
  const statements = await countStatements(counting, counted.slice(0, plan.connections))
  await place.tidy()
  const expected = { status: 200, leastBytes: answerBytes * SMALLEST_SHARE }
  let asked = 0
  const pairs = await alternate(
    `dashboard, ${habits} habits, ${look}`,
    { app, floor },
    plan,
    async (program, seconds) => {
      const next = asks.map((list) => beginningAt(list, asked))
      const load = await saturate(program.origin, next, seconds, expected)
      asked += Math.ceil(load.requests / asks.length)
      return load
    },
  )
  return { habits, look, statements, answerBytes, pairs }
}

/** @returns sessions of other savers with the same life, dealt out to the connections. */
async function othersLike(
  { plan }: Bench,
  { place, app, environment }: Stage,
  admin: pg.Client,
  email: string,
): Promise<SignedIn[][]> {
  const like = await signIn(app.origin, email)
  const { rows } = await place.pool.query('SELECT id FROM "User" WHERE email = $1', [email])
  console.log(`Preparing ${OTHERS} savers like this one …`)
  const userIds = await copySaver(admin, rows[0].id, OTHERS, { books: false })
  return dealt(await sessionsLike(place.pool, environment, like, userIds), plan.connections)
}

function beginningAt<T>(list: readonly T[], place: number): T[] {
  const at = place % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

/** Each program at half of its own pace; what comes while others wait shows in the ninety-ninth percentile. */
async function measureHalfLoad(
  { plan }: Bench,
  { app, floor }: Stage,
  lists: readonly SignedIn[][],
  { look, pairs: before, answerBytes }: Variant,
): Promise<HalfLoad> {
  const half = (side: 'app' | 'floor') => medianOf(before, (pair) => pair[side].perSecond) / 2
  const perSecond = { app: half('app'), floor: half('floor') }
  const asks = lists.flat().map((browser) => dashboardOf(browser, answerBytes))
  let taken = 0
  const run = async (program: Program, seconds: number): Promise<Load> => {
    const rate = program === app ? perSecond.app : perSecond.floor
    const arrivals = await openLoop(
      program.origin,
      { perSecond: rate, seconds, connections: OPEN_CONNECTIONS },
      () => asks[taken++ % asks.length] as Ask,
    )
    if (arrivals.some(({ status }) => status !== 200))
      throw new Error('a dashboard did not come at half load')
    return loadOf(
      arrivals.map(({ ms }) => ms),
      seconds,
    )
  }
  const pairs = await alternate(`dashboard, ${look}, half load`, { app, floor }, plan, run)
  return { look, perSecond, pairs }
}

/**
 * The page once, looked at closely: it must show every habit.
 * @returns its length on the wire, which is what the floor answers with.
 */
export async function lookAtDashboard(origin: string, saver: SignedIn, habits: number): Promise<number> {
  const client = new Client(origin)
  try {
    const answer = await ask(client, dashboardOf(saver, 0))
    const shown = unpacked(answer).match(/href="\/habits\/[0-9a-f-]{36}"/g) ?? []
    if (answer.status !== 200 || new Set(shown).size !== habits)
      throw new Error(
        `the dashboard came with ${answer.status} and ${new Set(shown).size} of ${habits} habits`,
      )
    return answer.bytes.length
  } finally {
    await client.close()
  }
}

export function dashboardOf(saver: SignedIn, answerBytes: number): Ask {
  return pageOf(paths.dashboard, saver, answerBytes)
}

/** @param answerBytes what the floor is to answer with; the app doesn't read it. */
export function pageOf(path: string, { cookie }: SignedIn, answerBytes: number): Ask {
  return { method: 'GET', path, headers: { ...ROUTED, cookie, 'x-answer-bytes': String(answerBytes) } }
}

export function unpacked({ headers, bytes }: Answer): string {
  const encoding = headers['content-encoding']
  if (encoding === 'br') return brotliDecompressSync(bytes).toString()
  if (encoding === 'gzip') return gunzipSync(bytes).toString()
  return Buffer.from(bytes).toString()
}

function nameOf({ habits, look }: Variant): string {
  return `${habits} habits, ${look}`
}
