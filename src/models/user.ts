import { DAY, HOUR, MINUTE, SECOND } from '../clock.ts'
import { digestOf, randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { AlreadyExists, SignInOvertaken } from '../errors.ts'
import type { User } from '../generated/client.ts'
import type { EmailTokenPurpose } from '../generated/enums.ts'
import type { MailKind } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import type { Devices } from './device.ts'
import { networkOf } from './network.ts'
import { hashPassword, isWeakerThan, verifyPassword } from './password.ts'
import { NOTICE_VERSION } from './privacy-notice.ts'
import { type CodeKind, callOffReset } from './second-factor.ts'
import { endSessions } from './session.ts'
import type { Throttles } from './throttle.ts'

const TOKEN_LIFE_MS = { CONFIRM: DAY, RESET: 30 * MINUTE, FACTOR: 30 * MINUTE } as const
/** A person who clicks "send again" twice gets one mail. */
const RESEND_PAUSE_MS = 60 * SECOND
/** The same for the letter to who has lost the second factor, an hour. */
const MOST_LOST_LETTERS = 3

export interface SignUp {
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

/** The browser that somebody signs in with: the mark it was given, if any, and what it says of itself. */
export interface Browser {
  mark: string | null
  label: string
}

export type ConfirmResult = { kind: 'confirmed'; user: User } | { kind: 'wrong-password' } | { kind: 'spent' }

export interface Preferences {
  fullName: string
  timezone: string
  dayStartHour: number
  weekStart: number
}

export type Users = ReturnType<typeof createUsers>

export function createUsers(
  { db, clock, queue, rules }: ModelContext,
  { throttles, devices }: { throttles: Throttles; devices: Devices },
) {
  const hash = (password: string) => hashPassword(password, rules.passwordPepper, rules.bcryptCost)

  return {
    /**
     * Of somebody who has agreed to the privacy notice as it is now. Gives the same answer for a known and an unknown address:
     * only the mail tells them apart.
     */
    async signUp(wish: SignUp, by: Actor): Promise<void> {
      const now = clock.now()
      const hashedPwd = await hash(wish.password)
      const agreement = { agreedNotice: NOTICE_VERSION, agreedOn: now }
      try {
        await db.transaction(async (tx) => {
          const user = await tx.user.create({
            data: { fullName: wish.fullName, email: wish.email, hashedPwd, createdOn: now, ...agreement },
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
          const user = await tx.user.findUniqueOrThrow({ where: { email: wish.email } })
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
              data: { fullName: wish.fullName, hashedPwd, ...agreement },
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
      if (user.totpConfirmedOn) await noteSignIn(user, by, 'user.password-shown')
      return { kind: 'right', user: await withStrongHash(user, password) }
    },

    /**
     * Somebody is in, with everything that was asked for. A browser that has never been seen is news to the account's owner.
     * @param factor what was asked for besides the password, if anything.
     * @returns the mark that the browser is to keep.
     * @throws SignInOvertaken when the account has another password or factor by now.
     */
    async arrive(user: User, browser: Browser, factor: CodeKind | null, by: Actor): Promise<string> {
      return db.transaction(async (tx) => {
        // A new password, or a new factor, may have come while this sign-in was under way.
        const [now] = await tx.$queryRaw<Pick<User, 'hashedPwd' | 'status' | 'totpConfirmedOn'>[]>`
          SELECT "hashedPwd", status, "totpConfirmedOn" FROM "User" WHERE id = ${user.id}::uuid FOR SHARE`
        if (!now || !isAsShown(user, now)) throw new SignInOvertaken()
        const { mark, isNews } = await devices.remember(tx, user.id, browser)
        if (isNews) await sendMail(tx, user.id, 'new-browser')
        if (factor) await callOffReset(tx, user.id, clock.now(), by)
        await audit(tx, {
          action: 'user.sign-in',
          by: { ...by, kind: kindOf(user), id: user.id },
          at: clock.now(),
          subjectId: user.id,
          detail: { factor, browser: browser.label, isNews },
        })
        return mark
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
        await audit(tx, { action: 'user.email-confirmed', by, at: now, subjectId })
        return { kind: 'confirmed', user }
      })
    },

    /** Says nothing about whether the address is known. */
    async resendConfirmation(email: string, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const user = await tx.user.findUnique({ where: { email } })
        if (!user || user.emailConfirmedOn || (await sentJustNow(tx, user.id, 'CONFIRM'))) return
        await audit(tx, { action: 'user.confirmation-resent', by, at: clock.now(), subjectId: user.id })
        await sendMail(tx, user.id, 'confirm-address')
      })
    },

    /** Says nothing about whether the address is known. */
    async forgetPassword(email: string, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const user = await tx.user.findUnique({ where: { email } })
        if (!user || (await sentJustNow(tx, user.id, 'RESET'))) return
        await audit(tx, { action: 'user.password-reset-asked', by, at: clock.now(), subjectId: user.id })
        await sendMail(tx, user.id, 'reset-password')
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
          detail: { timezone: wish.timezone, dayStartHour: wish.dayStartHour, weekStart: wish.weekStart },
        })
      })
    },

    /** Makes the link that a mail carries; the one before it stops working. */
    async mintToken(
      userId: string,
      purpose: EmailTokenPurpose,
    ): Promise<{ user: User; token: string; expiresOn: Date }> {
      const token = randomToken()
      const now = clock.now()
      const expiresOn = new Date(now.getTime() + TOKEN_LIFE_MS[purpose])
      return db.transaction(async (tx) => {
        const user = await tx.user.findUniqueOrThrow({ where: { id: userId } })
        await tx.emailToken.updateMany({ where: { userId, purpose, usedOn: null }, data: { usedOn: now } })
        await tx.emailToken.create({
          data: { userId, purpose, hashedToken: digestOf(token), createdOn: now, expiresOn },
        })
        if (purpose === 'CONFIRM')
          await tx.user.update({ where: { id: userId }, data: { emailConfirmationSentOn: now } })
        return { user, token, expiresOn }
      })
    },

    async counts(): Promise<{ savers: number; confirmed: number; linked: number }> {
      const [savers, confirmed, linked] = await Promise.all([
        db.prisma.user.count({ where: { role: 'SAVER' } }),
        db.prisma.user.count({ where: { role: 'SAVER', emailConfirmedOn: { not: null } } }),
        db.prisma.user.count({ where: { role: 'SAVER', accLoaded: true } }),
      ])
      return { savers, confirmed, linked }
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

  async function sendMail(tx: Tx, userId: string, kind: MailKind): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
  }

  async function sentJustNow(tx: Tx, userId: string, purpose: EmailTokenPurpose): Promise<boolean> {
    const since = new Date(clock.now().getTime() - RESEND_PAUSE_MS)
    return (await tx.emailToken.count({ where: { userId, purpose, createdOn: { gt: since } } })) > 0
  }

  /** One statement decides, so a link can't be spent twice. */
  async function spendToken(tx: Tx, purpose: EmailTokenPurpose, token: string): Promise<string | null> {
    const now = clock.now()
    const [spent] = await tx.emailToken.updateManyAndReturn({
      where: { hashedToken: digestOf(token), purpose, usedOn: null, expiresOn: { gt: now } },
      data: { usedOn: now },
    })
    return spent?.userId ?? null
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
    // Whoever knew the old one may have been in: their browser is a stranger again.
    await tx.knownDevice.deleteMany({ where: { userId } })
    await callOffReset(tx, userId, clock.now(), by)
    await audit(tx, { action: 'user.password-changed', by, at: clock.now(), subjectId: userId })
    await sendMail(tx, userId, 'password-changed')
  }
}

/** Of a sign-in that is under way: what it has looked at is still so. */
function isAsShown(user: User, now: Pick<User, 'hashedPwd' | 'status' | 'totpConfirmedOn'>): boolean {
  const hasSameFactor = now.totpConfirmedOn?.getTime() === user.totpConfirmedOn?.getTime()
  return now.hashedPwd === user.hashedPwd && now.status === 'ACTIVE' && hasSameFactor
}

export function kindOf(user: Pick<User, 'role'>): 'admin' | 'saver' {
  return user.role === 'ADMIN' ? 'admin' : 'saver'
}
