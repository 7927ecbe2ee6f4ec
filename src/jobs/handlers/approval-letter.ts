import { formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import type { Models } from '../../models/index.ts'
import type { PaymentWithHabits } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { composeLetter } from './letters.ts'

/**
 * Tells the saver that the bank waits for them. The link leads to our own page and not to the bank's: who expects a mail
 * with a link to the bank can be fooled by one.
 * @returns null when nothing waits any more.
 */
export async function approvalLetter(
  { models, baseUrl }: { models: Models; baseUrl: string },
  {
    userId,
    paymentId,
    kind,
  }: {
    userId: string
    paymentId: string
    kind: 'approval-needed' | 'approval-reminder'
  },
): Promise<Letter | null> {
  const [user, payment] = [
    await models.users.find(userId),
    await models.payments.findOwned(userId, paymentId),
  ]
  if (!user || payment?.state !== 'AWAITING_APPROVAL') return null
  const together = await models.payments.approvedTogether(payment)
  const isReminder = kind === 'approval-reminder'
  return composeLetter(user.email, {
    subject: t(isReminder ? 'Nordea is still waiting for your approval' : 'Nordea wants your approval'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        isReminder
          ? 'These savings have not moved yet, because Nordea is waiting for you. An approval that is not given in time expires; then you can try again.'
          : 'Nordea wants you to approve before money moves. One approval is enough for all of these:',
      ),
      together.map(lineOf).join('\n'),
    ],
    action: { label: t('See them, and go to Nordea'), href: baseUrl + paths.payment(paymentId) },
    ending: t('Nothing moves before you approve. If you don’t want it, do nothing: the order expires.'),
  })
}

function lineOf({ amountMinor, currency, checkOffs, broughtBack }: PaymentWithHabits): string {
  const names = [...new Set([...checkOffs, ...broughtBack].map(({ habit }) => habit.name))].join(', ')
  return `${formatMoney(amountMinor, currency)} · ${names}`
}
