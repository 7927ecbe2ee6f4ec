import { DAY, MINUTE, SECOND } from '../clock.ts'
import { digestOf, randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { User } from '../generated/client.ts'
import type { EmailTokenPurpose } from '../generated/enums.ts'
import type { MailKind } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { hashPassword, isWeakerThan, verifyPassword } from './password.ts'

const TOKEN_LIFE_MS = { CONFIRM: DAY, RESET: 30 * MINUTE } as const
/** A person who clicks "send again" twice gets one mail. */
const RESEND_PAUSE_MS = 60 * SECOND

export interface SignUp {
  fullName: string
  email: string
  password: string
}

export type ConfirmResult = { kind: 'confirmed'; user: User } | { kind: 'wrong-password' } | { kind: 'spent' }

export interface Preferences {
  fullName: string
  timezone: string
  dayStartHour: number
  weekStart: number
}

export type Users = ReturnType<typeof createUsers>

export function createUsers({ db, clock, queue, rules }: ModelContext) {
  const hash = (password: string) => hashPassword(password, rules.passwordPepper, rules.bcryptCost)

  return {
    /** Gives the same answer for a known and an unknown address: only the mail tells them apart. */
    async signUp(wish: SignUp, by: Actor): Promise<void> {
      const now = clock.now()
      const hashedPwd = await hash(wish.password)
      try {
        await db.transaction(async (tx) => {
          const user = await tx.user.create({
            data: { fullName: wish.fullName, email: wish.email, hashedPwd, createdOn: now },
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
            await tx.user.update({ where: { id: user.id }, data: { fullName: wish.fullName, hashedPwd } })
          }
          await sendMail(tx, user.id, user.emailConfirmedOn ? 'already-registered' : 'confirm-address')
        })
      }
    },

    /** @returns the user, or null; in the same time and with the same audit line whichever part was wrong. */
    async signIn(email: string, password: string, by: Actor): Promise<User | null> {
      const user = await db.prisma.user.findUnique({ where: { email } })
      const matches = await verifyPassword(
        password,
        user?.hashedPwd ?? null,
        rules.passwordPepper,
        rules.bcryptCost,
      )
      const isWelcome = matches && user !== null && user.status === 'ACTIVE'
      const rehashed =
        isWelcome && isWeakerThan(user.hashedPwd, rules.bcryptCost) ? await hash(password) : null
      await db.transaction(async (tx) => {
        // Only over the hash that was checked: the password may have been replaced meanwhile.
        if (user && rehashed)
          await tx.user.updateMany({
            where: { id: user.id, hashedPwd: user.hashedPwd },
            data: { hashedPwd: rehashed },
          })
        await audit(tx, {
          action: 'user.sign-in',
          by: isWelcome ? { ...by, kind: kindOf(user), id: user.id } : by,
          at: clock.now(),
          subjectId: user?.id ?? null,
          outcome: isWelcome ? 'done' : 'refused',
        })
      })
      return isWelcome ? user : null
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
      const knows = await verifyPassword(password, hash, rules.passwordPepper, rules.bcryptCost)
      if (!open) return { kind: 'spent' }
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
    async findByResetToken(token: string): Promise<User | null> {
      const found = await db.prisma.emailToken.findFirst({
        where: {
          hashedToken: digestOf(token),
          purpose: 'RESET',
          usedOn: null,
          expiresOn: { gt: clock.now() },
        },
        include: { user: true },
      })
      return found?.user ?? null
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

    /** @returns false when the current password is wrong. */
    async changePassword(
      user: User,
      change: { current: string; next: string },
      keepSession: string,
      by: Actor,
    ): Promise<boolean> {
      const matches = await verifyPassword(
        change.current,
        user.hashedPwd,
        rules.passwordPepper,
        rules.bcryptCost,
      )
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
        return hashedPwd !== null
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
    await audit(tx, { action: 'user.password-changed', by, at: clock.now(), subjectId: userId })
    await sendMail(tx, userId, 'password-changed')
  }
}

async function endSessions(tx: Tx, userId: string, keepSession: string | null): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM session WHERE sess #>> '{passport,user}' = ${userId} AND sid <> ${keepSession ?? ''}`
}

export function kindOf(user: Pick<User, 'role'>): 'admin' | 'saver' {
  return user.role === 'ADMIN' ? 'admin' : 'saver'
}
