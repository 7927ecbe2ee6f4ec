import { HOUR } from '../clock.ts'
import { digestOf } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import type { Browser, Devices } from './device.ts'
import { linkSentJustNow, openLink, spendLink } from './mailed-link.ts'
import type { Throttles } from './throttle.ts'

/** Of one browser, an hour. */
const MOST_LINKS = 5

export type LinkAsked =
  | { kind: 'sent'; mark: string }
  /** It was confirmed meanwhile. */
  | { kind: 'confirmed'; mark: string }
  | { kind: 'wait'; ms: number }

export type BrowserLink =
  | 'good'
  /** It was asked for in another browser, and works there only. */
  | 'other-browser'
  /** Used, too old, replaced by a newer one, or none of theirs. */
  | 'spent'

export type Browsers = ReturnType<typeof createBrowsers>

/** Whoever signs in with a password alone shows once in each browser that they read the account's mail, before money moves. */
export function createBrowsers(
  { db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>,
  { devices, throttles }: { devices: Devices; throttles: Throttles },
) {
  return {
    /** Mails a link that works in this browser only. Asking again within a minute sends no second one. */
    async askLink(user: Pick<User, 'id'>, browser: Browser, by: Actor): Promise<LinkAsked> {
      const userId = user.id
      const ms = await throttles.withinWindow(`browser link ${userId} ${browser.mark}`, MOST_LINKS, HOUR)
      if (ms > 0) return { kind: 'wait', ms }
      return db.transaction(async (tx) => {
        const { id, mark, isConfirmed } = await devices.remember(tx, userId, browser, false)
        if (isConfirmed) return { kind: 'confirmed', mark }
        const now = clock.now()
        if (await linkSentJustNow(tx, { userId, purpose: 'BROWSER', aboutId: id }, now))
          return { kind: 'sent', mark }
        await audit(tx, {
          action: 'browser.link-asked',
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'browser', id },
        })
        await queue.enqueue(tx, 'send-mail', { userId, kind: 'confirm-browser', aboutId: id })
        return { kind: 'sent', mark }
      })
    },

    /** Looks without spending. @param mark of the browser in which the link was opened. */
    async look(token: string, mark: string | null): Promise<BrowserLink> {
      return lookIn(db.prisma, token, mark)
    },

    /** Spends the link; money may move from its browser now. */
    async confirmByLink(userId: string, token: string, mark: string | null, by: Actor): Promise<BrowserLink> {
      return db.transaction(async (tx) => {
        const seen = await lookIn(tx, token, mark)
        if (seen !== 'good') return seen
        const spent = await spendLink(tx, 'BROWSER', token, clock.now(), userId)
        if (!spent?.aboutId) return 'spent'
        if (await devices.confirmIn(tx, userId, spent.aboutId))
          await noteConfirmed(tx, userId, spent.aboutId, 'mail', by)
        return 'good'
      })
    },

    /** Its owner has shown a second factor in it. @returns the mark that the browser is to keep. */
    async confirmByFactor(userId: string, browser: Browser, by: Actor): Promise<string> {
      return db.transaction(async (tx) => {
        const { id, mark } = await devices.remember(tx, userId, browser, true)
        await noteConfirmed(tx, userId, id, 'factor', by)
        return mark
      })
    },

    /** What a letter calls the browser. @returns null when it is not waiting any more. */
    async waiting(userId: string, id: string): Promise<{ label: string } | null> {
      return db.prisma.knownDevice.findFirst({
        where: { id, userId, confirmedOn: null },
        select: { label: true },
      })
    },
  }

  async function lookIn(
    tx: Pick<Tx, 'emailToken' | 'knownDevice'>,
    token: string,
    mark: string | null,
  ): Promise<BrowserLink> {
    const link = await openLink(tx, 'BROWSER', token, clock.now())
    if (!link?.aboutId) return 'spent'
    const device = await tx.knownDevice.findFirst({ where: { id: link.aboutId, userId: link.userId } })
    return mark !== null && device?.hashedMark === digestOf(mark) ? 'good' : 'other-browser'
  }

  async function noteConfirmed(tx: Tx, userId: string, id: string, shown: 'mail' | 'factor', by: Actor) {
    const object = { kind: 'browser', id }
    await audit(tx, {
      action: 'browser.confirmed',
      by,
      at: clock.now(),
      subjectId: userId,
      object,
      detail: { shown },
    })
  }
}
