import { DAY, MINUTE, SECOND } from '../clock.ts'
import { digestOf, randomToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { EmailToken } from '../generated/client.ts'
import type { EmailTokenPurpose } from '../generated/enums.ts'

const LIFE_MS = {
  CONFIRM: DAY,
  RESET: 30 * MINUTE,
  FACTOR: 30 * MINUTE,
  BROWSER: 30 * MINUTE,
  NEW_ADDRESS: DAY,
  OLD_ADDRESS: 3 * DAY,
} as const satisfies Record<EmailTokenPurpose, number>
/** A person who clicks "send again" twice gets one mail. */
const RESEND_PAUSE_MS = 60 * SECOND

/** Whose link it is, and what for; each browser and each change of address has links of its own. */
export interface LinkOf {
  userId: string
  purpose: EmailTokenPurpose
  aboutId: string | null
}

/** The one before it stops working. */
export async function mintLink(tx: Tx, of: LinkOf, now: Date): Promise<{ token: string; expiresOn: Date }> {
  const token = randomToken()
  const expiresOn = new Date(now.getTime() + LIFE_MS[of.purpose])
  // Two letters at once: the second waits here for the first, and replaces its link.
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${of.userId}::uuid FOR NO KEY UPDATE`
  await tx.emailToken.updateMany({ where: { ...of, usedOn: null }, data: { usedOn: now } })
  await tx.emailToken.create({ data: { ...of, hashedToken: digestOf(token), createdOn: now, expiresOn } })
  return { token, expiresOn }
}

/** Looks without spending. */
export async function openLink(
  tx: Pick<Tx, 'emailToken'>,
  purpose: EmailTokenPurpose,
  token: string,
  now: Date,
): Promise<EmailToken | null> {
  return tx.emailToken.findFirst({ where: isOpen(purpose, token, now) })
}

/** One statement decides, so a link can't be spent twice. @param userId spends it only if it is theirs. */
export async function spendLink(
  tx: Tx,
  purpose: EmailTokenPurpose,
  token: string,
  now: Date,
  userId?: string,
): Promise<EmailToken | null> {
  const [spent] = await tx.emailToken.updateManyAndReturn({
    where: { ...isOpen(purpose, token, now), ...(userId === undefined ? {} : { userId }) },
    data: { usedOn: now },
  })
  return spent ?? null
}

export async function linkSentJustNow(tx: Tx, of: LinkOf, now: Date): Promise<boolean> {
  const since = new Date(now.getTime() - RESEND_PAUSE_MS)
  return (await tx.emailToken.count({ where: { ...of, createdOn: { gt: since } } })) > 0
}

function isOpen(purpose: EmailTokenPurpose, token: string, now: Date) {
  return { hashedToken: digestOf(token), purpose, usedOn: null, expiresOn: { gt: now } }
}
