import type { Bank } from '../../../bank/index.ts'
import type { Clock } from '../../../clock.ts'
import type { Logger } from '../../../logger.ts'
import type { Gate } from '../../../models/bank-gate.ts'
import type { Models } from '../../../models/index.ts'
import type { Claim } from '../../../models/payment.ts'

export interface SettleDeps {
  models: Models
  bank: Bank
  clock: Clock
  log: Logger
  rules: SettleRules
  /** Tells how long the bank as a whole is left alone; without it each payment waits by itself. */
  bankGate?: Pick<Gate, 'closedForMs'>
  /** Told when the process is to end: the run stops at the next written state. */
  stopping?: AbortSignal
}

export interface SettleRules {
  pollSeconds: number
  resendAfterSeconds: number
  /** When the bank has waited so long for an approval, the saver is reminded once. */
  reminderMinutes: number
}

/** `null`: the payment waits or is final; otherwise the same claim, moved on. */
export type Step = Promise<Claim | null>
