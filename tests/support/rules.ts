import { randomBytes } from 'node:crypto'
import type { Rules } from '../../src/models/context.ts'

/** The app's rules with short times, and no limit of calls. */
export const TEST_RULES: Rules = {
  passwordPepper: randomBytes(32).toString('hex'),
  proofKey: null,
  auditKey: randomBytes(32).toString('hex'),
  bcryptCost: 4,
  origin: 'http://localhost:3999',
  passkeyKey: randomBytes(32).toString('hex'),
  letterKey: randomBytes(32).toString('hex'),
  tokenKey: randomBytes(32).toString('hex'),
  undoWindowSeconds: 60,
  leaseSeconds: 30,
  pollSeconds: 10,
  resendAfterSeconds: 120,
  consentDays: 90,
  consentNeeds: { profile: 'current', scopes: ['ACCOUNTS_BASIC', 'PAYMENTS_MULTIPLE'] },
  factorResetHours: 48,
  coolingOffHours: 24,
  exposureLimitMinor: 100_000_000,
  unattendedReadsPerDay: null,
  bankCallsPerSecond: null,
}
