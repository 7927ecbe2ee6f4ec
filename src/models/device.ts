import { digestOf, randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { t, term } from '../language.ts'
import type { ModelContext } from './context.ts'

export interface Counted {
  isKnown: boolean
  what: 'device' | 'account'
  whose: string
}

/** The browser that somebody uses: the mark it was given, if any, and what it says of itself. */
export interface Browser {
  mark: string | null
  label: string
}

export interface Remembered {
  id: string
  /** What the browser is to keep. */
  mark: string
  /** It is new, and not the first. */
  isNews: boolean
  /** Money may move from it. */
  isConfirmed: boolean
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
     * In the transaction of a sign-in. The first browser of all is no news.
     * @param isShown whether its owner has shown in it that it is them, beyond the password.
     */
    async remember(tx: Tx, userId: string, browser: Browser, isShown: boolean): Promise<Remembered> {
      const now = clock.now()
      const others = await tx.knownDevice.count({ where: { userId } })
      const mark = browser.mark ?? randomToken()
      const hashedMark = digestOf(mark)
      const seen = { label: browser.label, lastSeenOn: now }
      // Two sign-ins at once from one browser are one browser.
      const { count: added } = await tx.knownDevice.createMany({
        data: { userId, hashedMark, ...seen, firstSeenOn: now },
        skipDuplicates: true,
      })
      const device = await tx.knownDevice.update({
        where: { userId_hashedMark: { userId, hashedMark } },
        data: seen,
      })
      if (isShown) await confirmIn(tx, userId, device.id)
      const isConfirmed = isShown || device.confirmedOn !== null
      return { id: device.id, mark, isNews: added > 0 && others > 0, isConfirmed }
    },

    confirmIn,
  }

  /** @returns false when it was confirmed before, or is no browser of theirs. */
  async function confirmIn(tx: Tx, userId: string, id: string): Promise<boolean> {
    const { count } = await tx.knownDevice.updateMany({
      where: { id, userId, confirmedOn: null },
      data: { confirmedOn: clock.now() },
    })
    return count > 0
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

const UNKNOWN_BROWSER = term('A browser we don’t know')

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
  return browser ?? system ?? UNKNOWN_BROWSER
}

/** A label as its reader says it; it is stored in English. */
export function browserWords(label: string): string {
  const [, browser, system] = /^(.+) on (.+)$/.exec(label) ?? []
  if (browser && system) return t('{browser} on {system}', { browser, system })
  return label === UNKNOWN_BROWSER ? t(label) : label
}
