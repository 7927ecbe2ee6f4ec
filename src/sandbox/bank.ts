/** What every part of the emulated bank is handed. */

import type { KeyObject } from 'node:crypto'
import type { SandboxClock } from './sandbox-clock.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'

/** The one app known to this bank. `publicKeys` by key id. */
export interface RegisteredApp {
  clientId: string
  clientSecret: string
  redirectUris: readonly string[]
  publicKeys: ReadonlyMap<string, KeyObject>
}

export interface Bank {
  store: Store
  clock: SandboxClock
  settings: Settings
  app: RegisteredApp
  /** Where browsers reach the bank's own pages: scheme, host and port, no slash at the end. */
  publicUrl: string
}
