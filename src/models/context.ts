import type { Clock } from '../clock.ts'
import type { Sealer } from '../crypto.ts'
import type { Db } from '../db.ts'
import type { Queue } from '../jobs/queue.ts'
import type { ConsentNeeds } from './consent/standing.ts'

/** What every model is built from. */
export interface ModelContext {
  db: Db
  clock: Clock
  queue: Queue
  sealer: Sealer
  accountHashKey: Buffer
  rules: Rules
}

/** The settings the models need, in their own units. */
export interface Rules {
  passwordPepper: string
  /** Signs the challenges of forms that ask for a proof of work; null where none does. */
  proofKey: string | null
  /** Seals the audit trail; the database never sees it. */
  auditKey: string
  bcryptCost: number
  /** Where the app is, as its settings say: passkeys belong to it and to nothing else. */
  origin: string
  /** Signs the challenges of passkeys. */
  passkeyKey: string
  /** Signs the links that end a kind of letter. */
  letterKey: string
  /** Tokens for programs are kept as hashes under this key. */
  tokenKey: string
  undoWindowSeconds: number
  leaseSeconds: number
  pollSeconds: number
  resendAfterSeconds: number
  consentDays: number
  consentNeeds: ConsentNeeds
  /** How long the owner of an account has to call off that its second factor is taken away. */
  factorResetHours: number
  /** How long a loosened limit waits before it counts. */
  coolingOffHours: number
  /** Per currency, in minor units: what may be under way to the bank and not yet settled, of all savers together. */
  exposureLimitMinor: number
  /** Reads of accounts that the bank allows a day while the saver is away; null where it has no such limit. */
  unattendedReadsPerDay: number | null
  /** What all processes together ask of the bank; null leaves it to the bank to object. */
  bankCallsPerSecond: number | null
}

/** Who acts; goes into the audit trail. */
export interface Actor {
  kind: 'visitor' | 'saver' | 'admin' | 'worker'
  id: string | null
  ip: string | null
  /** Where that address belongs to, as far as is known: ISO 3166-1, two letters. */
  country?: string | null
  requestId: string | null
  /** The token by which a program of theirs acts. */
  via?: string
}

export function workerActor(requestId: string | null): Actor {
  return { kind: 'worker', id: null, ip: null, requestId }
}
