import type { Bank } from '../bank/index.ts'
import type { Clock } from '../clock.ts'
import type { EmulatorControl } from '../emulator-control.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Logger } from '../logger.ts'
import type { RequestMetrics } from '../metrics.ts'
import type { Gate } from '../models/bank-gate.ts'
import type { Models } from '../models/index.ts'
import type { RouteTable } from '../routes.ts'

/** What controllers are built from. */
export interface WebContext {
  models: Models
  bank: Bank
  bankGate: Pick<Gate, 'closedForMs' | 'trials'>
  /** Null where the bank is no emulator. */
  emulator: EmulatorControl | null
  clock: Clock
  queue: Pick<Queue, 'standing' | 'failed' | 'findFailed' | 'retry' | 'schedules'>
  /** The public half of our key (null where notifications are off), and the only services that may be called. */
  push: { key: string | null; services: readonly string[] }
  log: Logger
  routes: RouteTable
  /** What this process has answered since it started. */
  requests: Pick<RequestMetrics, 'byRoute'>
  /** How long the bank is asked to let us in. */
  consentDays: number
  /** How the bank names itself in its answers (RFC 9207); empty where it doesn't. */
  bankIssuer: string
  /** Where data are kept, in words, and who answers for them. */
  privacy: { place: string; contact: string }
  /** A session in which nothing happens for so long is over. */
  idleMinutes: number
}
