import type { Clock } from '../../clock.ts'
import type { BankCallEntry, BankGate } from '../words.ts'
import { PROFILES, type Profile } from './profiles.ts'
import { readSigningKey, type SigningKey } from './signature.ts'

export interface NordeaSettings {
  /** Scheme, host, port and any prefix; every call goes there and nowhere else. */
  baseUrl: string
  profile: Profile['name']
  clientId: string
  clientSecret: string
  /** Where the bank sends the browser after consent; must be registered with the bank. */
  redirectUri: string
  /** Where the bank sends the browser after approving payments. */
  paymentReturnUri: string
  signing: { kind: 'skip-in-sandbox' } | { kind: 'key'; keyId: string; privateKeyPem: string }
  /** The host name the bank knows itself by, if it isn't that of `baseUrl`. */
  originatingHost?: string
  sandbox: boolean
  browserOrigins: string[]
  /** Only for a bank on this machine, in development and tests. */
  allowPlainHttp: boolean
  /**
   * Whole milliseconds, each above 0 and at most 10 000. Below a second a phase is not cut off by itself, because undici's
   * timers tick every half second, but a call ends after the sum of the three.
   */
  timeouts?: Partial<Timeouts>
  clock: Clock
  /** Asked before every HTTP call, and told what became of it. Absent: every call goes at once. */
  gate?: BankGate
  /**
   * Told about every HTTP call once its outcome is known, so not about those the gate or the time limit held back. If it fails, a call that only read fails too (no reading
   * without a trace); a call that acted keeps its outcome, and the process warns.
   */
  onCall: (entry: BankCallEntry) => Promise<void> | void
}

export interface Timeouts {
  connectMs: number
  headersMs: number
  bodyMs: number
}

/** Settings that have been found sound. */
export interface Checked {
  base: URL
  profile: Profile
  timeouts: Timeouts
  signing: SigningKey | 'skip'
  originatingHost: string
}

const MAX_TIMEOUT_MS = 10_000
/** A second below the limit, because undici's own timers may run half a second late. */
const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 5_000, headersMs: 9_000, bodyMs: 9_000 }

/** @throws Error naming the setting that is unsafe or unusable. */
export function checkSettings(settings: NordeaSettings): Checked {
  const base = new URL(settings.baseUrl)
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && settings.allowPlainHttp)) {
    throw new Error('bank: baseUrl must be https')
  }
  if (base.search || base.hash || base.username || base.password) {
    throw new Error('bank: baseUrl must hold scheme, host, port and prefix only')
  }
  if (settings.signing.kind === 'skip-in-sandbox' && !settings.sandbox) {
    throw new Error('bank: signing may be skipped only in the sandbox')
  }
  const profile = PROFILES[settings.profile]
  if (!profile) throw new Error('bank: unknown profile')
  return {
    base,
    profile,
    timeouts: checkTimeouts({ ...DEFAULT_TIMEOUTS, ...settings.timeouts }),
    signing:
      settings.signing.kind === 'key'
        ? readSigningKey(settings.signing.keyId, settings.signing.privateKeyPem)
        : 'skip',
    originatingHost: (settings.originatingHost ?? base.hostname).toLowerCase(),
  }
}

function checkTimeouts(timeouts: Timeouts): Timeouts {
  for (const [name, value] of Object.entries(timeouts)) {
    // Undici would refuse a fraction only when the first call is made.
    if (!(Number.isInteger(value) && value > 0 && value <= MAX_TIMEOUT_MS)) {
      throw new Error(
        `bank: timeouts.${name} must be a whole number of ms, above 0 and at most ${MAX_TIMEOUT_MS}`,
      )
    }
  }
  return timeouts
}
