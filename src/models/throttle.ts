import { HOUR, MINUTE, SECOND } from '../clock.ts'
import { digestOf } from '../crypto.ts'
import type { ModelContext } from './context.ts'

/** What is counted. Each name has its own patience. */
export type Tried = keyof typeof PATIENCE

/**
 * So many tries are free; each one after them is followed by a pause, twice as long as the one before. Nobody is shut out for
 * good: a stranger could do that to others.
 */
const PATIENCE = {
  /** Passwords for one address, from browsers in which its owner has never signed in. */
  account: { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** The same from a browser that the owner has signed in with: strangers can't use it up. */
  device: { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** Passwords from one network, whatever the address. */
  network: { free: 20, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** Forms sent from one network without the proof of work that they ask for: people without JavaScript, and machines. */
  plain: { free: 3, firstPauseMs: 2 * MINUTE, longestPauseMs: 30 * MINUTE },
  /** Codes of one account's second factor, after its password, from browsers that are strangers to it. */
  factor: { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** The same from a browser that the owner has signed in with. */
  'device-factor': { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** Answers that name one passkey at the door, from strangers' browsers, or from one that its owner has signed in with. */
  passkey: { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** Passwords, codes and passkeys of whoever is signed in already; nobody outside can use these up. */
  inside: { free: 5, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
  /** Tokens of programs that are none, from one network; a right one is never kept waiting by others' wrong ones. */
  token: { free: 20, firstPauseMs: 30 * SECOND, longestPauseMs: 15 * MINUTE },
} as const

/** Whoever hasn't tried for so long begins anew. */
const FORGOTTEN_AFTER_MS = HOUR

export type Throttles = ReturnType<typeof createThrottles>

/** Counters that all processes share; what is counted is kept as a hash. */
export function createThrottles({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /**
     * Counts a try before anybody knows how it ends, so that many at once can't slip through together.
     * @returns for how many milliseconds nothing may be tried; 0 if this try may go on.
     */
    async attempt(what: Tried, whose: string): Promise<number> {
      const now = clock.now()
      const { free, firstPauseMs, longestPauseMs } = PATIENCE[what]
      const forgottenBefore = new Date(now.getTime() - FORGOTTEN_AFTER_MS)
      const key = keyOf(what, whose)
      const counted = await db.prisma.$executeRaw`
        INSERT INTO "Throttle" AS t (key, count, since) VALUES (${key}, 1, ${now})
        ON CONFLICT (key) DO UPDATE SET
          count = CASE WHEN t.since < ${forgottenBefore} THEN 1 ELSE t.count + 1 END,
          since = ${now},
          "blockedUntil" = CASE WHEN t.since >= ${forgottenBefore} AND t.count + 1 >= ${free}
            THEN ${now}::timestamptz
              + least(${longestPauseMs}, ${firstPauseMs} * power(2, least(t.count + 1 - ${free}, 20))) * interval '1 millisecond'
          END
        WHERE t."blockedUntil" IS NULL OR t."blockedUntil" <= ${now}`
      if (counted > 0) return 0
      const blocked = await db.prisma.throttle.findUnique({ where: { key } })
      return Math.max((blocked?.blockedUntil?.getTime() ?? 0) - now.getTime(), SECOND)
    },

    /** How often it was tried lately, and not taken back. */
    async tries(what: Tried, whose: string): Promise<number> {
      const counted = await db.prisma.throttle.findUnique({ where: { key: keyOf(what, whose) } })
      const isForgotten = !counted || counted.since.getTime() < clock.now().getTime() - FORGOTTEN_AFTER_MS
      return isForgotten ? 0 : counted.count
    },

    /** It was right: what was counted before is nobody's concern any more. */
    async forget(what: Tried, whose: string): Promise<void> {
      await db.prisma.throttle.deleteMany({ where: { key: keyOf(what, whose) } })
    },

    /** It was right, but others are counted together with it: only this one try is taken back. */
    async giveBack(what: Tried, whose: string): Promise<void> {
      await db.prisma.throttle.updateMany({
        where: { key: keyOf(what, whose), count: { gt: 0 } },
        data: { count: { decrement: 1 }, blockedUntil: null },
      })
    },

    /**
     * Counts something that is allowed so often in a window of time.
     * @returns for how many milliseconds it is enough; 0 if this time is still allowed.
     */
    async withinWindow(whose: string, most: number, windowMs: number): Promise<number> {
      const { count, leftMs } = await this.countIn(whose, windowMs)
      return count <= most ? 0 : leftMs
    },

    /** Counts one more. @returns how many that makes, and when the window ends in milliseconds, at least a second. */
    async countIn(whose: string, windowMs: number): Promise<{ count: number; leftMs: number }> {
      const now = clock.now()
      const before = new Date(now.getTime() - windowMs)
      const [window] = await db.prisma.$queryRaw<{ count: number; since: Date }[]>`
        INSERT INTO "Throttle" AS t (key, count, since) VALUES (${keyOf('window', whose)}, 1, ${now})
        ON CONFLICT (key) DO UPDATE SET
          count = CASE WHEN t.since <= ${before} THEN 1 ELSE t.count + 1 END,
          since = CASE WHEN t.since <= ${before} THEN ${now} ELSE t.since END
        RETURNING count, since`
      const { count, since } = window ?? { count: 1, since: now }
      return { count, leftMs: Math.max(since.getTime() + windowMs - now.getTime(), SECOND) }
    },
  }
}

function keyOf(what: Tried | 'window', whose: string): string {
  return `${what} ${digestOf(whose)}`
}
