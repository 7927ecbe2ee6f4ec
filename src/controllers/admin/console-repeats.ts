import type { AuditEvent, BankCall } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { paths } from '../../paths.ts'
import type { ConsoleCall, Typed } from './console-call.ts'
import { CONSOLE_CALLS } from './console-calls.ts'

export type Repeat =
  | { kind: 'possible'; call: ConsoleCall; fields: Typed }
  /** In words, and where else it can be had. */
  | { kind: 'not'; why: string; form: { href: string; label: string } | null }

/**
 * Whether an admin can make a call of the log anew: it only reads, and it was their own. Which account it was about has been
 * taken out of the log; what the console noted of it has not.
 * @param events what the same request wrote into the audit trail.
 */
export function repeatOf(entry: BankCall, events: readonly AuditEvent[], adminId: string): Repeat {
  const call = CONSOLE_CALLS.find(({ api, again }) => api === entry.api && again !== undefined)
  if (!call?.again)
    return not(t('This call does something at the bank. Only calls that read can be repeated.'))
  if (entry.onBehalfOfId !== adminId)
    return not(
      t('This call was not made with your own consent, and nobody’s consent but yours is used here.'),
    )
  const noted = events.find(
    ({ action, actorId, detail }) =>
      action === 'sandbox.call-asked' && actorId === adminId && callIn(detail) === call.name,
  )
  const fields = call.again(entry, noted?.detail ?? null)
  if (fields) return { kind: 'possible', call, fields }
  return not(t('What this call was about was not kept. Its form makes another one.'), {
    href: paths.adminConsoleCall(call.name),
    label: t(call.title),
  })
}

function not(why: string, form: { href: string; label: string } | null = null): Repeat {
  return { kind: 'not', why, form }
}

function callIn(detail: AuditEvent['detail']): unknown {
  return typeof detail === 'object' && detail !== null && 'call' in detail ? detail.call : null
}
