import type { Tx } from '../db.ts'
import type { ModelContext } from './context.ts'

export type Countries = ReturnType<typeof createCountries>

/** Where savers sign in from, by country: who signs in from a strange one is told so, and so are admins. */
export function createCountries({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /**
     * In the transaction of a sign-in.
     * @param country ISO 3166-1, two letters.
     * @returns whether it is a new one. The first of all is no news.
     */
    async remember(tx: Tx, userId: string, country: string): Promise<boolean> {
      const now = clock.now()
      const before = await tx.knownCountry.count({ where: { userId } })
      // Two sign-ins at once from one country: one of them is the news.
      const { count: added } = await tx.knownCountry.createMany({
        data: { userId, country, firstSeenOn: now, lastSeenOn: now },
        skipDuplicates: true,
      })
      await tx.knownCountry.updateMany({ where: { userId, country }, data: { lastSeenOn: now } })
      return added > 0 && before > 0
    },

    /** The latest sign-in that made a country known: when, and with which browser in words. */
    async arrivalFrom(userId: string, country: string): Promise<{ at: Date; browser: string } | null> {
      const line = await db.prisma.auditEvent.findFirst({
        where: {
          subjectId: userId,
          action: 'user.sign-in',
          outcome: 'done',
          country,
          detail: { path: ['isNewCountry'], equals: true },
        },
        orderBy: { at: 'desc' },
      })
      if (!line) return null
      const { browser } = line.detail as { browser?: string }
      return { at: line.at, browser: browser ?? '' }
    },
  }
}
