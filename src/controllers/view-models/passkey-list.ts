import { formatInstant } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { OwnPasskey } from '../../models/passkey.ts'
import { paths } from '../../paths.ts'

export interface PasskeyRow {
  label: string
  /** Where it is kept. */
  kept: string
  added: string
  lastUsed: string
  renamePath: string
  /** Null where it has to stay. */
  removePath: string | null
}

/** An admin's only factor has no button that would be refused. */
export function passkeyList(passkeys: readonly OwnPasskey[], user: User): PasskeyRow[] {
  const hasToStay = user.role === 'ADMIN' && user.totpConfirmedOn === null && passkeys.length === 1
  return passkeys.map(({ id, label, isSynced, createdOn, lastUsedOn }) => ({
    label,
    kept: isSynced ? t('kept on several of your devices') : t('on one device only'),
    added: t('added {time}', { time: formatInstant(createdOn, user.timezone) }),
    lastUsed: lastUsedOn
      ? t('last used {time}', { time: formatInstant(lastUsedOn, user.timezone) })
      : t('not used yet'),
    renamePath: paths.passkeyRename(id),
    removePath: hasToStay ? null : paths.passkeyRemove(id),
  }))
}
