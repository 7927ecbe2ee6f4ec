import { alternate } from './alternate.ts'
import { copySaver } from './copies.ts'
import { adminOf, dashboardOf } from './dashboard.ts'
import { productionEnvironment } from './environment.ts'
import { bothSavers } from './history/both.ts'
import { type Ask, saturate } from './load.ts'
import type { Bench, Part } from './part.ts'
import { type Pair, pairRows, TABLE_HEAD } from './report.ts'
import { saverWithTwoDays } from './savers.ts'
import { sessionsLike } from './sessions.ts'
import { signIn } from './sign-in.ts'
import { startApp } from './stage.ts'

export interface GrowthResults {
  months: number
  history: Pair<'ten years' | 'a month'>[]
  savers: { many: number; few: number; rows: Record<string, number> }
  crowd: Pair<'many savers' | 'few savers'>[]
}

/** Whose dashboards are looked at, in the crowd and in the small company alike. */
const FEW = 100

export const growth: Part<GrowthResults> = {
  name: 'growth',
  inQuick: false,
  measure,
  words: ({ months, history, savers, crowd }) => [
    `| dashboard; ${months} months; ${savers.many} savers and ${savers.few} | requests/s | p50 ms | p99 ms |`,
    TABLE_HEAD,
    ...pairRows('forty habits', history),
    ...pairRows('three habits', crowd),
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
  const sides = {
    'ten years': dashboardOf(await signIn(origin, savers.decade.email), 0),
    'a month': dashboardOf(await signIn(origin, savers.month.email), 0),
  }
  return alternate('dashboard, history', sides, bench.plan, (question, seconds) =>
    saturate(origin, [[question]], seconds, { status: 200, leastBytes: 1 }),
  )
}

async function measureCrowd(bench: Bench): Promise<Pick<GrowthResults, 'savers' | 'crowd'>> {
  const { savers: many } = bench.plan.growth
  const [crowd, company] = [await companyOf(bench, many), await companyOf(bench, FEW)]
  const sides = { 'many savers': crowd, 'few savers': company }
  const pairs = await alternate('dashboard, savers', sides, bench.plan, ({ origin, asks }, seconds) =>
    saturate(origin, [asks], seconds, { status: 200, leastBytes: 1 }),
  )
  return { savers: { many, few: FEW, rows: crowd.rows }, crowd: pairs }
}

/** A database with so many savers, an app of its own, and the dashboards of some of them, evenly spread. */
async function companyOf(
  bench: Bench,
  count: number,
): Promise<{ origin: string; asks: Ask[]; rows: Record<string, number> }> {
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
    asks: browsers.map((browser) => dashboardOf(browser, 0)),
    rows: Object.fromEntries(counted.map((one) => [one.table, one.rows])),
  }
}
