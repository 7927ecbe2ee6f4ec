import type pg from 'pg'
import { alternate } from './alternate.ts'
import { copySaver } from './copies.ts'
import { adminOf, dashboardOf } from './dashboard.ts'
import { productionEnvironment } from './environment.ts'
import { bothSavers } from './history/both.ts'
import type { Saver } from './history/life.ts'
import { type Ask, looksAfter, saturate } from './load.ts'
import type { Bench, Part } from './part.ts'
import { inTurns, type Pair, pairRows, TABLE_HEAD } from './report.ts'
import { saverWithTwoDays } from './savers.ts'
import { sessionsLike } from './sessions.ts'
import { signIn } from './sign-in.ts'
import { startApp } from './stage.ts'

/** Of a page that nothing has changed on since the last look, and of one that has to be read and worked out anew. */
interface Looks<Side extends string> {
  unchanged: Pair<Side>[]
  changed: Pair<Side>[]
}

export interface GrowthResults {
  months: number
  history: Looks<'ten years' | 'a month'>
  savers: { many: number; few: number; rows: Record<string, number> }
  crowd: Looks<'many savers' | 'few savers'>
}

/** Some savers' dashboards, of an app with its database. */
interface Company {
  origin: string
  pool: pg.Pool
  userIds: string[]
  asks: Ask[]
}

/** Whose dashboards are looked at, in the crowd and in the small company alike. */
const FEW = 100

export const growth: Part<GrowthResults> = {
  name: 'growth',
  inQuick: false,
  measure,
  words: ({ months, history, savers, crowd }, { growth: plan }) => [
    ...inTurns({ ...plan, connections: 1 }),
    `| dashboard; ${months} months; ${savers.many} savers and ${savers.few} | requests/s | p50 ms | p99 ms |`,
    TABLE_HEAD,
    ...pairRows('forty habits, nothing has changed', history.unchanged),
    ...pairRows('forty habits, something has', history.changed),
    ...pairRows('three habits, nothing has changed', crowd.unchanged),
    ...pairRows('three habits, something has', crowd.changed),
    '',
    `Among many savers: ${Object.entries(savers.rows)
      .map(([table, count]) => `${count} rows of ${table}`)
      .join(', ')}.`,
  ],
}

/** What a dashboard takes by the length of a history, and by how many others there are. One connection: it is the time that counts. */
async function measure(bench: Bench): Promise<GrowthResults> {
  await bench.takeDown()
  const history = await measureHistory(bench)
  await bench.takeDown()
  const crowd = await measureCrowd(bench)
  await bench.takeDown()
  return { months: bench.plan.growth.months, history, ...crowd }
}

async function measureHistory(bench: Bench): Promise<GrowthResults['history']> {
  console.log('Preparing a saver with a month and one with ten years …')
  const place = await bench.openPlace()
  const environment = productionEnvironment(place.databaseUrl)
  const savers = await bothSavers(place, environment, bench.plan.growth.months)
  await place.tidy()
  const { origin } = await startApp(bench, environment)
  const companyOf = async ({ email, id }: Saver): Promise<Company> => ({
    origin,
    pool: place.pool,
    userIds: [id],
    asks: [dashboardOf(await signIn(origin, email), 0)],
  })
  const sides = { 'ten years': await companyOf(savers.decade), 'a month': await companyOf(savers.month) }
  return measureLooks('dashboard, history', sides, bench)
}

async function measureLooks<Side extends string>(
  name: string,
  sides: Record<Side, Company>,
  { plan: { growth: plan } }: Bench,
): Promise<Looks<Side>> {
  return {
    unchanged: await alternate(`${name}, unchanged`, sides, plan, ({ origin, asks }, seconds) =>
      saturate(origin, [asks], seconds, { status: 200, leastBytes: 1 }),
    ),
    changed: await alternate(`${name}, changed`, sides, plan, ({ origin, asks, pool, userIds }, seconds) =>
      looksAfter(origin, asks, seconds, (place) => pool.query(CHANGED, [userIds[place]])),
    ),
  }
}

/** What every change of a saver's rows comes to for those who keep their page. */
const CHANGED = `INSERT INTO "SaverRevision" AS kept VALUES ($1, 1)
  ON CONFLICT ("userId") DO UPDATE SET revision = kept.revision + 1`

async function measureCrowd(bench: Bench): Promise<Pick<GrowthResults, 'savers' | 'crowd'>> {
  const { savers: many } = bench.plan.growth
  const [crowd, company] = [await companyOf(bench, many), await companyOf(bench, FEW)]
  const sides = { 'many savers': crowd, 'few savers': company }
  const looks = await measureLooks('dashboard, savers', sides, bench)
  return { savers: { many, few: FEW, rows: crowd.rows }, crowd: looks }
}

/** A database with so many savers, an app of its own, and the dashboards of some of them, evenly spread. */
async function companyOf(bench: Bench, count: number): Promise<Company & { rows: Record<string, number> }> {
  console.log(`Preparing ${count} savers …`)
  const place = await bench.openPlace()
  const environment = productionEnvironment(place.databaseUrl)
  const email = await saverWithTwoDays(environment)
  const { rows } = await place.pool.query('SELECT id FROM "User" WHERE email = $1', [email])
  const admin = await adminOf({ place })
  const userIds = await copySaver(admin, rows[0].id, count).finally(() => admin.end())
  await place.tidy()
  const { origin } = await startApp(bench, environment)
  const like = await signIn(origin, email)
  const looking = userIds.filter((_id, at) => at % Math.floor(count / FEW) === 0)
  const browsers = await sessionsLike(place.pool, environment, like, looking)
  const { rows: counted } = await place.pool.query<{ table: string; rows: number }>(
    `SELECT relname AS table, n_live_tup::int AS rows FROM pg_stat_user_tables
     WHERE relname IN ('User', 'Habit', 'CheckOff', 'Payment', 'LedgerLine') ORDER BY relname`,
  )
  return {
    origin,
    pool: place.pool,
    userIds: looking,
    asks: browsers.map((browser) => dashboardOf(browser, 0)),
    rows: Object.fromEntries(counted.map((one) => [one.table, one.rows])),
  }
}
