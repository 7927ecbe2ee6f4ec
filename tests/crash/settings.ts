import { fileURLToPath } from 'node:url'
import { SECOND } from '../../src/clock.ts'
import { testEnvironment } from '../support/settings.ts'

/** So short that a whole life of a payment, with a lease that runs out, fits between two kills. */
export const LEASE_SECONDS = 3
const POLL_SECONDS = 1
const RESEND_AFTER_SECONDS = 5
const UNDO_WINDOW_SECONDS = 1

/** Tokens are renewed a minute before their end: here every quarter of a minute. */
export const ACCESS_TOKEN_SECONDS = 75
/** From confirmed to accepted and from there to paid: longer than between two looks, so that both are seen. */
export const SETTLE_DELAY_MS = 2_000

/** The worker looks for what is due this often. */
const LOOK_EVERY_MS = 500
/** What a dead worker held is taken up by any other with a hand free within the lease, a poll and a look … */
export const LEASE_AND_LOOK_MS = (LEASE_SECONDS + POLL_SECONDS) * SECOND + LOOK_EVERY_MS
/** … on a machine of two cores that carry everything, and perhaps somebody else's work. */
export const RESUME_WITHIN_MS = LEASE_AND_LOOK_MS + 2 * SECOND

export function appEnvironment(places: {
  origin: string
  databaseUrl: string
  bankUrl: string
  smtpPort: number
}): Record<string, string> {
  return testEnvironment({
    BASE_URL: places.origin,
    PORT: new URL(places.origin).port,
    DATABASE_URL: places.databaseUrl,
    SMTP_URL: `smtp://127.0.0.1:${places.smtpPort}`,
    NORDEA_BASE_URL: places.bankUrl,
    NORDEA_LOGIN_ORIGINS: places.bankUrl,
    UNDO_WINDOW_SECONDS: String(UNDO_WINDOW_SECONDS),
    PAYMENT_LEASE_SECONDS: String(LEASE_SECONDS),
    PAYMENT_POLL_SECONDS: String(POLL_SECONDS),
    RESEND_AFTER_SECONDS: String(RESEND_AFTER_SECONDS),
    LOG_LEVEL: 'info',
  })
}

/** What the emulator is told of the app, in its own process. */
export interface BankSetUp {
  port: number
  clientId: string
  clientSecret: string
  redirectUris: string[]
  stateFile: string
}

/** @param name below tests/crash. */
export function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
