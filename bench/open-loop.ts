import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Ask } from './load.ts'

/** One request of those that came when they liked. */
export interface Arrival {
  question: Ask
  /** When it was due, since the load began. */
  atMs: number
  /** From then on, so that a late answer makes those late that waited behind it. */
  ms: number
  /** 0: no answer, because the connection broke or none came in time. */
  status: number
}

export interface Arrivals {
  perSecond: number
  seconds: number
  /** Who finds all of them taken waits, and that counts. */
  connections: number
}

const ANSWERED_WITHIN_MS = 60_000

/**
 * Requests arrive at random moments, as many a second as asked for on average, whether the ones before have been answered or not.
 * By hand, because autocannon's fixed rate is a closed loop that sends a second's requests one after the other and then rests
 * until the next second begins; and its correction for what was left out counts a millisecond between two requests, whatever
 * the rate is. The moments are the same in every run, stretched to the rate.
 */
export async function openLoop(
  origin: string,
  { perSecond, seconds, connections }: Arrivals,
  next: () => Ask,
): Promise<Arrival[]> {
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    headersTimeout: ANSWERED_WITHIN_MS,
    bodyTimeout: ANSWERED_WITHIN_MS,
  })
  const between = randomPauses(1_000 / perSecond)
  const arrivals: Promise<Arrival>[] = []
  const startedAt = performance.now()
  const since = () => performance.now() - startedAt
  let dueMs = between()
  while (dueMs < seconds * 1_000) {
    for (; dueMs <= since() && dueMs < seconds * 1_000; dueMs += between())
      arrivals.push(arrive(pool, next(), dueMs, since))
    await pause(1)
  }
  const all = await Promise.all(arrivals)
  await pool.close()
  return all
}

async function arrive(pool: Pool, question: Ask, atMs: number, since: () => number): Promise<Arrival> {
  try {
    const { statusCode, body } = await pool.request(question)
    await body.dump({ limit: Number.MAX_SAFE_INTEGER })
    return { question, atMs, ms: since() - atMs, status: statusCode }
  } catch {
    return { question, atMs, ms: since() - atMs, status: 0 }
  }
}

/** Exponential, as between people who know nothing of each other; a fixed seed (Park and Miller). */
function randomPauses(meanMs: number): () => number {
  let state = 20_260_101
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return -Math.log(state / 2_147_483_647) * meanMs
  }
}
