/** How soon somebody else took up what a dead process had held. */
import type { Life, Span } from '../program.ts'
import type { GateTrack, Track } from '../trail.ts'
import { type Closed, longestWithin, merged, totalOf, without } from './spans.ts'

export interface Interruption {
  paymentId: string
  whose: string
  /** By the clock on the wall, whoever else died meanwhile. */
  waitedMs: number
  /** The longest that one worker, with a hand free for this saver, a database and a bank, left it lying. */
  leftLyingMs: number
}

/** Milliseconds in which nobody could have taken up anything, by their reason. */
export interface Standstill {
  databaseMs: number
  noWorkerMs: number
  bankLeftAloneMs: number
}

interface Circumstances {
  /** Of all workers. */
  lives: readonly Life[]
  databaseDowns: readonly Span[]
  gate: readonly GateTrack[]
  now: number
}

/** A worker settles so many savers at once, each in one run. */
const HANDS = 4

export function judgeResumption(
  trail: readonly Track[],
  { lives, databaseDowns, gate, now }: Circumstances,
): { interruptions: Interruption[]; standstill: Standstill } {
  const database = merged(databaseDowns, now)
  const bankLeftAlone = merged(gateClosed(gate), now)
  const standstill = merged([...database, ...bankLeftAlone], now)
  const hands = createHands(trail, lives, standstill, now)
  return {
    interruptions: interruptionsIn(trail, lives, database).map(({ held, from, to }) => ({
      paymentId: held.paymentId,
      whose: held.process,
      waitedMs: to - from,
      leftLyingMs: Math.max(
        0,
        ...lives.map((life) =>
          (life.to ?? now) < from ? 0 : longestWithin(hands.freeFor(life, held.userId), { from, to }),
        ),
      ),
    })),
    standstill: {
      databaseMs: totalOf(database),
      bankLeftAloneMs: totalOf(bankLeftAlone),
      noWorkerMs: noWorkerMs(lives, now),
    },
  }
}

/** From when a payment had lost its holder until the next one came. */
function interruptionsIn(
  trail: readonly Track[],
  lives: readonly Life[],
  databaseDowns: readonly Closed[],
): (Closed & { held: Track })[] {
  const byName = new Map(lives.map((life) => [life.name, life]))
  return trail.flatMap((held, index) => {
    const next = trail[index + 1]
    if (held.owner === null || next?.paymentId !== held.paymentId) return []
    const from = interruptedAt(held, next, byName.get(held.process), databaseDowns)
    return from === null ? [] : [{ held, from, to: next.at }]
  })
}

/** @returns when the holder died, stopped or lost the database between one track and the next; null if it didn't. */
function interruptedAt(
  held: Track,
  next: Track,
  life: Life | undefined,
  databaseDowns: readonly Closed[],
): number | null {
  const isBetween = (at: number | null): at is number => at !== null && at > held.at && at < next.at
  if (life && isBetween(life.to)) return life.to
  const pause = life?.pauses.find(({ from }) => isBetween(from))
  // Stopped within a transaction it keeps its row locked; nobody can come to it before it goes on itself.
  if (pause) return next.process === held.process && isBetween(pause.to) ? pause.to : pause.from
  return databaseDowns.find(({ from }) => isBetween(from))?.from ?? null
}

/** When which worker could have turned to which saver. */
function createHands(
  trail: readonly Track[],
  lives: readonly Life[],
  standstill: readonly Closed[],
  now: number,
) {
  const holds = Map.groupBy(holdsIn(trail, lives, now), ({ process }) => process)
  const known = new Map<string, Closed[]>()
  const remembered = (key: string, find: () => Closed[]) => {
    const found = known.get(key) ?? find()
    known.set(key, found)
    return found
  }
  const free = (life: Life) =>
    remembered(life.name, () => {
      const full = allHandsFull(holds.get(life.name) ?? [])
      return without(workingTime(life, now), merged([...standstill, ...full], now))
    })
  return {
    freeFor: (life: Life, userId: string) =>
      remembered(`${life.name} ${userId}`, () => {
        const own = (holds.get(life.name) ?? []).filter((hold) => hold.userId === userId)
        return without(free(life), merged(own, now))
      }),
  }
}

type Hold = Closed & Pick<Track, 'process' | 'userId'>

/** Who held a payment of whom, from one track to the next. */
function holdsIn(trail: readonly Track[], lives: readonly Life[], now: number): Hold[] {
  const ends = new Map(lives.map((life) => [life.name, life.to ?? now]))
  return trail.flatMap(({ at: from, owner, process, userId, paymentId }, index) => {
    if (owner === null) return []
    const next = trail[index + 1]
    const to = Math.min(next?.paymentId === paymentId ? next.at : now, ends.get(process) ?? now)
    return to > from ? [{ from, to, process, userId }] : []
  })
}

/** When payments of as many savers were held as a worker can turn to at once. */
function allHandsFull(holds: readonly Hold[]): Closed[] {
  const perSaver = [...Map.groupBy(holds, ({ userId }) => userId).values()].flatMap((own) =>
    merged(own, Infinity),
  )
  const changes = perSaver
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by)
  const full: Closed[] = []
  let savers = 0
  for (const [index, { at, by }] of changes.entries()) {
    savers += by
    const next = changes[index + 1]
    if (savers >= HANDS && next) full.push({ from: at, to: next.at })
  }
  return full
}

function workingTime({ readyAt, to, pauses }: Life, now: number): Closed[] {
  return readyAt === null ? [] : without(merged([{ from: readyAt, to }], now), merged(pauses, now))
}

/** From the first worker on. */
function noWorkerMs(lives: readonly Life[], now: number): number {
  const working = merged(
    lives.flatMap((life) => workingTime(life, now)),
    now,
  )
  return totalOf(without([{ from: working[0]?.from ?? now, to: now }], working))
}

function gateClosed(gate: readonly GateTrack[]): Span[] {
  return gate.flatMap(({ at, closedUntil }, index) =>
    closedUntil === null ? [] : [{ from: at, to: Math.min(closedUntil, gate[index + 1]?.at ?? closedUntil) }],
  )
}
