import { HOUR } from '../clock.ts'
import { digestOf } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { AlreadyExists, SignInOvertaken } from '../errors.ts'
import type { User } from '../generated/client.ts'
import type { EmailTokenPurpose } from '../generated/enums.ts'
import { type MailKind, NOBODY } from '../jobs/queue.ts'
import type { Language } from '../language.ts'
import { endTokens } from './api-token/ending.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import type { Countries } from './country.ts'
import type { Browser, Devices, Remembered } from './device.ts'
import { wake } from './dormancy.ts'
import { linkSentJustNow, mintLink, spendLink } from './mailed-link.ts'
import { networkOf } from './network.ts'
import { hashPassword, isWeakerThan, verifyPassword } from './password.ts'
import { NOTICE_VERSION } from './privacy-notice.ts'
import { callOffReset, type FactorKind, hasFactor, hasSameFactors } from './second-factor.ts'
import { endSessions } from './session.ts'
import type { Throttles } from './throttle.ts'

/** The same for the letter to who has lost the second factor, an hour. */
const MOST_LOST_LETTERS = 3

export interface SignUp {
  locale: Language
  fullName: string
  email: string
  password: string
}

export type SignInResult =
  | { kind: 'right'; user: User }
  /** Whichever part was wrong. */
  | { kind: 'wrong' }
  /** Too many tries: nothing was looked at, and nothing may be tried for so long. */
  | { kind: 'wait'; ms: number }

export interface Arrival {
  /** What besides the password was asked for, if anything. */
  factor: FactorKind | null
  /** A link that we mailed was opened in this very browser. */
  byMail?: boolean
}

export type ConfirmResult = { kind: 'confirmed'; user: User } | { kind: 'wrong-password' } | { kind: 'spent' }

export interface Preferences {
  fullName: string
  timezone: string
  dayStartHour: number
  weekStart: number
  locale: Language
}

export type Users = ReturnType<typeof createUsers>

export function createUsers(
  { db, clock, queue, rules }: ModelContext,
  { throttles, devices, countries }: { throttles: Throttles; devices: Devices; countries: Countries },
) {
  const hash = (password: string) => hashPassword(password, rules.passwordPepper, rules.bcryptCost)

  return {
    /**
     * Of somebody who has agreed to the privacy notice as it is now. Gives the same answer for a known and an unknown address:
     * only the mail tells them apart.
     */
    async signUp(wish: SignUp, by: Actor): Promise<void> {
      const now = clock.now()
      const { fullName, email, locale } = wish
      const hashedPwd = await hash(wish.password)
      const agreement = { agreedNotice: NOTICE_VERSION, agreedOn: now }
      try {
        await db.transaction(async (tx) => {
          const user = await tx.user.create({
            data: { fullName, email, locale, hashedPwd, createdOn: now, ...agreement },
          })
          await audit(tx, {
            action: 'user.signed-up',
            by,
            at: now,
            subjectId: user.id,
            object: { kind: 'user', id: user.id },
          })
          await sendMail(tx, user.id, 'confirm-address')
        })
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        await db.transaction(async (tx) => {
          const user = await tx.user.findUniqueOrThrow({ where: { email } })
          await audit(tx, {
            action: 'user.signed-up-again',
            by,
            at: now,
            subjectId: user.id,
            outcome: 'refused',
          })
          // Nobody has shown yet that the address is theirs, so the newest sign-up counts, whoever made the one before.
          if (!user.emailConfirmedOn) {
            await tx.user.update({
              where: { id: user.id },
              data: { fullName, locale, hashedPwd, ...agreement },
            })
          }
          await sendMail(tx, user.id, user.emailConfirmedOn ? 'already-registered' : 'confirm-address')
        })
      }
    },

    /**
     * Checks address and password, in the same time and with the same audit line whichever part was wrong. A second factor is
     * asked for afterwards.
     * @param mark what the browser was given when its owner last signed in with it: strangers can't use up its tries.
     */
    async signIn(email: string, password: string, mark: string | null, by: Actor): Promise<SignInResult> {
      const { isKnown, what, whose } = await devices.countedFor(email, mark)
      // Neighbours in a network can't use up the tries of a browser that its owner has signed in with.
      const network = isKnown || by.ip === null ? null : networkOf(by.ip)
      const accountMs = await throttles.attempt(what, whose)
      const waitMs = accountMs || (network === null ? 0 : await throttles.attempt('network', network))
      const user = await db.prisma.user.findUnique({ where: { email } })
      if (waitMs > 0) {
        await noteSignIn(user, by, 'user.sign-in', 'too-many-tries')
        return { kind: 'wait', ms: waitMs }
      }
      const hashed = user?.hashedPwd ?? null
      const matches = await verifyPassword(password, hashed, rules.passwordPepper, rules.bcryptCost)
      if (!matches || user?.status !== 'ACTIVE') {
        await noteSignIn(user, by, 'user.sign-in', 'wrong')
        return { kind: 'wrong' }
      }
      await throttles.forget(what, whose)
      if (network !== null) await throttles.giveBack('network', network)
      if (hasFactor(user)) await noteSignIn(user, by, 'user.password-shown')
      return { kind: 'right', user: await withStrongHash(user, password) }
    },

    /**
     * Somebody is in, with everything that was asked for. A browser that has never been seen is news to the account's owner.
     * So is a country, of which the letter tells instead.
     * @throws SignInOvertaken when the account has another password or factor by now.
     */
    async arrive(user: User, browser: Browser, arrival: Arrival, by: Actor): Promise<Remembered> {
      return db.transaction(async (tx) => {
        // A new password, or a new factor, may have come while this sign-in was under way.
        const [now] = await tx.$queryRaw<Shown[]>`
          SELECT "hashedPwd", status, "totpConfirmedOn", "passkeyCount", "lastSignInOn" FROM "User" WHERE id = ${user.id}::uuid FOR NO KEY UPDATE`
        if (!now || !isAsShown(user, now)) throw new SignInOvertaken()
        const seen = { lastSignInOn: clock.now(), dormantWarnedOn: null }
        await tx.user.update({ where: { id: user.id }, data: seen })
        const { factor, byMail = false } = arrival
        // An account that was made for somebody, by a command or for the demo, comes to its first browser here.
        const isFirstEver = now.lastSignInOn === null && user.emailConfirmedOn !== null
        const remembered = await devices.remember(
          tx,
          user.id,
          browser,
          factor !== null || byMail || isFirstEver,
        )
        const { isNews } = remembered
        const country = by.country ?? null
        const isNewCountry = country !== null && (await countries.remember(tx, user.id, country))
        if (isNewCountry)
          await queue.enqueue(tx, 'send-mail', { userId: user.id, kind: 'new-country', country })
        else if (isNews) await sendMail(tx, user.id, 'new-browser')
        if (factor) await callOffReset(tx, user.id, clock.now(), by)
        await audit(tx, {
          action: 'user.sign-in',
          by: { ...by, kind: kindOf(user), id: user.id },
          at: clock.now(),
          subjectId: user.id,
          detail: { factor, browser: browser.label, isNews, isNewCountry },
        })
        return remembered
      })
    },

    async noteSignOut(user: User, by: Actor): Promise<void> {
      await db.transaction((tx) =>
        audit(tx, { action: 'user.sign-out', by, at: clock.now(), subjectId: user.id }),
      )
    },

    async find(id: string): Promise<User | null> {
      return db.prisma.user.findUnique({ where: { id } })
    },

    /**
     * Spends a confirmation link, for whoever also knows the password that was chosen at sign-up: the mailbox alone would
     * confirm an account that somebody else made in its owner's name. Other sessions of the account end.
     * @returns the user who is now confirmed.
     */
    async confirmEmail(token: string, password: string, by: Actor): Promise<ConfirmResult> {
      const hashedToken = digestOf(token)
      const now = clock.now()
      const open = await db.prisma.emailToken.findFirst({
        where: { hashedToken, purpose: 'CONFIRM', usedOn: null, expiresOn: { gt: now } },
        include: { user: true },
      })
      const hash = open?.user.hashedPwd ?? null
      if (!open) return { kind: 'spent' }
      const knows = await verifyPassword(password, hash, rules.passwordPepper, rules.bcryptCost)
      return db.transaction(async (tx) => {
        const subjectId = open.userId
        if (!knows) {
          await audit(tx, { action: 'user.email-confirmed', by, at: now, subjectId, outcome: 'refused' })
          return { kind: 'wrong-password' }
        }
        if (!(await spendToken(tx, 'CONFIRM', token))) return { kind: 'spent' }
        // The password that was checked, and no newer one, is the account's.
        const [user] = await tx.user.updateManyAndReturn({
          where: { id: subjectId, hashedPwd: open.user.hashedPwd, status: 'ACTIVE' },
          data: { emailConfirmedOn: open.user.emailConfirmedOn ?? now },
        })
        if (!user) return { kind: 'spent' }
        await endSessions(tx, subjectId, null)
        // Whoever signed in before the address was confirmed need not have been its owner.
        await tx.knownDevice.deleteMany({ where: { userId: subjectId } })
        await tx.knownCountry.deleteMany({ where: { userId: subjectId } })
        await audit(tx, { action: 'user.email-confirmed', by, at: now, subjectId })
        return { kind: 'confirmed', user }
      })
    },

    /** Says nothing about whether the address is known. */
    async resendConfirmation(email: string, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const user = await tx.user.findUnique({ where: { email } })
        const justSent = await sentJustNow(tx, user?.id ?? NOBODY, 'CONFIRM')
        const reader = user && !user.emailConfirmedOn && !justSent ? user.id : null
        await askedForMail(tx, 'user.confirmation-resent', 'confirm-address', { user, reader }, by)
      })
    },

    /** Says nothing about whether the address is known. */
    async forgetPassword(email: string, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const user = await tx.user.findUnique({ where: { email } })
        const justSent = await sentJustNow(tx, user?.id ?? NOBODY, 'RESET')
        const reader = user && !justSent ? user.id : null
        await askedForMail(tx, 'user.password-reset-asked', 'reset-password', { user, reader }, by)
      })
    },

    /** Looks without spending: the form may be shown as long as this finds somebody. */
    async findByToken(purpose: EmailTokenPurpose, token: string): Promise<User | null> {
      const found = await db.prisma.emailToken.findFirst({
        where: { hashedToken: digestOf(token), purpose, usedOn: null, expiresOn: { gt: clock.now() } },
        include: { user: true },
      })
      return found?.user ?? null
    },

    /** Who is half signed in has lost the second factor: the way back goes through their mailbox. */
    async loseFactor(userId: string, by: Actor): Promise<void> {
      if ((await throttles.withinWindow(`lost factor ${userId}`, MOST_LOST_LETTERS, HOUR)) > 0) return
      await db.transaction(async (tx) => {
        if (await sentJustNow(tx, userId, 'FACTOR')) return
        await audit(tx, { action: 'user.factor-lost', by, at: clock.now(), subjectId: userId })
        await sendMail(tx, userId, 'factor-lost')
      })
    },

    /** Spends the link that was mailed. @returns whose it was; null for a spent or old one. */
    async spendFactorLink(token: string): Promise<string | null> {
      return db.transaction((tx) => spendToken(tx, 'FACTOR', token))
    },

    /** Spends the link and sets the password; nobody stays signed in anywhere. @returns false for a spent or old link. */
    async resetPassword(token: string, password: string, by: Actor): Promise<boolean> {
      const hashedPwd = await hash(password)
      return db.transaction(async (tx) => {
        const userId = await spendToken(tx, 'RESET', token)
        if (!userId) return false
        await setPassword(tx, userId, hashedPwd, null, by)
        // Whoever reads the mailbox has shown that the address is theirs.
        await tx.user.updateMany({
          where: { id: userId, emailConfirmedOn: null },
          data: { emailConfirmedOn: clock.now() },
        })
        await wake(tx, userId, by, clock.now())
        return true
      })
    },

    /** Tries with a wrong current password are counted together with those of the second factor. */
    async changePassword(
      user: User,
      change: { current: string; next: string },
      keepSession: string,
      by: Actor,
    ): Promise<{ kind: 'changed' } | Exclude<SignInResult, { kind: 'right' }>> {
      const ms = await throttles.attempt('inside', user.id)
      if (ms > 0) return { kind: 'wait', ms }
      const matches = await verifyPassword(
        change.current,
        user.hashedPwd,
        rules.passwordPepper,
        rules.bcryptCost,
      )
      if (matches) await throttles.forget('inside', user.id)
      const hashedPwd = matches ? await hash(change.next) : null
      return db.transaction(async (tx) => {
        if (hashedPwd) await setPassword(tx, user.id, hashedPwd, keepSession, by)
        else
          await audit(tx, {
            action: 'user.password-changed',
            by,
            at: clock.now(),
            subjectId: user.id,
            outcome: 'refused',
          })
        return { kind: hashedPwd === null ? 'wrong' : 'changed' }
      })
    },

    async changePreferences(user: User, wish: Preferences, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        await tx.user.update({ where: { id: user.id }, data: wish })
        await audit(tx, {
          action: 'user.preferences-changed',
          by,
          at: clock.now(),
          subjectId: user.id,
          detail: {
            timezone: wish.timezone,
            dayStartHour: wish.dayStartHour,
            weekStart: wish.weekStart,
            locale: wish.locale,
          },
        })
      })
    },

    async chooseLanguage(user: User, locale: Language, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        await tx.user.update({ where: { id: user.id }, data: { locale } })
        await audit(tx, {
          action: 'user.preferences-changed',
          by,
          at: clock.now(),
          subjectId: user.id,
          detail: { locale },
        })
      })
    },

    /**
     * Makes the link that a mail carries; the one before it stops working.
     * @param aboutId the browser or the change of address that it is about: each has its own newest link.
     */
    async mintToken(
      userId: string,
      purpose: EmailTokenPurpose,
      aboutId: string | null = null,
    ): Promise<{ user: User; token: string; expiresOn: Date }> {
      const now = clock.now()
      return db.transaction(async (tx) => {
        const user = await tx.user.findUniqueOrThrow({ where: { id: userId } })
        const { token, expiresOn } = await mintLink(tx, { userId, purpose, aboutId }, now)
        if (purpose === 'CONFIRM')
          await tx.user.update({ where: { id: userId }, data: { emailConfirmationSentOn: now } })
        return { user, token, expiresOn }
      })
    },
  }

  /** @param refusedFor why it was refused, if it was. */
  async function noteSignIn(user: User | null, by: Actor, action: string, refusedFor?: string) {
    await db.transaction((tx) =>
      audit(tx, {
        action,
        by,
        at: clock.now(),
        subjectId: user?.id ?? null,
        outcome: refusedFor ? 'refused' : 'done',
        ...(refusedFor ? { detail: { because: refusedFor } } : {}),
      }),
    )
  }

  /** Only over the hash that was checked: the password may have been replaced meanwhile. */
  async function withStrongHash(user: User, password: string): Promise<User> {
    const { id, hashedPwd } = user
    if (!isWeakerThan(hashedPwd, rules.bcryptCost)) return user
    const [stronger] = await db.prisma.user.updateManyAndReturn({
      where: { id, hashedPwd },
      data: { hashedPwd: await hash(password) },
    })
    return stronger ?? user
  }

  /**
   * The same is written whether there is somebody to write to or not, so that nobody learns it from how long it takes.
   * @param reader null: the mail goes to nobody.
   */
  async function askedForMail(
    tx: Tx,
    action: string,
    kind: MailKind,
    { user, reader }: { user: User | null; reader: string | null },
    by: Actor,
  ): Promise<void> {
    const outcome = reader ? 'done' : 'refused'
    await audit(tx, { action, by, at: clock.now(), subjectId: user?.id ?? null, outcome })
    await sendMail(tx, reader ?? NOBODY, kind)
  }

  async function sendMail(tx: Tx, userId: string, kind: MailKind): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
  }

  async function sentJustNow(tx: Tx, userId: string, purpose: EmailTokenPurpose): Promise<boolean> {
    return linkSentJustNow(tx, { userId, purpose, aboutId: null }, clock.now())
  }

  /** @returns whose it was. */
  async function spendToken(tx: Tx, purpose: EmailTokenPurpose, token: string): Promise<string | null> {
    return (await spendLink(tx, purpose, token, clock.now()))?.userId ?? null
  }

  async function setPassword(
    tx: Tx,
    userId: string,
    hashedPwd: string,
    keepSession: string | null,
    by: Actor,
  ): Promise<void> {
    await tx.user.update({ where: { id: userId }, data: { hashedPwd } })
    await tx.emailToken.updateMany({
      where: { userId, purpose: 'RESET', usedOn: null },
      data: { usedOn: clock.now() },
    })
    await endSessions(tx, userId, keepSession)
    await endTokens(tx, userId)
    // Whoever knew the old one may have been in: their browser is a stranger again.
    await tx.knownDevice.deleteMany({ where: { userId } })
    await callOffReset(tx, userId, clock.now(), by)
    await audit(tx, { action: 'user.password-changed', by, at: clock.now(), subjectId: userId })
    await sendMail(tx, userId, 'password-changed')
  }
}

type Shown = Pick<User, 'hashedPwd' | 'status' | 'totpConfirmedOn' | 'passkeyCount' | 'lastSignInOn'>

/** Of a sign-in that is under way: what it has looked at is still so. */
function isAsShown(user: User, now: Shown): boolean {
  return now.hashedPwd === user.hashedPwd && now.status === 'ACTIVE' && hasSameFactors(user, now)
}

export function kindOf(user: Pick<User, 'role'>): 'admin' | 'saver' {
  return user.role === 'ADMIN' ? 'admin' : 'saver'
}
