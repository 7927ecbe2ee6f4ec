import { DAY } from '../../clock.ts'
import { formatInFull } from '../../format.ts'
import { t } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import { WITHDRAWN_AFTER_MS } from '../../models/consent-care.ts'
import { SHUT_AFTER_MS } from '../../models/dormancy.ts'
import { paths } from '../../paths.ts'
import { composeLetter, type Draft } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl' | 'clock'>

export type ConsentMail =
  | 'consent-ends'
  | 'consent-unused'
  | 'consent-withdrawn'
  | 'account-unused'
  | 'account-dormant'

/** About consents and accounts that end. The links lead to our own pages. @returns null when it is no longer so. */
export async function consentLetter(deps: Deps, userId: string, kind: ConsentMail): Promise<Letter | null> {
  const user = await deps.models.users.find(userId)
  if (!user || user.status === 'CLOSED') return null
  const draft = await WRITERS[kind](deps, user)
  return (
    draft &&
    composeLetter(user.email, {
      ...draft,
      paragraphs: [t('Hello {name},', { name: user.fullName }), ...draft.paragraphs],
    })
  )
}

type User = NonNullable<Awaited<ReturnType<Deps['models']['users']['find']>>>
type Writer = (deps: Deps, user: User) => Promise<Draft | null> | Draft | null

const WRITERS: Record<ConsentMail, Writer> = {
  'consent-ends': async ({ models, baseUrl, clock }, user) => {
    const consent = await models.consents.live(user.id)
    const left = (consent?.expiresAt.getTime() ?? 0) - clock.now().getTime()
    // A renewal may have been faster than this letter.
    if (!consent?.toldDaysBefore || left <= 0) return null
    return {
      subject: t(
        '{days, plural, =1 {Your consent at Nordea ends within a day} other {Your consent at Nordea ends in # days}}',
        { days: Math.ceil(left / DAY) },
      ),
      paragraphs: [
        t('Your consent at Nordea lets Sparvana move what your habits save. It ends on {when}.', {
          when: formatInFull(consent.expiresAt, user.timezone),
        }),
        t(
          'Renewing takes a minute: under Your bank choose Renew at Nordea, and agree to it there. Your accounts and habits stay as they are. If you don’t renew, your habits go on, and their payments wait until you do.',
        ),
      ],
      action: { label: t('Renew my consent'), href: baseUrl + paths.bank },
      ending: t('If you no longer want to save with Sparvana, do nothing: the consent ends by itself.'),
    }
  },
  'consent-unused': async ({ models, baseUrl }, user) => {
    const consent = await models.consents.live(user.id)
    if (!consent?.unusedToldOn) return null
    const endsOn = new Date(consent.unusedToldOn.getTime() + WITHDRAWN_AFTER_MS)
    return {
      subject: t('You have not used your consent at Nordea for a while'),
      paragraphs: [
        t(
          'For 90 days nothing was saved through your consent at Nordea, and you have not signed in. What nobody uses should not stay open.',
        ),
        t(
          'So we end it on {when}, here and at Nordea. If you want to keep it, sign in before then. That is all.',
          { when: formatInFull(endsOn, user.timezone) },
        ),
      ],
      action: { label: t('Sign in and keep it'), href: baseUrl + paths.login },
      ending: t('Your account and your habits stay in any case, and you can link Nordea again at any time.'),
    }
  },
  'consent-withdrawn': ({ baseUrl }) => ({
    subject: t('Your consent at Nordea has ended'),
    paragraphs: [
      t(
        'As nobody has used it, we have ended your consent at Nordea. Sparvana can no longer see your accounts or move money.',
      ),
      t('Your account and your habits stay. To save again, sign in and link Nordea again.'),
    ],
    action: { label: t('To your bank link'), href: baseUrl + paths.bank },
    ending: t('If you don’t want to save any more, there is nothing to do.'),
  }),
  'account-unused': ({ baseUrl }, user) => {
    if (user.status !== 'ACTIVE' || !user.dormantWarnedOn) return null
    const shutOn = new Date(user.dormantWarnedOn.getTime() + SHUT_AFTER_MS)
    return {
      subject: t('Nobody has signed in to your account for a year'),
      paragraphs: [
        t(
          'Nobody has signed in to your Sparvana account for a year. An account that nobody looks at is worth something to thieves only.',
        ),
        t(
          'So we shut it on {when}, and end its consent at Nordea. If you want to keep it open, sign in before then.',
          { when: formatInFull(shutOn, user.timezone) },
        ),
      ],
      action: { label: t('Sign in and keep it'), href: baseUrl + paths.login },
      ending: t('Nothing is erased by that: you can open it again later with a new password.'),
    }
  },
  'account-dormant': ({ baseUrl }, user) =>
    user.status === 'DORMANT'
      ? {
          subject: t('Your account is shut'),
          paragraphs: [
            t(
              'Nobody has signed in to your Sparvana account for over a year, so it is shut now: no money moves, and its consent at Nordea ends. What had not been sent was called off.',
            ),
            t('Nothing is erased. To open it again, choose a new password; then link Nordea again.'),
          ],
          action: { label: t('Choose a new password'), href: baseUrl + paths.passwordForgot },
          ending: t('If you want all of it erased, open it and choose that under Your data.'),
        }
      : null,
}
