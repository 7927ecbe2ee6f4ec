import { formatInFull } from '../../format.ts'
import { t, term } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { SecurityMail } from '../queue.ts'
import { composeLetter, type Draft } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

/** What happened to an account, told to whoever owns its mailbox. @returns null when it is no longer so. */
export async function securityLetter(deps: Deps, userId: string, kind: SecurityMail): Promise<Letter | null> {
  const { models, baseUrl } = deps
  if (kind === 'factor-lost') {
    const { user, token } = await models.users.mintToken(userId, 'FACTOR')
    return composeLetter(user.email, {
      subject: t('Signing in with your password alone'),
      paragraphs: [
        t('Hello {name},', { name: user.fullName }),
        t(
          'Somebody who knows your password, probably you, has neither a code nor a passkey any more. Here is the way to do without. The link works once, for 30 minutes.',
        ),
      ],
      action: { label: t('Go on'), href: baseUrl + paths.lost(token) },
      ending: t('If it was not you, change your password now: {address}', {
        address: baseUrl + paths.passwordForgot,
      }),
    })
  }
  const user = await models.users.find(userId)
  if (!user) return null
  if (kind === 'factor-reset-asked') {
    const reset = await models.factors.openReset(userId)
    return (
      reset &&
      toldIn(deps, user, {
        subject: t('Your second step will no longer be asked for'),
        what: t(
          'It was asked that your Sparvana account can be signed in to with the password alone, without a code or a passkey. That takes effect on {when}.',
          { when: formatInFull(reset.effectiveOn, user.timezone) },
        ),
      })
    )
  }
  if (kind === 'accounts-changed') {
    const chosen = await models.accounts.chosenBy(userId)
    if (!chosen) return null
    const what = t(
      'Other accounts were chosen for your savings just now. Money comes from “{debtor}” and goes to “{creditor}”.',
      { debtor: chosen.debtor.name, creditor: chosen.creditor.name },
    )
    return toldIn(deps, user, { subject: t('Your accounts were changed'), what })
  }
  const { subject, what } = NEWS[kind]
  const isBare = (kind === 'factor-off' || kind === 'passkey-removed') && !hasFactor(user)
  const bare = isBare ? [t('Your password alone signs you in.')] : []
  return toldIn(deps, user, { subject: t(subject), what: [t(what), ...bare].join(' ') })
}

interface News {
  subject: string
  what: string
}

const NEWS: Record<Exclude<SecurityMail, 'factor-lost' | 'factor-reset-asked' | 'accounts-changed'>, News> = {
  'password-changed': {
    subject: term('Your password was changed'),
    what: term(
      'The password of your Sparvana account was changed just now. You are signed out everywhere else.',
    ),
  },
  'new-browser': {
    subject: term('A new sign-in to your account'),
    what: term(
      'Somebody, probably you, has just signed in to your Sparvana account with a browser that we have not seen before. Where you are signed in is shown under Password and security.',
    ),
  },
  'factor-on': {
    subject: term('Your authenticator is on'),
    what: term(
      'From now on your Sparvana account asks for a code of your authenticator app. You are signed out everywhere else.',
    ),
  },
  'factor-off': {
    subject: term('Your authenticator is off'),
    what: term('The authenticator app of your Sparvana account was switched off just now.'),
  },
  'factor-reset': {
    subject: term('Your second step is no longer asked for'),
    what: term(
      'The time you had to call it off is over: your Sparvana account was just signed in to with the password alone. Its authenticator and its passkeys are gone. Set up new ones as soon as you can.',
    ),
  },
  'account-locked': {
    subject: term('Your account is locked'),
    what: term(
      'We have locked your Sparvana account. Nobody can sign in to it, and no money moves, until we have cleared up with you what happened. Answer this mail to reach us.',
    ),
  },
  'account-unlocked': {
    subject: term('Your account is open again'),
    what: term(
      'Your Sparvana account is no longer locked. You can sign in again, and what was waiting goes on.',
    ),
  },
  'role-changed': {
    subject: term('What you may do at Sparvana has changed'),
    what: term(
      'Your Sparvana account has another role now. You are signed out everywhere; sign in again to see it.',
    ),
  },
  'backup-codes-renewed': {
    subject: term('New backup codes'),
    what: term(
      'New backup codes were made for your Sparvana account just now. The old ones are worth nothing any more.',
    ),
  },
  'passkey-added': {
    subject: term('A new passkey'),
    what: term(
      'A passkey was added to your Sparvana account just now. It signs in without the password. You are signed out everywhere else.',
    ),
  },
  'passkey-removed': {
    subject: term('A passkey was removed'),
    what: term(
      'A passkey of your Sparvana account was removed just now. You are signed out everywhere else.',
    ),
  },
  'passkey-copied': {
    subject: term('One of your passkeys may have been copied'),
    what: term(
      'A passkey of your Sparvana account was used and counted backwards, as a copy would. We did not take it. Remove the passkey under Password and security and add it anew.',
    ),
  },
  'token-made': {
    subject: term('A new token for a program'),
    what: term(
      'A token was made for your Sparvana account just now. A program that has it can read or check off what you have allowed it; it is listed, and can be ended, under Settings, Tokens for programs. A new password ends every token.',
    ),
  },
}

function toldIn(
  { baseUrl }: Deps,
  user: { email: string; fullName: string },
  { subject, what }: News,
): Letter {
  const draft: Draft = {
    subject,
    paragraphs: [t('Hello {name},', { name: user.fullName }), what],
    action: { label: t('It was not me: choose a new password'), href: baseUrl + paths.passwordForgot },
    ending: t('If it was you, there is nothing to do.'),
  }
  return composeLetter(user.email, draft)
}
