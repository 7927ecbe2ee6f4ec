import type { Clock } from '../../clock.ts'
import { formatInFull } from '../../format.ts'
import { t } from '../../language.ts'
import type { Letter, Mailer } from '../../mailer.ts'
import type { Models } from '../../models/index.ts'
import { paths } from '../../paths.ts'
import { type Jobs, type MailKind, NOBODY, SECURITY_MAILS, type SecurityMail } from '../queue.ts'
import { addressLetter } from './address-letters.ts'
import { approvalLetter } from './approval-letter.ts'
import { consentLetter } from './consent-letters.ts'
import { alarmLetter, savingsHeldLetter } from './detection-letters.ts'
import { composeLetter, inLanguageOf } from './letters.ts'
import { confirmBrowserLetter, newCountryLetter } from './place-letters.ts'
import { digestLetter, reminderLetter } from './reminder-letters.ts'
import { securityLetter } from './security-letters.ts'

export interface SendMailDeps {
  models: Models
  mailer: Mailer
  clock: Clock
  /** Where links lead: from the settings, never from a request. */
  baseUrl: string
}

/**
 * Links are made at the moment of sending, so that none lies readable in the queue. A letter is in the language of the account
 * that it is about, wherever it goes.
 */
export function createSendMail({ models, mailer, clock, baseUrl }: SendMailDeps) {
  return async function sendMail(job: Jobs['send-mail']): Promise<void> {
    if (job.userId === NOBODY) return
    const letter = await inLanguageOf(await models.users.find(job.userId), () => letterFor(job))
    if (letter) await mailer.send(letter)
  }

  async function letterFor({
    userId,
    kind,
    paymentId,
    alarmId,
    aboutId,
    country,
  }: Jobs['send-mail']): Promise<Letter | null> {
    if (isOfSecurity(kind)) return securityLetter({ models, baseUrl }, userId, kind)
    switch (kind) {
      case 'approval-needed':
      case 'approval-reminder':
        return paymentId ? approvalLetter({ models, baseUrl }, { userId, paymentId, kind }) : null
      case 'alarm':
        return alarmId ? alarmLetter({ models, baseUrl }, { userId, alarmId }) : null
      case 'consent-ends':
      case 'consent-unused':
      case 'consent-withdrawn':
      case 'account-unused':
      case 'account-dormant':
        return consentLetter({ models, clock, baseUrl }, userId, kind)
      case 'reminder':
        return aboutId ? reminderLetter({ models, baseUrl }, { userId, reminderId: aboutId }) : null
      case 'digest':
        return aboutId ? digestLetter({ models, baseUrl }, { userId, reminderId: aboutId }) : null
      case 'new-country':
        return country ? newCountryLetter({ models, baseUrl }, { userId, country }) : null
      case 'confirm-browser':
        return aboutId ? confirmBrowserLetter({ models, baseUrl }, { userId, browserId: aboutId }) : null
      case 'address-new':
      case 'address-old':
      case 'address-moved-here':
      case 'address-moved-away':
        return aboutId ? addressLetter({ models, baseUrl }, { userId, changeId: aboutId, kind }) : null
      case 'savings-held':
        return savingsHeldLetter({ models, baseUrl }, userId)
      case 'limits-loosened': {
        const user = await models.users.find(userId)
        const coming = await models.limits.coming(userId)
        if (!user || !coming) return null
        return composeLetter(user.email, {
          subject: t('Your limits for saving will be wider'),
          paragraphs: [
            t('Hello {name},', { name: user.fullName }),
            t(
              'Somebody, probably you, has asked Sparvana to allow more than before. That counts from {when}, not earlier.',
              { when: formatInFull(coming.from, user.timezone) },
            ),
          ],
          action: { label: t('See your limits, or take it back'), href: baseUrl + paths.settingsSavings },
          ending: t('If it was not you, take it back and change your password.'),
        })
      }
      case 'confirm-address': {
        const { user, token } = await models.users.mintToken(userId, 'CONFIRM')
        return composeLetter(user.email, {
          subject: t('Confirm your e-mail address'),
          paragraphs: [
            t('Hello {name},', { name: user.fullName }),
            t(
              'Confirm that this address is yours, and your Sparvana account is ready. The link works once, for 24 hours.',
            ),
          ],
          action: { label: t('Confirm my address'), href: baseUrl + paths.confirm(token) },
          ending: t('If you did not sign up, ignore this mail: without the confirmation nothing happens.'),
        })
      }
      case 'reset-password': {
        const { user, token } = await models.users.mintToken(userId, 'RESET')
        return composeLetter(user.email, {
          subject: t('Choose a new password'),
          paragraphs: [
            t('Hello {name},', { name: user.fullName }),
            t('You can choose a new password now. The link works once, for 30 minutes.'),
          ],
          action: { label: t('Choose a new password'), href: baseUrl + paths.passwordReset(token) },
          ending: t('If you did not ask for this, ignore this mail: your password stays as it is.'),
        })
      }
      case 'already-registered': {
        const user = await models.users.find(userId)
        if (!user) return null
        return composeLetter(user.email, {
          subject: t('You already have an account'),
          paragraphs: [
            t('Hello {name},', { name: user.fullName }),
            t(
              'Somebody, probably you, tried to sign up with this address. It has an account already, and nothing was changed.',
            ),
          ],
          action: { label: t('Sign in'), href: baseUrl + paths.login },
          ending: t('If you have forgotten your password: {address}', {
            address: baseUrl + paths.passwordForgot,
          }),
        })
      }
    }
  }
}

function isOfSecurity(kind: MailKind): kind is SecurityMail {
  return (SECURITY_MAILS as readonly MailKind[]).includes(kind)
}
