/**
 * npm run bench:admin [-- --scale 0.01]: every page of the admins with 100,000 people, 1,000,000 payments and 5,000,000 calls to
 * the bank. Prints p50 and p99 of each page, and which of them read a large table from end to end. Exit code 1 when one does, or
 * when one takes longer than it may.
 */
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { Client } from 'undici'
import { unusedPort } from '../src/embedded/ports.ts'
import { generateRows, LARGE, samples } from './admin/rows.ts'
import { makeAdmin, signInAdmin } from './admin/sign-in.ts'
import { productionEnvironment, ROUTED } from './environment.ts'
import { ask } from './load.ts'
import { openPlace } from './place.ts'
import { startProgram } from './program.ts'
import { percentile } from './statistics.ts'

const TIMES = 100
const WARM_UP = 30
const MOST_MS = 100
/** More than the app has with the database. */
const SESSIONS = 30

const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } })
const scale = Number(values.scale)

const place = await openPlace()
try {
  const admin = new pg.Client({ connectionString: place.adminUrl })
  // What went wrong is thrown by whoever asked.
  admin.on('error', () => {})
  await admin.connect()
  await generateRows(admin, scale)
  const environment = {
    ...productionEnvironment(place.databaseUrl),
    SESSION_BINDING: 'browser',
  }
  const secret = await makeAdmin(place, environment)
  await place.tidy()
  const port = await unusedPort()
  const file = fileURLToPath(new URL('../src/server.ts', import.meta.url))
  const app = await startProgram({
    file,
    env: { ...environment, PORT: String(port) },
    port,
    ready: { path: '/readyz' },
  })
  try {
    const cookie = await signInAdmin(app.origin, secret)
    for (const path of pagesOf(await samples(admin))) {
      if (!(await measure(app.origin, cookie, path, admin))) process.exitCode = 1
    }
  } finally {
    await app.stop()
    await admin.end()
  }
} finally {
  await place.close()
}

function pagesOf({
  user,
  payment,
  call,
  line,
  email,
  reference,
  request,
}: Awaited<ReturnType<typeof samples>>): string[] {
  const day = new Date(Date.now() - 90 * 86_400_000).toISOString().slice(0, 10)
  return [
    '/admin',
    '/admin/status',
    '/admin/users',
    '/admin/users?search=person-77',
    `/admin/users?search=${encodeURIComponent(email)}`,
    '/admin/users?search=ida%20berg%2042',
    '/admin/users?search=zz',
    '/admin/users?status=LOCKED',
    '/admin/users?role=ADMIN',
    `/admin/users/${user}`,
    '/admin/payments',
    '/admin/payments?state=PAID',
    '/admin/payments?state=REJECTED',
    '/admin/payments?state=UNKNOWN',
    `/admin/payments?saver=${user}`,
    `/admin/payments?reference=${reference}`,
    `/admin/payments/${payment}`,
    '/admin/review',
    '/admin/calls',
    '/admin/calls?api=payments.confirm',
    '/admin/calls?api=payments.delete',
    '/admin/calls?outcome=trouble',
    '/admin/calls?outcome=rate-limited',
    '/admin/calls?api=accounts.list&outcome=timeout',
    `/admin/calls?saver=${user}`,
    `/admin/calls?request=${request}`,
    `/admin/calls?from=${day}&until=${day}`,
    `/admin/calls/${call}`,
    '/admin/audit',
    '/admin/audit?action=user',
    '/admin/audit?action=user.locked',
    '/admin/audit?action=check-off.recorded&outcome=refused',
    `/admin/audit?person=${user}`,
    `/admin/audit?object=${payment}`,
    `/admin/audit?from=${day}&until=${day}`,
    `/admin/audit/${line}`,
    '/admin/jobs',
    '/admin/alarms',
    '/admin/consents',
    '/admin/routes',
    '/admin/payments/stop',
  ]
}

/** @returns whether the page is as quick as it has to be, and reads no large table from end to end. */
async function measure(origin: string, cookie: string, path: string, admin: pg.Client): Promise<boolean> {
  const client = new Client(origin)
  const headers = { ...ROUTED, cookie }
  const times: number[] = []
  const before = await scans(admin)
  const look = () => ask(client, { method: 'GET', path, headers })
  try {
    for (let at = -WARM_UP; at < TIMES; at += 1) {
      const began = performance.now()
      const answer = await look()
      if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}`)
      if (at >= 0) times.push(performance.now() - began)
    }
    // A session of the database tells what it has done at the end of a transaction, but not twice within a second.
    await setTimeout(1_200)
    await Promise.all(Array.from({ length: SESSIONS }, look))
  } finally {
    await client.close()
  }
  const after = await scans(admin)
  const scanned = LARGE.filter((table) => (after.get(table) ?? 0) > (before.get(table) ?? 0))
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  const isGood = p99 <= MOST_MS && scanned.length === 0
  const trouble = scanned.length > 0 ? `, end to end: ${scanned.join(', ')}` : ''
  console.log(
    `${isGood ? ' ' : '!'} ${path.replace(/[0-9a-f-]{36}/, '…').padEnd(64)} p50 ${p50.toFixed(1).padStart(6)} ms  p99 ${p99.toFixed(1).padStart(6)} ms${trouble}`,
  )
  return isGood
}

/** PostgreSQL's count of sequential scans. */
async function scans(admin: pg.Client): Promise<Map<string, number>> {
  const { rows } = await admin.query<{ relname: string; scans: number }>(
    `SELECT relname, seq_scan::int AS scans FROM pg_stat_user_tables WHERE relname = ANY ($1)`,
    [LARGE],
  )
  return new Map(rows.map(({ relname, scans: count }) => [relname, count]))
}
