import { t } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import { paths } from '../../paths.ts'
import { composeLetter } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

/** To an admin. A mailbox is no place for who it is about: that stands on the page, behind a second factor. */
export async function alarmLetter(
  { models, baseUrl }: Deps,
  { userId, alarmId }: { userId: string; alarmId: string },
): Promise<Letter | null> {
  const [admin, alarm] = [await models.users.find(userId), await models.alarms.find(alarmId)]
  if (admin?.role !== 'ADMIN' || !alarm) return null
  return composeLetter(admin.email, {
    subject: t('Alarm: {rule}', { rule: alarm.rule }),
    paragraphs: [
      t('A rule has seen something odd: {rule}, at {instant}. Alarm {id}.', {
        rule: alarm.rule,
        instant: alarm.at.toISOString(),
        id: alarm.id,
      }),
      t('More of the same raises no other alarm until somebody has looked at this one.'),
    ],
    action: { label: t('See the alarms'), href: baseUrl + paths.adminAlarms },
    ending: t('You get this mail because you are an admin.'),
  })
}

/** To a saver whose payments the app has stopped. @returns null when they go on already. */
export async function savingsHeldLetter({ models, baseUrl }: Deps, userId: string): Promise<Letter | null> {
  const user = await models.users.find(userId)
  if (!user?.pausedByAlarmId) return null
  return composeLetter(user.email, {
    subject: t('We have paused your savings'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'Something in your Sparvana account was so unlike you that no more money goes out for now. What was checked off is kept.',
      ),
      t(
        'Look at where you are signed in, and at your habits and what they pay. If all of it is yours, resume your savings under Limits and pause.',
      ),
    ],
    action: { label: t('See where I am signed in'), href: baseUrl + paths.settingsSecurity },
    ending: t('If something is not yours, choose a new password, which signs everybody else out: {address}', {
      address: baseUrl + paths.passwordForgot,
    }),
  })
}
