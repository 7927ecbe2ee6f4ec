import { formatInstant } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import type { OwnPasskey } from '../../models/passkey.ts'
import { paths } from '../../paths.ts'

export interface PasskeyRow {
  label: string
  /** Where it is kept. */
  kept: string
  added: string
  /** Null before the first time. */
  lastUsed: string | null
  renamePath: string
  /** Null where it has to stay. */
  removePath: string | null
}

/** An admin's only factor has no button that would be refused. */
export function passkeyList(passkeys: readonly OwnPasskey[], user: User): PasskeyRow[] {
  const hasToStay = user.role === 'ADMIN' && user.totpConfirmedOn === null && passkeys.length === 1
  return passkeys.map(({ id, label, isSynced, createdOn, lastUsedOn }) => ({
    label,
    kept: isSynced ? 'kept on several of your devices' : 'on one device only',
    added: formatInstant(createdOn, user.timezone),
    lastUsed: lastUsedOn ? formatInstant(lastUsedOn, user.timezone) : null,
    renamePath: paths.passkeyRename(id),
    removePath: hasToStay ? null : paths.passkeyRemove(id),
  }))
}
