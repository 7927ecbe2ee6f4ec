/**
 * npm run test:upgrade: the version before the newest migration works on the database after it, alone and beside this version.
 *
 * Ends with 0 when it does; 1 when it doesn't, and says what failed; 2 when there is no version before in the git history.
 */
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { systemClock } from '../../src/clock.ts'
import { createDatabase, startPostgres } from '../../src/embedded/postgres.ts'
import { beBusy, missingOrDouble, newBusySaver } from '../deploy/support/savers.ts'
import { Server } from '../deploy/support/server.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { startBalancer } from '../support/balancer.ts'
import { databaseOn } from '../support/database.ts'
import { TEMPLATE } from '../support/global-setup.ts'
import { checkOff, newHabit, newLinkedSaver, secondBrowser } from '../support/people.ts'
import { findEarlier, NoEarlierVersion, unpack } from './earlier.ts'

const SIDE_BY_SIDE_MS = 6_000
const LOOKS = 100
const LOOK_EVERY_MS = 100

const begun = performance.now()
const say = (line: string) =>
  console.log(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}`)
/** What goes down at the end, the last first. */
const stops: (() => Promise<unknown>)[] = []

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof NoEarlierVersion ? error.message : error)
  process.exitCode = error instanceof NoEarlierVersion ? 2 : 1
} finally {
  for (const stop of stops.reverse()) await stop()
}

async function run(): Promise<number> {
  const earlier = await findEarlier()
  say(`The version before ${earlier.migration}: ${earlier.subject}`)
  const folder = await unpack(earlier)
  stops.push(() => rm(folder, { recursive: true }))
  const postgres = await startPostgres({ quick: true })
  stops.push(() => postgres.stop())
  await prepareDatabase(await createDatabase(postgres, TEMPLATE))
  say('A database with all migrations, the newest too.')

  const balancer = await startBalancer()
  stops.push(() => balancer.close())
  const started = await startTestApp({
    clock: systemClock,
    database: await databaseOn(postgres),
    settings: {
      BASE_URL: balancer.url,
      NORDEA_REDIRECT_URI: `${balancer.url}/bank/callback`,
      UNDO_WINDOW_SECONDS: '0',
      PAYMENT_POLL_SECONDS: '0',
    },
    sandbox: { redirectUris: ['/bank/callback', '/payments/return'].map((path) => balancer.url + path) },
  })
  stops.push(() => started.close())
  const app: TestApp = { ...started, baseUrl: balancer.url }

  const before = await Server.ready(app.environment, { cwd: folder })
  stops.push(() => before.end('SIGKILL'))
  balancer.sendTo([before.origin])
  await mainJob(app)
  say('It does its main job there: sign-up and sign-in, bank, habit, check-off, payment, statement.')

  const savers = [await newBusySaver(app), await newBusySaver(app)]
  const over = new AbortController()
  const busy = Promise.all(savers.map((saver) => beBusy(app, saver, over.signal)))
  const after = await Server.ready(app.environment)
  stops.push(() => after.end('SIGKILL'))
  balancer.sendTo([before.origin, after.origin])
  await pause(SIDE_BY_SIDE_MS)
  balancer.sendTo([after.origin])
  await before.end()
  await pause(SIDE_BY_SIDE_MS / 2)
  over.abort()
  const outcomes = await busy
  const wrong = [
    ...outcomes.flatMap(({ failures }) => failures),
    ...balancer.troubles,
    ...(await missingOrDouble(app, savers, outcomes)),
    ...[before, after].flatMap(({ lines }) =>
      lines.flatMap((line) => (line.level === 'error' ? JSON.stringify(line) : [])),
    ),
  ]
  const requests = outcomes.reduce((sum, outcome) => sum + outcome.requests, 0)
  const checkOffs = outcomes.reduce((sum, outcome) => sum + outcome.checkedOff.length, 0)
  say(`Both side by side, then this one alone: ${requests} requests, ${checkOffs} check-offs.`)
  for (const line of wrong) console.error(line)
  say(wrong.length === 0 ? 'None failed, and each check-off is there once.' : `${wrong.length} went wrong.`)
  return wrong.length === 0 ? 0 : 1
}

/** @throws when a page is not what it must be. */
async function mainJob(app: TestApp): Promise<void> {
  const saver = await newLinkedSaver(app)
  const habitId = await newHabit(app, saver)
  await checkOff(app, saver, habitId)
  const browser = await secondBrowser(app, saver)
  for (const path of ['/dashboard', `/habits/${habitId}`, '/payments', '/statement', '/goals', '/settings']) {
    const page = await browser.get(path)
    if (page.status !== 200) throw new Error(`GET ${path} was answered with ${page.status}`)
  }
  await paid(app, saver.user.id)
}

/** With this version's worker, as while a release is under way. @throws when the payment doesn't arrive. */
async function paid(app: TestApp, userId: string, looksLeft = LOOKS): Promise<void> {
  await app.settleDue()
  const { state } = await app.deps.db.prisma.payment.findFirstOrThrow({ where: { userId } })
  if (state === 'PAID') return
  if (looksLeft === 0) throw new Error(`the payment is ${state}`)
  await pause(LOOK_EVERY_MS)
  await paid(app, userId, looksLeft - 1)
}
