import autocannon from 'autocannon'
import { Client } from 'undici'
import { percentile } from './statistics.ts'

/** How often autocannon looks whether its time is over. */
const LOOK_EVERY_MS = 50
/**
 * The app ends a connection after 1,000 and says so before, which autocannon doesn't hear. An answer that it connects anew
 * after doesn't count.
 */
const REQUESTS_OF_ONE_CONNECTION = 500

export interface Ask {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  bytes: Uint8Array
}

/** One connection's user: asks, waits for the answer, looks at it, asks again. */
export interface Visitor {
  next(): Ask
  /** @throws when the answer is not what it must be: a fast wrong answer is worth nothing. */
  check(answer: Answer): void
  /** Takes it that a connection broke; who doesn't have this, doesn't bear it. */
  broken?(error: Error): void
}

export interface Load {
  requests: number
  seconds: number
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/**
 * Requests that differ every time and whose answers all count, by hand: autocannon sends what it was given beforehand, and drops
 * what is under way when its time is over, so that a row in the database might have no answer. A closed loop: every visitor
 * keeps one connection and has one request under way.
 * @param until milliseconds, or when it is told.
 */
export async function closedLoop(
  origin: string,
  visitors: readonly Visitor[],
  until: number | AbortSignal,
): Promise<Load> {
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  const isOver = () => (typeof until === 'number' ? performance.now() - startedAt >= until : until.aborted)
  await Promise.all(
    visitors.map(async (visitor) => {
      const client = new Client(origin, { pipelining: 1 })
      try {
        do {
          const question = visitor.next()
          const askedAt = performance.now()
          const answer = await ask(client, question).catch((error: Error) => {
            if (!visitor.broken) throw error
            visitor.broken(error)
          })
          latenciesMs.push(performance.now() - askedAt)
          if (answer) visitor.check(answer)
        } while (!isOver())
      } finally {
        await client.close()
      }
    }),
  )
  return loadOf(latenciesMs, (performance.now() - startedAt) / 1_000)
}

/**
 * As much as the program takes: autocannon's closed loop. Every connection has a list of requests of its own and sends them in
 * turn, over and over.
 * @throws when an answer is not as `expected`, or a connection breaks: a fast wrong answer is worth nothing.
 */
export async function saturate(
  origin: string,
  lists: readonly (readonly Ask[])[],
  seconds: number,
  expected: { status: number; leastBytes: number },
): Promise<Load> {
  const latenciesMs: number[] = []
  const wrong = new Map<string, number>()
  const note = (what: string) => wrong.set(what, (wrong.get(what) ?? 0) + 1)
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    let connections = 0
    const options: autocannon.Options = {
      url: origin,
      connections: lists.length,
      duration: seconds,
      sampleInt: LOOK_EVERY_MS,
      reconnectRate: REQUESTS_OF_ONE_CONNECTION,
      setupClient: (client) => {
        client.setRequests([...(lists[connections] ?? [])])
        connections += 1
      },
    }
    const run = autocannon(options, (error) => (error ? reject(error) : resolve()))
    run.on('response', (_client, status, bytes, ms) => {
      if (status !== expected.status || bytes < expected.leastBytes)
        note(`an answer came with ${status} and ${bytes} bytes`)
      // Its own histogram counts whole milliseconds.
      latenciesMs.push(ms)
    })
    run.on('reqError', (error) => note(error.message))
  })
  if (latenciesMs.length === 0) note(`no answer in ${seconds} s`)
  if (wrong.size > 0) throw new Error([...wrong].map(([what, times]) => `${times} times: ${what}`).join('\n'))
  return loadOf(latenciesMs, (performance.now() - startedAt) / 1_000)
}

/**
 * One look after another, with something done before each that the clock doesn't see.
 * @returns as if only looks had taken time.
 * @throws when an answer is none of a page.
 */
export async function looksAfter(
  origin: string,
  asks: readonly Ask[],
  seconds: number,
  before: (place: number) => Promise<unknown>,
): Promise<Load> {
  const client = new Client(origin)
  const latenciesMs: number[] = []
  const endsAt = performance.now() + seconds * 1_000
  try {
    for (let turn = 0; performance.now() < endsAt; turn += 1) {
      const place = turn % asks.length
      await before(place)
      const askedAt = performance.now()
      const { status } = await ask(client, asks[place] as Ask)
      latenciesMs.push(performance.now() - askedAt)
      if (status !== 200) throw new Error(`a page came with ${status}`)
    }
  } finally {
    await client.close()
  }
  const tookMs = latenciesMs.reduce((sum, ms) => sum + ms, 0)
  return loadOf(latenciesMs, tookMs / 1_000)
}

export function loadOf(latenciesMs: readonly number[], seconds: number): Load {
  return {
    requests: latenciesMs.length,
    seconds,
    perSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  }
}

/** The latency ends with the last byte of the body; nothing is unpacked. */
export async function ask(client: Client, question: Ask): Promise<Answer> {
  const { statusCode, headers, body } = await client.request(question)
  return { status: statusCode, headers, bytes: await body.bytes() }
}
