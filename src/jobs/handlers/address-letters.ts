import { t } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import type { EmailChange } from '../../models/address.ts'
import { paths } from '../../paths.ts'
import { composeLetter } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

interface Owner {
  id: string
  fullName: string
}

export type AddressMail = 'address-new' | 'address-old' | 'address-moved-here' | 'address-moved-away'

/** About an account that moves to another address, to that one or to the old. @returns null when it was called off since. */
export async function addressLetter(
  deps: Deps,
  { userId, changeId, kind }: { userId: string; changeId: string; kind: AddressMail },
): Promise<Letter | null> {
  const change = await deps.models.addresses.standing(userId, changeId)
  const user = await deps.models.users.find(userId)
  if (!user || !change) return null
  if (kind === 'address-moved-here') return movedHere(deps, user, change)
  if (kind === 'address-moved-away') return movedAway(deps, user, change)
  if (change.confirmedOn) return null
  return kind === 'address-new' ? toNew(deps, user, change) : toOld(deps, user, change)
}

async function toNew({ models, baseUrl }: Deps, user: Owner, change: EmailChange): Promise<Letter> {
  if (await models.addresses.belongsToAnother(change.newEmail, user.id)) return toTaken(baseUrl, change)
  const { token } = await models.users.mintToken(user.id, 'NEW_ADDRESS', change.id)
  return composeLetter(change.newEmail, {
    subject: t('Confirm your new e-mail address'),
    paragraphs: [
      t('Hello,'),
      t(
        'A Sparvana account is to move to this address. Open the link, sign in as before, and confirm it. The link works once, for 24 hours.',
      ),
    ],
    action: { label: t('Move my account here'), href: baseUrl + paths.addressNew(token) },
    ending: t(
      'If you don’t know of this, somebody has mistyped their address: ignore this mail, and nothing happens.',
    ),
  })
}

/** Whoever asked for it sees nothing of this: that there is an account is told to its owner only. */
function toTaken(baseUrl: string, { newEmail }: EmailChange): Letter {
  return composeLetter(newEmail, {
    subject: t('This address has an account already'),
    paragraphs: [
      t('Hello,'),
      t(
        'Somebody, perhaps you, wanted to move another Sparvana account to this address. It has an account already, or a sign-up that waits for its confirmation. Nothing was changed.',
      ),
    ],
    action: { label: t('Sign in'), href: baseUrl + paths.login },
    ending: t(
      'If both are yours, use another address, or erase one of the accounts under Settings, Your data.',
    ),
  })
}

async function toOld({ models, baseUrl }: Deps, user: Owner, change: EmailChange): Promise<Letter> {
  const { token } = await models.users.mintToken(user.id, 'OLD_ADDRESS', change.id)
  return composeLetter(change.oldEmail, {
    subject: t('Your account is to move to another address'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'Somebody, probably you, has asked that your Sparvana account moves to another e-mail address. It does as soon as that address is confirmed.',
      ),
      t(
        'If it was not you, call it off here, within three days. Everybody is signed out then, and you choose a new password.',
      ),
    ],
    action: { label: t('It was not me: call it off'), href: baseUrl + paths.addressTakeBack(token) },
    ending: t('If it was you, there is nothing to do here: look into the mail at the new address.'),
  })
}

function movedHere({ baseUrl }: Deps, user: Owner, { newEmail }: EmailChange): Letter {
  return composeLetter(newEmail, {
    subject: t('Your account has moved to this address'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'From now on you sign in to Sparvana with this address, and our letters come here. You are signed out everywhere else.',
      ),
    ],
    action: { label: t('See where I am signed in'), href: baseUrl + paths.settingsSecurity },
    ending: t('For three days the old address can take this back.'),
  })
}

async function movedAway({ models, baseUrl }: Deps, user: Owner, change: EmailChange): Promise<Letter> {
  const { token } = await models.users.mintToken(user.id, 'OLD_ADDRESS', change.id)
  return composeLetter(change.oldEmail, {
    subject: t('Your account has moved to another address'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'Your Sparvana account has just moved to another e-mail address. This is our last letter to this one.',
      ),
      t(
        'If it was not you, take it back here, within three days. Everybody is signed out then, and you choose a new password.',
      ),
    ],
    action: { label: t('It was not me: take it back'), href: baseUrl + paths.addressTakeBack(token) },
    ending: t('If it was you, there is nothing to do.'),
  })
}
