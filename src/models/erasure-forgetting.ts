import { randomBytes, randomUUID } from 'node:crypto'
import type { Tx } from '../db.ts'
import { endConsent } from './consent/ending.ts'
import type { Actor, ModelContext } from './context.ts'
import { endSessions } from './session.ts'

const NAME = 'Erased saver'
/** No mail reaches it, and no password belongs to it. */
const placeholderAddress = () => `erased-${randomUUID()}@erased.invalid`
const NO_PASSWORD = 'erased'

/** Takes out of every table what the inventory says that erasing takes; always in the caller's transaction. */
export function createForgetting({ clock, queue }: Pick<ModelContext, 'clock' | 'queue'>) {
  return {
    /** @param bankTold whether the bank knows that the consent is over; null where there was none. */
    async forget(
      tx: Tx,
      user: { id: string; email: string },
      bankTold: boolean | null,
      by: Actor,
    ): Promise<void> {
      const consent = await tx.bankConsent.findFirst({ where: { userId: user.id, revokedAt: null } })
      const bank = bankTold ? 'knows' : 'leave'
      if (consent) await endConsent(tx, consent, 'account-erased', { by, at: clock.now(), bank })
      await tx.bankConsent.updateMany({ where: { userId: user.id }, data: { endedTokenSealed: null } })
      await forgetSignIn(tx, user)
      await tx.goal.deleteMany({ where: { userId: user.id } })
      await forgetHabits(tx, user.id)
      await forgetAccounts(tx, user.id)
      await forgetTraces(tx, user.id)
      await queue.forget(tx, user.id)
    },
  }
}

async function forgetSignIn(tx: Tx, user: { id: string; email: string }): Promise<void> {
  const where = { userId: user.id }
  await tx.emailToken.deleteMany({ where })
  await tx.backupCode.deleteMany({ where })
  await tx.factorReset.deleteMany({ where })
  await tx.knownDevice.deleteMany({ where })
  await tx.knownCountry.deleteMany({ where })
  await tx.passkey.deleteMany({ where })
  await tx.apiToken.deleteMany({ where })
  await tx.emailChange.deleteMany({ where })
  await tx.consentRequest.deleteMany({ where })
  await tx.savingLimits.deleteMany({ where })
  await endSessions(tx, user.id, null)
  await tx.user.update({
    where: { id: user.id },
    data: {
      fullName: NAME,
      email: placeholderAddress(),
      hashedPwd: NO_PASSWORD,
      emailConfirmationSentOn: null,
      accLoaded: false,
      pausedUntil: null,
      pausedByAlarmId: null,
      restsUntil: null,
      totpSecretSealed: null,
      totpConfirmedOn: null,
      totpLastStep: null,
      totpPendingSealed: null,
      lastSignInOn: null,
      dormantWarnedOn: null,
      asksAtCheckOff: false,
      asksAboveMinor: null,
      locale: 'en',
      cadence: 'AT_ONCE',
      timezone: 'UTC',
      dayStartHour: 0,
      weekStart: 1,
    },
  })
}

async function forgetHabits(tx: Tx, userId: string): Promise<void> {
  await tx.importDraft.deleteMany({ where: { userId } })
  await tx.habit.deleteMany({ where: { userId, checkOffs: { none: {} } } })
  await tx.habitBreak.deleteMany({ where: { userId } })
  await tx.habitNote.deleteMany({ where: { userId } })
  await tx.habitCheckpoint.deleteMany({ where: { habit: { userId } } })
  await tx.habit.updateMany({ where: { userId }, data: { name: 'Erased habit', tags: [] } })
}

/** Those that money went between stay, as accounts that can't be told from any other. */
async function forgetAccounts(tx: Tx, userId: string): Promise<void> {
  await tx.account.deleteMany({
    where: { userId, debtorPayments: { none: {} }, creditorPayments: { none: {} } },
  })
  const accounts = await tx.account.findMany({ where: { userId }, select: { id: true } })
  for (const { id } of accounts) {
    const hashedAccNo = randomBytes(32).toString('hex')
    await tx.account.update({ where: { id }, data: { name: 'Erased account', hashedAccNo } })
  }
}

async function forgetTraces(tx: Tx, userId: string): Promise<void> {
  await tx.payment.updateMany({
    where: { userId, OR: [{ askedFromIp: { not: null } }, { approvalUrl: { not: null } }] },
    data: { askedFromIp: null, approvalUrl: null },
  })
  await tx.bankCall.updateMany({
    where: { onBehalfOfId: userId },
    data: { path: '[erased]', requestBody: null, responseBody: null, remark: null },
  })
  await tx.reconciliationDifference.updateMany({ where: { userId }, data: { detail: {} } })
  await tx.reminder.deleteMany({ where: { userId } })
  await tx.habitReminder.deleteMany({ where: { userId } })
  await tx.reminderWish.deleteMany({ where: { userId } })
  await tx.pushSubscription.deleteMany({ where: { userId } })
  await tx.alarm.deleteMany({ where: { subjectId: userId } })
}
