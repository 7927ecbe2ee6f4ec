import { createHmac } from 'node:crypto'
import { generateSecret, generateURI, verifySync } from 'otplib'
import { HOUR } from '../clock.ts'
import { randomReadable } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { FactorReset, User } from '../generated/client.ts'
import type { MailKind } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { sealedFor } from './sealing.ts'
import { endSessions } from './session.ts'

const STEP_SECONDS = 30
const SECRET_BYTES = 20
const BACKUP_CODES = 10
const BACKUP_LENGTH = 10

/** What a typed code was. */
export type CodeKind = 'authenticator' | 'backup-code'

/** What was shown besides the password, or instead of it. */
export type FactorKind = CodeKind | 'passkey'

type FactorsOfUser = Pick<User, 'totpConfirmedOn' | 'passkeyCount'>

/** Whether the password alone is not enough. The one rule about it: an authenticator that has shown a code, or a passkey. */
export function hasFactor(user: FactorsOfUser): boolean {
  return user.totpConfirmedOn !== null || user.passkeyCount > 0
}

/** The same factors: a sign-in that is under way has looked at these. */
export function hasSameFactors(one: FactorsOfUser, other: FactorsOfUser): boolean {
  return (
    one.totpConfirmedOn?.getTime() === other.totpConfirmedOn?.getTime() &&
    one.passkeyCount === other.passkeyCount
  )
}

/** As somebody is after a reset. */
export function withoutFactors<U extends FactorsOfUser>(user: U): U {
  return { ...user, totpConfirmedOn: null, passkeyCount: 0 }
}

/** A key that is being set up, for the authenticator app to read. */
export interface PendingKey {
  /** Base32, to be typed where no picture can be read. */
  secret: string
  /** The same as an address, to be shown as a QR code. */
  uri: string
}

export type Factors = ReturnType<typeof createFactors>

/** Codes of an authenticator app (TOTP, RFC 6238), ten on paper for when that or a passkey is lost, and the way back for who has lost all. */
export function createFactors({ db, clock, queue, sealer, rules }: ModelContext) {
  const resetDelayMs = rules.factorResetHours * HOUR

  return {
    resetDelayMs,

    /** Makes a new key to set up; the one in use, if any, goes on until the new one has shown a code. */
    async begin(userId: string, by: Actor): Promise<void> {
      const secret = generateSecret({ length: SECRET_BYTES })
      await db.transaction(async (tx) => {
        await tx.user.update({
          where: { id: userId },
          data: { totpPendingSealed: sealer.seal(secret, sealedFor.totpSecret(userId)) },
        })
        await audit(tx, { action: 'user.factor-begun', by, at: clock.now(), subjectId: userId })
      })
    },

    pending(user: User): PendingKey | null {
      if (!user.totpPendingSealed) return null
      const secret = sealer.open(user.totpPendingSealed, sealedFor.totpSecret(user.id))
      return { secret, uri: generateURI({ issuer: 'Sparvana', label: user.email, secret }) }
    },

    /**
     * The first code of a new key switches it on: from now on it is asked for at every sign-in, and other sessions end.
     * @returns the backup codes, which are shown this once; null when the code is wrong or no key waits for one.
     */
    async confirm(user: User, code: string, keepSid: string, by: Actor): Promise<string[] | null> {
      if (!user.totpPendingSealed) return null
      const step = stepOf(sealer.open(user.totpPendingSealed, sealedFor.totpSecret(user.id)), code)
      return db.transaction(async (tx) => {
        const now = clock.now()
        // Only the key whose code was typed: another page may have begun anew meanwhile.
        const { count } =
          step === null
            ? { count: 0 }
            : await tx.user.updateMany({
                where: { id: user.id, totpPendingSealed: user.totpPendingSealed },
                data: {
                  totpSecretSealed: user.totpPendingSealed,
                  totpConfirmedOn: now,
                  totpLastStep: step,
                  totpPendingSealed: null,
                },
              })
        const subjectId = user.id
        if (count === 0) {
          await audit(tx, { action: 'user.factor-on', by, at: now, subjectId, outcome: 'refused' })
          return null
        }
        await endSessions(tx, subjectId, keepSid)
        // What was asked of another authenticator is no wish about this one.
        await callOffReset(tx, subjectId, now, by)
        await audit(tx, { action: 'user.factor-on', by, at: now, subjectId })
        await tell(tx, subjectId, 'factor-on')
        return renewCodes(tx, subjectId)
      })
    },

    /**
     * Takes a code of the authenticator, of the step now, before or after, or a backup code; each counts once.
     * @returns what it was; null when it is wrong or has been used.
     */
    async spend(
      user: Pick<User, 'id' | 'totpSecretSealed'>,
      typed: string,
      by: Actor,
    ): Promise<CodeKind | null> {
      const code = typed.replace(/[\s-]/g, '').toLowerCase()
      const kind = (await spendStep(user, code)) ?? (await spendBackup(user.id, code))
      await db.transaction((tx) =>
        audit(tx, {
          action: 'user.factor-checked',
          by,
          at: clock.now(),
          subjectId: user.id,
          outcome: kind ? 'done' : 'refused',
          detail: { kind },
        }),
      )
      return kind
    },

    /** Codes on their way to the one page that shows them. */
    hold(userId: string, codes: readonly string[]): string {
      return Buffer.from(sealer.seal(codes.join(' '), shownContext(userId))).toString('base64')
    },

    shown(userId: string, held: string): string[] {
      return sealer.open(Buffer.from(held, 'base64'), shownContext(userId)).split(' ')
    },

    async codesLeft(userId: string): Promise<number> {
      return db.prisma.backupCode.count({ where: { userId, usedOn: null } })
    },

    /** @returns ten new backup codes, shown this once; the old ones are worth nothing any more. */
    async newCodes(userId: string, by: Actor): Promise<string[]> {
      return db.transaction(async (tx) => {
        const codes = await renewCodes(tx, userId)
        await audit(tx, { action: 'user.backup-codes-renewed', by, at: clock.now(), subjectId: userId })
        await tell(tx, userId, 'backup-codes-renewed')
        return codes
      })
    },

    /** @returns false when it has to stay: an admin has nothing else. */
    async remove(userId: string, keepSid: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const at = clock.now()
        const { role, passkeyCount } = await lockUser(tx, userId)
        if (role === 'ADMIN' && passkeyCount === 0) {
          await audit(tx, { action: 'user.factor-off', by, at, subjectId: userId, outcome: 'refused' })
          return false
        }
        await tx.user.update({ where: { id: userId }, data: NO_AUTHENTICATOR })
        if (passkeyCount === 0) await endCodes(tx, userId)
        await callOffReset(tx, userId, at, by)
        await endSessions(tx, userId, keepSid)
        await audit(tx, { action: 'user.factor-off', by, at, subjectId: userId })
        await tell(tx, userId, 'factor-off')
        return true
      })
    },

    /**
     * The way back for who has lost everything: every factor goes after a delay, in which its owner is told and can call it
     * off. Asking again changes nothing.
     * @returns null when there is no factor to do without.
     */
    async askReset(userId: string, by: Actor): Promise<FactorReset | null> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        if (!hasFactor(await lockUser(tx, userId))) return null
        const open = await tx.factorReset.findFirst({ where: { userId, endedOn: null } })
        if (open) return open
        const effectiveOn = new Date(now.getTime() + resetDelayMs)
        const adminId = by.kind === 'admin' ? by.id : null
        const reset = await tx.factorReset.create({ data: { userId, askedOn: now, effectiveOn, adminId } })
        await audit(tx, {
          action: 'user.factor-reset-asked',
          by,
          at: now,
          subjectId: userId,
          detail: { effectiveOn: effectiveOn.toISOString() },
        })
        await tell(tx, userId, 'factor-reset-asked')
        return reset
      })
    },

    renewCodes,

    async openReset(userId: string): Promise<FactorReset | null> {
      return db.prisma.factorReset.findFirst({ where: { userId, endedOn: null } })
    },

    /** @returns false when nothing was open. */
    async callOffReset(userId: string, by: Actor): Promise<boolean> {
      return db.transaction((tx) => callOffReset(tx, userId, clock.now(), by))
    },

    /** At a sign-in with the right password. @returns true when the delay is over and every factor is gone now. */
    async completeReset(userId: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        await lockUser(tx, userId)
        const { count } = await tx.factorReset.updateMany({
          where: { userId, endedOn: null, effectiveOn: { lte: now } },
          data: { endedOn: now, end: 'DONE' },
        })
        if (count === 0) return false
        await tx.passkey.deleteMany({ where: { userId } })
        await endCodes(tx, userId)
        await tx.user.update({ where: { id: userId }, data: NO_AUTHENTICATOR })
        await endSessions(tx, userId, null)
        await audit(tx, { action: 'user.factor-reset', by, at: now, subjectId: userId })
        await tell(tx, userId, 'factor-reset')
        return true
      })
    },
  }

  /** @returns the 30-second step that a code belongs to: this one, or the one before or after it. */
  function stepOf(secret: string, code: string): number | null {
    if (!/^\d{6}$/.test(code)) return null
    const epoch = Math.floor(clock.now().getTime() / 1_000)
    const checked = verifySync({ secret, token: code, epoch, epochTolerance: STEP_SECONDS })
    return checked.valid ? Math.floor(epoch / STEP_SECONDS) + checked.delta : null
  }

  /** One statement decides, so that a code can't be used twice. */
  async function spendStep(
    user: Pick<User, 'id' | 'totpSecretSealed'>,
    code: string,
  ): Promise<CodeKind | null> {
    if (!user.totpSecretSealed) return null
    const step = stepOf(sealer.open(user.totpSecretSealed, sealedFor.totpSecret(user.id)), code)
    if (step === null) return null
    const { count } = await db.prisma.user.updateMany({
      where: {
        id: user.id,
        totpSecretSealed: user.totpSecretSealed,
        OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }],
      },
      data: { totpLastStep: step },
    })
    return count === 1 ? 'authenticator' : null
  }

  async function spendBackup(userId: string, code: string): Promise<CodeKind | null> {
    if (code.length !== BACKUP_LENGTH) return null
    const { count } = await db.prisma.backupCode.updateMany({
      where: { userId, hashedCode: hashOf(userId, code), usedOn: null },
      data: { usedOn: clock.now() },
    })
    return count === 1 ? 'backup-code' : null
  }

  /** In the transaction of what they belong to. @returns ten new backup codes; the old ones are worth nothing any more. */
  async function renewCodes(tx: Tx, userId: string): Promise<string[]> {
    const codes = Array.from({ length: BACKUP_CODES }, () => randomReadable(BACKUP_LENGTH).toLowerCase())
    await tx.backupCode.deleteMany({ where: { userId } })
    await tx.backupCode.createMany({
      data: codes.map((code) => ({ userId, hashedCode: hashOf(userId, code), createdOn: clock.now() })),
    })
    return codes.map((code) => `${code.slice(0, 5)}-${code.slice(5)}`)
  }

  /** 50 bits are few for a plain hash; the key is kept outside the database. */
  function hashOf(userId: string, code: string): string {
    return createHmac('sha256', rules.passwordPepper).update(`backup-code ${userId} ${code}`).digest('hex')
  }

  async function tell(tx: Tx, userId: string, kind: MailKind): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
  }
}

const NO_AUTHENTICATOR = {
  totpSecretSealed: null,
  totpConfirmedOn: null,
  totpLastStep: null,
  totpPendingSealed: null,
}

/** Whoever changes somebody's factors does so one after the other: what they find stays so until they are through. */
export async function lockUser(tx: Tx, userId: string): Promise<User> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
  return tx.user.findUniqueOrThrow({ where: { id: userId } })
}

/** Backup codes alone are no factor. */
export async function endCodes(tx: Tx, userId: string): Promise<void> {
  await tx.backupCode.deleteMany({ where: { userId } })
}

/** In the transaction of whatever shows that the owner is there: a sign-in with a code, a new password. */
export async function callOffReset(tx: Tx, userId: string, now: Date, by: Actor): Promise<boolean> {
  const { count } = await tx.factorReset.updateMany({
    where: { userId, endedOn: null },
    data: { endedOn: now, end: 'CALLED_OFF' },
  })
  if (count > 0) await audit(tx, { action: 'user.factor-reset-called-off', by, at: now, subjectId: userId })
  return count > 0
}

function shownContext(userId: string): string {
  return `backup-codes:${userId}`
}
