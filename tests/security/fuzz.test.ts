import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, ask } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { askApi, newToken } from '../support/programs.ts'
import { type Cast, newCast, send } from './support/cast.ts'
import { type Facts, factsOf } from './support/forms.ts'
import { linesOf, logOf } from './support/log.ts'
import { SENDING, sendable, type Wild, wildRequests } from './support/wild.ts'
import { MARKER, PLANTED } from './support/words.ts'

const REQUESTS = 20_000
const ROUND = 1_000
/** At a time; more would only wait for the one process that answers. */
const LANES = 6
/** What the process may keep of the rest of the requests, once the first of them have filled all caches. */
const MOST_GROWTH_MB = 80
const MOST_SHOWN = 10
/** Characters; Node takes 16 kB with everything around them. */
const LARGE_HEAD = 14_000
/** The same requests every time, unless another number is given. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121)

const INSIDE =
  /\bat \S+ \(|\.(?:ts|js|mjs|ejs):\d+|node_modules|[Pp]risma|relation "|invalid input syntax|>> \d+\|/

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ settings: { WRITES_PER_MINUTE: '0', API_REQUESTS_PER_MINUTE: '0' } })
})
afterAll(() => app.close())

interface Stage {
  cast: Cast
  facts: Facts
  tokens: Record<'owner' | 'other', string>
}

/** What came of the requests so far. */
interface Tally {
  statuses: Map<number, number>
  /** The first few in full, so that they can be sent again. */
  objections: string[]
  /** Of the heap, MB, when the first tenth was through. */
  earlyMb: number
}

test('strange requests make no trouble, learn nothing, plant nothing and leave nothing behind', {
  timeout: 600_000,
}, async () => {
  const tally: Tally = { statuses: new Map(), objections: [], earlyMb: Number.NaN }
  const startedAt = performance.now()
  const written = await logOf(app, () => fuzz(tally))
  const grownMb = heapMb() - tally.earlyMb
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  const counts = [...tally.statuses].sort(([a], [b]) => a - b).map((count) => count.join('×'))
  console.log(
    `fuzz: seed ${SEED}, ${REQUESTS} requests, ${seconds} s, heap +${grownMb} MB; ${counts.join(' ')}`,
  )
  expect(tally.objections).toEqual([])
  expect(linesOf(written).filter(({ level }) => level === 'error')).toEqual([])
  expect(grownMb).toBeLessThan(MOST_GROWTH_MB)
  expect(Object.keys(Object.prototype)).toEqual([])
  expect((await ask(app, 'GET', '/readyz')).status).toBe(200)
  // Enough of them came through to the handlers.
  expect(tally.statuses.get(422)).toBeGreaterThan(REQUESTS / 50)
  expect(tally.statuses.get(200)).toBeGreaterThan(REQUESTS / 10)
})

async function fuzz(tally: Tally): Promise<void> {
  const wild = wildRequests(routesOf(app.deps))
  let stage = await newStage()
  for (let done = 0; done < REQUESTS; done += ROUND) {
    if (!(await isWhole(stage))) stage = await newStage()
    if (done === REQUESTS / 10) tally.earlyMb = heapMb()
    const requests = fc.sample(wild, { numRuns: ROUND, seed: SEED + done })
    const lanes = Array.from({ length: LANES }, async (_lane, first) => {
      for (let at = first; at < ROUND; at += LANES) await shoot(requests[at] as Wild, stage, tally)
    })
    await Promise.all(lanes)
  }
}

async function shoot(
  wild: Wild,
  { cast, facts, tokens }: Stage,
  { statuses, objections }: Tally,
): Promise<void> {
  const { path, question } = sendable(wild, cast, facts, tokens)
  const answer = await ask(app, wild.method, path, question).catch((error: Error) => error)
  const status = answer instanceof Error ? 0 : answer.status
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const headLength = path.length + Object.values(question.headers ?? {}).join('').length
  const objection = objectionTo(wild.method, headLength, answer)
  if (!objection || objections.length >= MOST_SHOWN) return
  const request = `${wild.part} ${wild.method} ${path} ${JSON.stringify(question)}`
  objections.push(`${objection}: ${request.slice(0, 2_000)}`)
}

async function newStage(): Promise<Stage> {
  const cast = await newCast(app, SENDING)
  const { owner, other } = cast.players
  const secretOf = async (userId = '') => (await newToken(app, userId)).secret
  const tokens = { owner: await secretOf(owner.user?.id), other: await secretOf(other.user?.id) }
  return { cast, facts: await factsOf(app, cast), tokens }
}

/** Whether everybody is signed in still, and has what they came with. */
async function isWhole({ cast: { players, ids }, tokens }: Stage): Promise<boolean> {
  // Whoever types wrong passwords all the time is kept waiting, and with them everybody of their network.
  await app.asOwner('TRUNCATE "Throttle"')
  const looks = await Promise.all([
    send(app, players.owner, `GET /habits/${ids.habits}/edit`),
    send(app, players.owner, 'GET /accounts/load'),
    send(app, players.other, 'GET /accounts/load'),
    send(app, players.admin, 'GET /admin/sandbox/calls/payment'),
    send(app, players.half, 'GET /login/code'),
  ])
  for (const secret of Object.values(tokens)) looks.push(await askApi(app, secret, 'GET /me'))
  const unconfirmed = await send(app, players.unconfirmed, 'GET /dashboard')
  return looks.every(({ status }) => status === 200) && unconfirmed.headers.location === '/confirm/resend'
}

function objectionTo(method: string, headLength: number, answer: Answer | Error): string | null {
  // A head too large to be read is answered and cut off, at times before all of it was sent.
  if (answer instanceof Error) return headLength > LARGE_HEAD ? null : `no answer (${answer.message})`
  const { status, text } = answer
  if (status >= 500) return `status ${status}`
  if (INSIDE.test(text)) return 'tells of what is inside'
  if (text.includes('fz9"\'') || text.includes('<script>fz9')) return `echoes ${MARKER}`
  if (PLANTED in answer.headers) return 'a header was planted'
  if (method === 'HEAD' && text !== '') return 'a head with a body'
  return null
}

/** After everything that nobody needs any more has gone. */
function heapMb(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return Math.round(process.memoryUsage().heapUsed / 1_048_576)
}
