import { type Bank, createNordea, SCOPES } from './bank/index.ts'
import { type Clock, SECOND, systemClock, type Timer } from './clock.ts'
import type { Settings } from './config.ts'
import { type CountryOf, NO_COUNTRIES, readCountryTable } from './country.ts'
import { createSealer, keyFor } from './crypto.ts'
import { createDb, type Db, mayRewriteHistory } from './db.ts'
import type { EmulatorControl } from './emulator-control.ts'
import { createQueue, type Queue } from './jobs/queue.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMailer, type Mailer } from './mailer.ts'
import { auditKeyFrom } from './models/audit-chain.ts'
import { createBankGate, type Gate } from './models/bank-gate.ts'
import type { ModelContext } from './models/context.ts'
import { createModels, type Models } from './models/index.ts'
import { createPush, type Push } from './push/index.ts'

export interface Deps {
  settings: Settings
  clock: Timer
  log: Logger
  db: Db
  queue: Queue
  models: Models
  bank: Bank
  bankGate: Gate
  /** Null where the bank is no emulator. */
  emulator: EmulatorControl | null
  mailer: Mailer
  /** Null where notifications are off. */
  push: Push | null
  countryOf: CountryOf
  close(): Promise<void>
}

/** A job that is running when the process is told to stop gets this long to reach its next written state. */
const DRAIN_MS = 20 * SECOND

/** The only place where things are wired together. */
export async function createDeps(
  settings: Settings,
  role: 'web' | 'worker',
  replace: { clock?: Timer; log?: Logger; queue?: Queue; countryOf?: CountryOf } = {},
): Promise<Deps> {
  const clock = replace.clock ?? systemClock
  const log = replace.log ?? createLogger(role, settings.LOG_LEVEL)
  const db = createDb(settings.DATABASE_URL, settings.DATABASE_POOL)
  const queue = replace.queue ?? createQueue(db, log, role)
  // Whoever has no database, or one that has not been prepared, doesn't start; the processes before it go on.
  if (!(await queue.isReady()))
    throw new Error('the database is not prepared: run the release command (node prisma/migrate.ts)')
  if (settings.NODE_ENV === 'production' && (await mayRewriteHistory(db)))
    log.warn('the database role of the app may change tables and history: give it a role of its own')
  const context = modelContext(settings, { clock, db, queue })
  const models = createModels(context)
  const bankGate = createBankGate({ ...context, clock }, new URL(settings.NORDEA_BASE_URL).host)
  const bank = createNordea({
    baseUrl: settings.NORDEA_BASE_URL,
    profile: settings.NORDEA_PROFILE,
    clientId: settings.NORDEA_CLIENT_ID,
    clientSecret: settings.NORDEA_CLIENT_SECRET,
    redirectUri: settings.NORDEA_REDIRECT_URI,
    paymentReturnUri: `${settings.BASE_URL}/payments/return`,
    signing:
      settings.NORDEA_SIGNING_KEY === ''
        ? { kind: 'skip-in-sandbox' }
        : {
            kind: 'key',
            keyId: settings.NORDEA_CLIENT_ID,
            privateKeyPem: Buffer.from(settings.NORDEA_SIGNING_KEY, 'base64').toString('utf8'),
          },
    sandbox: settings.NORDEA_ENVIRONMENT === 'sandbox',
    browserOrigins: settings.NORDEA_LOGIN_ORIGINS,
    allowPlainHttp: settings.NODE_ENV !== 'production',
    clock,
    gate: bankGate,
    onCall: (entry) => models.bankCalls.record(entry),
  })
  const emulator = settings.SANDBOX_CONTROL_URL ? await emulatorAt(settings.SANDBOX_CONTROL_URL) : null
  // Nobody comes to a worker from anywhere.
  const ofSettings = role === 'web' ? readCountryTable(settings.COUNTRY_TABLE) : NO_COUNTRIES
  const countryOf = replace.countryOf ?? ofSettings
  const mailer = createMailer(settings.SMTP_URL, settings.MAIL_FROM, {
    encrypted: settings.NODE_ENV === 'production',
  })
  const push = pushOf(settings, clock)
  return {
    settings,
    clock,
    log,
    db,
    queue,
    models,
    bank,
    bankGate,
    emulator,
    mailer,
    push,
    countryOf,
    close: async () => {
      await queue.stop(DRAIN_MS)
      await bank.close()
      await emulator?.close()
      mailer.close()
      await push?.close()
      await models.visits.settled()
      await db.close()
    },
  }
}

/** Read only where there is one: it brings a client of its own. */
async function emulatorAt(url: string): Promise<EmulatorControl> {
  const { openEmulatorControl } = await import('./emulator-control.ts')
  return openEmulatorControl(url)
}

function pushOf(settings: Settings, clock: Clock): Push | null {
  const { WEB_PUSH, VAPID_PRIVATE_KEY: privateKey, PUSH_SERVICES: services } = settings
  if (WEB_PUSH === 'off' || privateKey === undefined) return null
  return createPush({ privateKey, contact: `mailto:${settings.SECURITY_CONTACT}`, services, clock })
}

export function modelContext(
  settings: Settings,
  parts: Pick<ModelContext, 'clock' | 'db' | 'queue'>,
): ModelContext {
  return {
    ...parts,
    sealer: createSealer(settings.TOKEN_KEYS),
    accountHashKey: settings.ACCOUNT_HASH_KEY,
    rules: {
      passwordPepper: settings.PASSWORD_PEPPER,
      proofKey: settings.PROOF_OF_WORK === 'on' ? keyFor('proof of work', settings.SESSION_SECRET) : null,
      auditKey: auditKeyFrom(settings.ACCOUNT_HASH_KEY),
      bcryptCost: settings.BCRYPT_COST,
      origin: settings.BASE_URL,
      passkeyKey: keyFor('passkeys', settings.SESSION_SECRET),
      letterKey: keyFor('letters', settings.SESSION_SECRET),
      tokenKey: keyFor('api tokens', settings.SESSION_SECRET),
      undoWindowSeconds: settings.UNDO_WINDOW_SECONDS,
      leaseSeconds: settings.PAYMENT_LEASE_SECONDS,
      pollSeconds: settings.PAYMENT_POLL_SECONDS,
      resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
      consentDays: settings.CONSENT_DAYS,
      consentNeeds: { profile: settings.NORDEA_PROFILE, scopes: SCOPES },
      factorResetHours: settings.FACTOR_RESET_HOURS,
      coolingOffHours: settings.COOLING_OFF_HOURS,
      exposureLimitMinor: settings.EXPOSURE_LIMIT * 100,
      unattendedReadsPerDay: settings.UNATTENDED_READS_PER_DAY || null,
      bankCallsPerSecond: settings.BANK_CALLS_PER_SECOND || null,
    },
  }
}
