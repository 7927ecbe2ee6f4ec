import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Client } from 'undici'
import { paths } from '../src/paths.ts'
import { alternate, countStatements } from './alternate.ts'
import { ROUTED } from './environment.ts'
import { type Answer, ask, closedLoop, type Visitor } from './load.ts'
import type { DashboardResults } from './report.ts'
import { HABITS } from './savers.ts'
import { type SignedIn, signInAll } from './sign-in.ts'
import type { Stage } from './stage.ts'

/** A packed page varies by a few bytes, because every page has its own form tokens. */
const SMALLEST_SHARE = 0.95

/** Every connection is another browser of the same saver, with a session of its own. */
export async function measureDashboard(stage: Stage): Promise<DashboardResults> {
  const { place, counting, app, floor, email, answerBytes, plan } = stage
  const browsers = await signInAll(app.origin, Array(plan.connections).fill(email))
  const visitors = browsers.map((browser) => dashboardVisitor(browser, answerBytes))
  const statements = await countStatements(counting, visitors)
  await place.tidy()
  const pairs = await alternate('dashboard', { app, floor }, plan, (program, seconds) =>
    closedLoop(program.origin, visitors, seconds * 1_000),
  )
  return { statements, pairs, answerBytes }
}

/**
 * The page once, looked at closely: it must show every habit.
 * @returns its length on the wire, which is what the floor answers with.
 */
export async function lookAtDashboard(origin: string, saver: SignedIn): Promise<number> {
  const client = new Client(origin)
  try {
    const answer = await ask(client, dashboardOf(saver))
    const shown = unpacked(answer).match(/href="\/habits\/[0-9a-f-]{36}"/g) ?? []
    if (answer.status !== 200 || new Set(shown).size !== HABITS)
      throw new Error(
        `the dashboard came with ${answer.status} and ${new Set(shown).size} of ${HABITS} habits`,
      )
    return answer.bytes.length
  } finally {
    await client.close()
  }
}

/** Looks at the dashboard again and again. */
function dashboardVisitor(saver: SignedIn, answerBytes: number): Visitor {
  const question = dashboardOf(saver)
  return {
    next: () => question,
    check: ({ status, bytes }) => {
      if (status !== 200 || bytes.length < answerBytes * SMALLEST_SHARE)
        throw new Error(`a dashboard came with ${status} and ${bytes.length} bytes`)
    },
  }
}

function dashboardOf({ cookie }: SignedIn) {
  return { method: 'GET', path: paths.dashboard, headers: { ...ROUTED, cookie } } as const
}

export function unpacked({ headers, bytes }: Answer): string {
  const encoding = headers['content-encoding']
  if (encoding === 'br') return brotliDecompressSync(bytes).toString()
  if (encoding === 'gzip') return gunzipSync(bytes).toString()
  return Buffer.from(bytes).toString()
}
