import type { Bank } from '../words.ts'
import { accounts } from './accounts.ts'
import { authorization } from './authorization.ts'
import { browserUrlCheck } from './browser-url.ts'
import { createCaller } from './caller.ts'
import { endpointsOf } from './endpoints.ts'
import { payments } from './payments.ts'
import { sandboxBank } from './sandbox.ts'
import { checkSettings, type NordeaSettings } from './settings.ts'
import { openTransport } from './transport.ts'

/**
 * Nordea behind our door. One instance a process: it keeps its connections, so close it at the end.
 * @throws Error for settings that would be unsafe: plain http that wasn't allowed, unsigned requests outside the sandbox.
 */
export function createNordea(settings: NordeaSettings): Bank & { close(): Promise<void> } {
  const checked = checkSettings(settings)
  const { profile } = checked
  const transport = openTransport(checked.base.origin, checked.timeouts)
  const call = createCaller(settings, checked, transport)
  const browserUrl = browserUrlCheck(settings)
  return {
    profile: profile.name,
    endpoints: endpointsOf(profile, settings),
    browserOrigins: settings.browserOrigins,
    canRevoke: profile.revokePath !== null,
    ...authorization(call, settings, checked, browserUrl),
    ...accounts(call, profile),
    ...payments(call, settings, profile, browserUrl),
    sandbox: settings.sandbox ? sandboxBank(call, profile, settings.clock) : null,
    close: () => transport.close(),
  }
}
