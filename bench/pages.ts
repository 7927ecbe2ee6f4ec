import { Client } from 'undici'
import { paths } from '../src/paths.ts'
import { generateRows } from './admin/rows.ts'
import { makeAdmin, signInAdmin } from './admin/sign-in.ts'
import { alternate, countStatements } from './alternate.ts'
import { adminOf, pageOf, unpacked } from './dashboard.ts'
import { liveAMonth } from './history/life.ts'
import { repeatMonth } from './history/repeat.ts'
import { ask, saturate } from './load.ts'
import type { Bench, Part } from './part.ts'
import { inTurns, type Pair, pairRows, TABLE_HEAD } from './report.ts'
import { openForm, type SignedIn, signIn } from './sign-in.ts'
import { type Stage, setStage } from './stage.ts'

interface PageResult {
  page: string
  statements: number
  answerBytes: number
  pairs: Pair[]
}
export type PagesResults = PageResult[]

interface Page {
  name: string
  path: string
  browser: SignedIn
  /** What it has to show. */
  text: string
}

/** Forty habits for eight months more than the one that is lived. */
const MONTHS_BEFORE = 8
const STATEMENT_ROWS = 5_000
/** Of what `npm run bench:admin` makes: 5,000 people, 50,000 payments, 250,000 calls, 100,000 lines of the trail. */
const ADMIN_SCALE = 0.05
const SMALLEST_SHARE = 0.95

export const pages: Part<PagesResults> = {
  name: 'pages',
  inQuick: false,
  measure,
  words: (results, plan) => [
    ...inTurns(plan),
    '| page | requests/s | p50 ms | p99 ms |',
    TABLE_HEAD,
    ...results.flatMap(({ page, pairs }) => pairRows(page, pairs)),
    '',
    `Statements: ${results.map(({ page, statements }) => `${page} ${statements}`).join('; ')}.`,
  ],
}

async function measure(bench: Bench): Promise<PagesResults> {
  const stage = await bench.shared(setStage)
  const results: PagesResults = []
  for (const page of [...(await pagesOfSavers(stage)), ...(await pagesOfAdmins(stage))])
    results.push(await measurePage(bench, stage, page))
  return results
}

async function pagesOfSavers(stage: Stage): Promise<Page[]> {
  const { app, environment, place } = stage
  console.log(`Preparing a saver with ${STATEMENT_ROWS} rows …`)
  const admin = await adminOf(stage)
  const saver = await liveAMonth(environment, 'Per Holm', (userId) =>
    repeatMonth(admin, userId, MONTHS_BEFORE),
  ).finally(() => admin.end())
  const { rows } = await place.pool.query(
    `SELECT count(*)::int AS "checkOffs" FROM "CheckOff" c JOIN "User" u ON u.id = c."userId" WHERE u.email = $1`,
    [saver.email],
  )
  if (rows[0].checkOffs < STATEMENT_ROWS) throw new Error(`the statement has only ${rows[0].checkOffs} rows`)
  const client = new Client(app.origin)
  const visitor = await openForm(client).finally(() => client.close())
  const browser = await signIn(app.origin, saver.email)
  return [
    { name: 'sign-in', path: paths.login, browser: visitor, text: 'name="password"' },
    { name: 'habit', path: paths.habit(saver.habitId), browser, text: 'Habit 1' },
    { name: 'statement', path: paths.statement, browser, text: 'Habit 1' },
  ]
}

async function pagesOfAdmins(stage: Stage): Promise<Page[]> {
  console.log('Preparing lists for admins …')
  const admin = await adminOf(stage)
  await generateRows(admin, ADMIN_SCALE).finally(() => admin.end())
  const secret = await makeAdmin(stage.place, stage.environment)
  const cookie = await signInAdmin(stage.app.origin, secret)
  const list = (name: string, path: string) => ({
    name: `admins’ ${name}`,
    path,
    browser: { cookie, csrfToken: '' },
    // Ids begin with the time, and that with this for some decades: a link to one of the list.
    text: `${path}/01`,
  })
  return [
    list('users', '/admin/users'),
    list('payments', '/admin/payments'),
    list('audit trail', '/admin/audit'),
    list('calls', '/admin/calls'),
  ]
}

async function measurePage(bench: Bench, stage: Stage, page: Page): Promise<PageResult> {
  const { app, floor, counting, place } = stage
  const { connections, ...plan } = bench.plan
  const answerBytes = await lookAt(app.origin, page)
  const question = pageOf(page.path, page.browser, answerBytes)
  const statements = await countStatements(counting, [question, question, question])
  await place.tidy()
  const lists = Array.from({ length: connections }, () => [question])
  const pairs = await alternate(page.name, { app, floor }, plan, (program, seconds) =>
    saturate(program.origin, lists, seconds, { status: 200, leastBytes: answerBytes * SMALLEST_SHARE }),
  )
  return { page: page.name, statements, answerBytes, pairs }
}

/** Once, with a closer look. @returns its length on the wire. */
async function lookAt(origin: string, { path, browser, text }: Page): Promise<number> {
  const client = new Client(origin)
  try {
    const answer = await ask(client, pageOf(path, browser, 0))
    if (answer.status !== 200 || !unpacked(answer).includes(text))
      throw new Error(`${path} came with ${answer.status}, or without "${text}"`)
    return answer.bytes.length
  } finally {
    await client.close()
  }
}
