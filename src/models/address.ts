import { DAY, HOUR } from '../clock.ts'
import { randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { EmailChange, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { openLink, spendLink } from './mailed-link.ts'
import { hashPassword } from './password.ts'
import { callOffReset } from './second-factor.ts'
import { endSessions } from './session.ts'
import type { Throttles } from './throttle.ts'

/** Every wish sends letters to an address that somebody has typed: of one saver, an hour. */
const MOST_WISHES = 3
/** A wish that its new address doesn't answer within this time is over. */
const OPEN_MS = DAY

export type { EmailChange }

export type AskResult = { kind: 'asked' } | { kind: 'same' } | { kind: 'wait'; ms: number }

export type MoveResult =
  | { kind: 'moved'; email: string }
  | { kind: 'spent' }
  /** Somebody else's account has the address by now. */
  | { kind: 'taken' }

export type TakeBackResult =
  /** Before anything had moved. */
  | 'called-off'
  | 'taken-back'
  | 'spent'
  /** The old address has another account by now: nobody gets into this one until a person has looked. */
  | 'taken'

interface TakingBack {
  userId: string
  token: string
  /** Instead of the password that somebody else knows. */
  hashedPwd: string
  by: Actor
}

export type Addresses = ReturnType<typeof createAddresses>

/**
 * An account moves to another address when that one answers; for three days the old one can take it back, whatever happened
 * since. All verbs hold the saver's row first, so that of two at once one comes second.
 */
export function createAddresses({ db, clock, queue, rules }: ModelContext, throttles: Throttles) {
  return {
    async open(userId: string): Promise<EmailChange | null> {
      const since = new Date(clock.now().getTime() - OPEN_MS)
      return db.prisma.emailChange.findFirst({
        where: { userId, confirmedOn: null, calledOffOn: null, askedOn: { gt: since } },
      })
    },

    /** For a letter about it. @returns null when it was called off, or replaced by a newer one. */
    async standing(userId: string, id: string): Promise<EmailChange | null> {
      return db.prisma.emailChange.findFirst({ where: { id, userId, calledOffOn: null } })
    },

    async belongsToAnother(email: string, userId: string): Promise<boolean> {
      return (await db.prisma.user.count({ where: { email, id: { not: userId } } })) > 0
    },

    /** Says nothing about whether anybody has the new address: only the mail to it does. The newest wish counts. */
    async ask(userId: string, newEmail: string, by: Actor): Promise<AskResult> {
      const ms = await throttles.withinWindow(`new address ${userId}`, MOST_WISHES, HOUR)
      if (ms > 0) return { kind: 'wait', ms }
      return db.transaction(async (tx) => {
        const now = clock.now()
        const { email: oldEmail } = await hold(tx, userId)
        if (oldEmail === newEmail) return { kind: 'same' }
        await callOffOpen(tx, userId, now)
        const { id } = await tx.emailChange.create({ data: { userId, oldEmail, newEmail, askedOn: now } })
        await note(tx, 'user.address-asked', userId, id, by)
        await queue.enqueue(tx, 'send-mail', { userId, kind: 'address-new', aboutId: id })
        await queue.enqueue(tx, 'send-mail', { userId, kind: 'address-old', aboutId: id })
        return { kind: 'asked' }
      })
    },

    /** By its owner, who is signed in. @returns false when nothing was open. */
    async callOff(userId: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        await hold(tx, userId)
        const calledOff = await callOffOpen(tx, userId, clock.now())
        if (calledOff) await note(tx, 'user.address-called-off', userId, calledOff.id, by)
        return calledOff !== null
      })
    },

    /** Looks without spending. */
    async wishBehind(userId: string, token: string): Promise<EmailChange | null> {
      const link = await openLink(db.prisma, 'NEW_ADDRESS', token, clock.now())
      if (!link?.aboutId || link.userId !== userId) return null
      return db.prisma.emailChange.findFirst({
        where: { id: link.aboutId, userId, confirmedOn: null, calledOffOn: null },
      })
    },

    /**
     * The new address has answered, and whoever has the account is signed in. Everybody else is signed out, and no link that
     * went to the old address works any more, but for the one that takes it back.
     */
    async move(userId: string, token: string, keepSid: string, by: Actor): Promise<MoveResult> {
      try {
        return await db.transaction((tx) => moveIn(tx, userId, token, keepSid, by))
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        return db.transaction(async (tx): Promise<MoveResult> => {
          await hold(tx, userId)
          const link = await spendLink(tx, 'NEW_ADDRESS', token, clock.now(), userId)
          const wish = link && (await callOffOpen(tx, userId, clock.now()))
          if (wish) await note(tx, 'user.address-moved', userId, wish.id, by, 'refused')
          return { kind: 'taken' }
        })
      }
    },

    /** Looks without spending: what the old address would take back. */
    async changeBehind(token: string): Promise<EmailChange | null> {
      const link = await openLink(db.prisma, 'OLD_ADDRESS', token, clock.now())
      return link?.aboutId
        ? db.prisma.emailChange.findFirst({
            where: { id: link.aboutId, userId: link.userId, calledOffOn: null },
          })
        : null
    },

    /**
     * Whoever reads the old address says that it was not them. Then somebody else knows the password, at least: nobody gets in
     * before it is set anew, by a link to the old address.
     */
    async takeBack(token: string, by: Actor): Promise<TakeBackResult> {
      const link = await openLink(db.prisma, 'OLD_ADDRESS', token, clock.now())
      if (!link) return 'spent'
      // Of a password that nobody has ever seen: the sign-in looks the same as with any wrong one.
      const hashedPwd = await hashPassword(randomToken(), rules.passwordPepper, rules.bcryptCost)
      const act = { userId: link.userId, token, hashedPwd, by }
      try {
        return await db.transaction((tx) => takeBackIn(tx, act, true))
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        return db.transaction((tx) => takeBackIn(tx, act, false))
      }
    },
  }

  async function moveIn(
    tx: Tx,
    userId: string,
    token: string,
    keepSid: string,
    by: Actor,
  ): Promise<MoveResult> {
    const now = clock.now()
    await hold(tx, userId)
    const link = await spendLink(tx, 'NEW_ADDRESS', token, now, userId)
    if (!link?.aboutId) return { kind: 'spent' }
    const [change] = await tx.emailChange.updateManyAndReturn({
      where: { id: link.aboutId, userId, confirmedOn: null, calledOffOn: null },
      data: { confirmedOn: now },
    })
    if (!change) return { kind: 'spent' }
    const { id, newEmail } = change
    await makeRoom(tx, newEmail)
    await tx.user.update({ where: { id: userId }, data: { email: newEmail } })
    await endSessions(tx, userId, keepSid)
    await tx.emailToken.updateMany({
      where: { userId, usedOn: null, purpose: { not: 'OLD_ADDRESS' } },
      data: { usedOn: now },
    })
    await note(tx, 'user.address-moved', userId, id, by)
    await queue.enqueue(tx, 'send-mail', { userId, kind: 'address-moved-here', aboutId: id })
    await queue.enqueue(tx, 'send-mail', { userId, kind: 'address-moved-away', aboutId: id })
    return { kind: 'moved', email: newEmail }
  }

  /** @param isFree whether no other account has the old address. */
  async function takeBackIn(tx: Tx, act: TakingBack, isFree: boolean): Promise<TakeBackResult> {
    const { userId, token, by } = act
    const now = clock.now()
    await hold(tx, userId)
    const link = await spendLink(tx, 'OLD_ADDRESS', token, now, userId)
    if (!link?.aboutId) return 'spent'
    const change = await tx.emailChange.findFirst({
      where: { id: link.aboutId, userId, calledOffOn: null },
    })
    if (!change) return 'spent'
    await callOffSince(tx, change, now)
    if (change.confirmedOn && isFree) {
      await makeRoom(tx, change.oldEmail)
      await tx.user.update({ where: { id: userId }, data: { email: change.oldEmail } })
    }
    await shutOut(tx, act, now)
    if (change.confirmedOn && !isFree) {
      await tx.user.update({ where: { id: userId }, data: { status: 'LOCKED' } })
      await note(tx, 'user.address-taken-back', userId, change.id, by, 'refused')
      return 'taken'
    }
    await note(
      tx,
      change.confirmedOn ? 'user.address-taken-back' : 'user.address-called-off',
      userId,
      change.id,
      by,
    )
    await queue.enqueue(tx, 'send-mail', { userId, kind: 'reset-password' })
    return change.confirmedOn ? 'taken-back' : 'called-off'
  }

  /** A sign-up that nobody has confirmed keeps an address from nobody who reads its mail; only letters hang on it. */
  async function makeRoom(tx: Tx, email: string): Promise<void> {
    const nothing = { habits: { none: {} }, accounts: { none: {} } }
    const where = { email, emailConfirmedOn: null, role: 'SAVER', ...nothing } as const
    const waiting = await tx.user.findFirst({ where, select: { id: true } })
    if (!waiting) return
    await queue.forget(tx, waiting.id)
    await tx.user.deleteMany({ where: { ...where, id: waiting.id } })
  }

  /** This change, and whatever was wished for after it by whoever made it; nothing that an earlier address could take back. */
  async function callOffSince(tx: Tx, change: EmailChange, now: Date): Promise<void> {
    const { userId, id } = change
    const since = await tx.emailChange.updateManyAndReturn({
      // Ids sort by when they were made.
      where: { userId, calledOffOn: null, id: { gte: id } },
      data: { calledOffOn: now },
    })
    await tx.emailToken.updateMany({
      where: {
        userId,
        usedOn: null,
        OR: [{ purpose: { not: 'OLD_ADDRESS' } }, { aboutId: { in: since.map(({ id }) => id) } }],
      },
      data: { usedOn: now },
    })
  }

  async function shutOut(tx: Tx, { userId, hashedPwd, by }: TakingBack, now: Date): Promise<void> {
    await tx.user.update({ where: { id: userId }, data: { hashedPwd } })
    await tx.passkey.deleteMany({ where: { userId } })
    await tx.knownDevice.deleteMany({ where: { userId } })
    await endSessions(tx, userId, null)
    await callOffReset(tx, userId, now, by)
  }

  async function note(
    tx: Tx,
    action: string,
    userId: string,
    changeId: string,
    by: Actor,
    outcome: 'done' | 'refused' = 'done',
  ): Promise<void> {
    const object = { kind: 'address-change', id: changeId }
    await audit(tx, { action, by, at: clock.now(), subjectId: userId, object, outcome })
  }
}

/** @throws when there is no such saver any more. */
async function hold(tx: Tx, userId: string): Promise<Pick<User, 'email'>> {
  const [user] = await tx.$queryRaw<Pick<User, 'email'>[]>`
    SELECT email FROM "User" WHERE id = ${userId}::uuid AND status <> 'CLOSED' FOR UPDATE`
  if (!user) throw new Error('an address can be changed of an open account only')
  return user
}

/** @returns what was called off, or replaced; its links stop working with it. */
async function callOffOpen(tx: Tx, userId: string, now: Date): Promise<EmailChange | null> {
  const [open] = await tx.emailChange.updateManyAndReturn({
    where: { userId, confirmedOn: null, calledOffOn: null },
    data: { calledOffOn: now },
  })
  if (!open) return null
  await tx.emailToken.updateMany({
    where: { userId, aboutId: open.id, usedOn: null },
    data: { usedOn: now },
  })
  return open
}
