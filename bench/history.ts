/**
 * npm run bench:history [-- --months 131]: what a saver with forty habits waits for a page after ten years, against one who has
 * used the app for a month. Exit code 1 when the dashboard or a statement takes more than 1.2 times as long.
 */
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DAY, SECOND } from '../src/clock.ts'
import { unusedPort } from '../src/embedded/ports.ts'
import { formatMoney } from '../src/format.ts'
import { dayOf } from '../src/models/habit/schedule.ts'
import { paths } from '../src/paths.ts'
import { alternate } from './alternate.ts'
import { unpacked } from './dashboard.ts'
import { productionEnvironment, ROUTED } from './environment.ts'
import { bothSavers, MONTHS, type Side } from './history/both.ts'
import { GOALS, NOTE, type Saver } from './history/life.ts'
import { closedLoop, type Visitor } from './load.ts'
import { openPlace, type Place } from './place.ts'
import { startProgram } from './program.ts'
import { type Pair, shown } from './report.ts'
import { type SignedIn, signIn } from './sign-in.ts'
import { type Spread, spreadOf } from './statistics.ts'

const MOST = 1.2
const PLAN = { pairs: 15, secondsPerRun: 1.5, warmUpSeconds: 3 }

interface Page {
  name: string
  path: (saver: Saver) => string
  /** What it has to show of this saver. */
  text: (saver: Saver) => string
  /** It may not take longer than this bench allows. */
  isBound: boolean
}

const savedBy = ({ savedMinor }: Saver) => formatMoney(savedMinor, 'DKK')
const PAGES: Page[] = [
  { name: 'dashboard', path: () => paths.dashboard, text: savedBy, isBound: true },
  { name: 'statement', path: () => paths.statement, text: savedBy, isBound: true },
  {
    name: 'statement of a month',
    path: () => `${paths.statement}?from=${daysAgo(27)}&until=${daysAgo(0)}`,
    text: savedBy,
    isBound: false,
  },
  {
    name: 'statement of everything, by its days',
    path: () => `${paths.statement}?from=${daysAgo(4_000)}&until=${daysAgo(0)}`,
    text: savedBy,
    isBound: true,
  },
  { name: 'habit', path: ({ habitId }) => paths.habit(habitId), text: () => NOTE, isBound: false },
  { name: 'goals', path: () => paths.goals, text: () => GOALS[0] ?? '', isBound: false },
]

const { values } = parseArgs({ options: { months: { type: 'string', default: String(MONTHS) } } })

const place = await openPlace()
try {
  const environment = productionEnvironment(place.databaseUrl)
  const savers = await bothSavers(place, environment, Number(values.months))
  await place.tidy()
  await printRows(place, savers)
  const port = await unusedPort()
  const file = fileURLToPath(new URL('../src/server.ts', import.meta.url))
  const env = { ...environment, PORT: String(port) }
  const app = await startProgram({ file, env, port, ready: { path: '/readyz' } })
  try {
    const browsers = {
      month: await signIn(app.origin, savers.month.email),
      decade: await signIn(app.origin, savers.decade.email),
    }
    const lines: string[] = []
    for (const page of PAGES) {
      const visitors = {
        month: visitorOf(page, savers.month, browsers.month),
        decade: visitorOf(page, savers.decade, browsers.decade),
      }
      const pairs = await alternate(page.name, visitors, PLAN, (visitor, seconds) =>
        closedLoop(app.origin, [visitor], seconds * SECOND),
      )
      lines.push(rowOf(page, pairs))
      if (page.isBound && ratioOf(pairs).median > MOST) process.exitCode = 1
    }
    console.log(
      `\nLoad of the machine ${loadavg()[0]?.toFixed(1)}; medians (min–max) of ${PLAN.pairs} runs of each.\n`,
    )
    console.log('| p50 | a month, ms | ten years, ms | ten years ÷ a month |\n|---|---|---|---|')
    console.log(lines.join('\n'))
  } finally {
    await app.stop()
  }
} finally {
  await place.close()
}

async function printRows({ pool }: Place, savers: Record<Side, Saver>): Promise<void> {
  for (const [side, { email }] of Object.entries(savers)) {
    const { rows } = await pool.query(
      `SELECT (SELECT count(*)::int FROM "CheckOff" WHERE "userId" = u.id) AS "check-offs",
              (SELECT count(*)::int FROM "Payment" WHERE "userId" = u.id) AS payments,
              (SELECT count(*)::int FROM "PaymentEvent" e JOIN "Payment" p ON p.id = e."paymentId" WHERE p."userId" = u.id) AS events,
              (SELECT count(*)::int FROM "LedgerLine" WHERE "userId" = u.id) AS "ledger lines",
              (SELECT count(*)::int FROM "HabitNote" WHERE "userId" = u.id) AS notes,
              (SELECT count(*)::int FROM "HabitCheckpoint" c JOIN "Habit" h ON h.id = c."habitId" WHERE h."userId" = u.id) AS checkpoints
       FROM "User" u WHERE email = $1`,
      [email],
    )
    const counts = Object.entries(rows[0] ?? {}).map(([what, count]) => `${count} ${what}`)
    console.log(`  ${side}: ${counts.join(', ')}`)
  }
}

/** One browser that asks for the same page again and again. */
function visitorOf({ name, path, text }: Page, saver: Saver, { cookie }: SignedIn): Visitor {
  const question = { method: 'GET', path: path(saver), headers: { ...ROUTED, cookie } } as const
  return {
    next: () => question,
    check: (answer) => {
      if (answer.status !== 200 || !unpacked(answer).includes(text(saver)))
        throw new Error(`the ${name} came with ${answer.status}, or without "${text(saver)}"`)
    },
  }
}

/** Within a pair, for the machine differs from minute to minute. */
function ratioOf(pairs: readonly Pair<Side>[]): Spread {
  return spreadOf(pairs.map(({ month, decade }) => decade.p50Ms / month.p50Ms))
}

function rowOf({ name, isBound }: Page, pairs: readonly Pair<Side>[]): string {
  const p50 = (side: Side) => shown(spreadOf(pairs.map((pair) => pair[side].p50Ms)))
  return `| ${name}${isBound ? '' : ' (not bound)'} | ${p50('month')} | ${p50('decade')} | ${shown(ratioOf(pairs))} |`
}

function daysAgo(days: number): string {
  return dayOf(new Date(Date.now() - days * DAY), 'UTC', 0)
}
