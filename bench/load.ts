import { Client } from 'undici'
import { percentile } from './statistics.ts'

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
}

export interface Load {
  requests: number
  seconds: number
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/** A closed loop: every visitor keeps one connection and has one request under way, until the time is over. */
export async function closedLoop(origin: string, visitors: readonly Visitor[], ms: number): Promise<Load> {
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  await Promise.all(
    visitors.map(async (visitor) => {
      const client = new Client(origin, { pipelining: 1 })
      try {
        do {
          const question = visitor.next()
          const askedAt = performance.now()
          const answer = await ask(client, question)
          latenciesMs.push(performance.now() - askedAt)
          visitor.check(answer)
        } while (performance.now() - startedAt < ms)
      } finally {
        await client.close()
      }
    }),
  )
  const seconds = (performance.now() - startedAt) / 1_000
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
