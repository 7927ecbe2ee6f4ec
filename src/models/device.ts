import { digestOf, randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { ModelContext } from './context.ts'

export interface Counted {
  isKnown: boolean
  what: 'device' | 'account'
  whose: string
}

export type Devices = ReturnType<typeof createDevices>

/** Browsers in which a saver has signed in completely. Their mark opens nothing; it only tells them from strangers. */
export function createDevices({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    isKnown,

    /**
     * Whose tries a password for an address is counted among: those of the browser, where its owner has signed in with it, and
     * those of all strangers otherwise.
     */
    async countedFor(email: string, mark: string | null): Promise<Counted> {
      return (await isKnown(email, mark))
        ? { isKnown: true, what: 'device', whose: `${email} ${mark}` }
        : { isKnown: false, what: 'account', whose: email }
    },

    /**
     * In the transaction of a sign-in. @returns the mark that the browser is to keep, and whether anybody but it is known:
     * the first browser of all is no news.
     */
    async remember(
      tx: Tx,
      userId: string,
      browser: { mark: string | null; label: string },
    ): Promise<{ mark: string; isNews: boolean }> {
      const now = clock.now()
      if (browser.mark !== null) {
        const { count } = await tx.knownDevice.updateMany({
          where: { userId, hashedMark: digestOf(browser.mark) },
          data: { lastSeenOn: now, label: browser.label },
        })
        if (count > 0) return { mark: browser.mark, isNews: false }
      }
      const others = await tx.knownDevice.count({ where: { userId } })
      const mark = browser.mark ?? randomToken()
      // Two sign-ins at once from one browser are one browser.
      await tx.knownDevice.createMany({
        data: { userId, hashedMark: digestOf(mark), label: browser.label, firstSeenOn: now, lastSeenOn: now },
        skipDuplicates: true,
      })
      return { mark, isNews: others > 0 }
    },
  }

  /** @param mark what the browser says it was given. */
  async function isKnown(email: string, mark: string | null): Promise<boolean> {
    if (mark === null) return false
    const known = await db.prisma.knownDevice.count({
      where: { hashedMark: digestOf(mark), user: { email } },
    })
    return known > 0
  }
}

const BROWSERS = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const
const SYSTEMS = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
] as const

/** A browser in a few words, as its owner would call it. */
export function browserLabel(userAgent: string): string {
  const nameOf = (list: readonly (readonly [string, RegExp])[]) =>
    list.find(([, pattern]) => pattern.test(userAgent))?.[0]
  const [browser, system] = [nameOf(BROWSERS), nameOf(SYSTEMS)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? system ?? 'A browser we don’t know'
}
