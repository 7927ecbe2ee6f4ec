import { type Bank, createNordea } from './bank/index.ts'
import { SECOND, systemClock, type Timer } from './clock.ts'
import type { Settings } from './config.ts'
import { createSealer, keyFor } from './crypto.ts'
import { createDb, type Db } from './db.ts'
import { createQueue, type Queue } from './jobs/queue.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMailer, type Mailer } from './mailer.ts'
import { auditKeyFrom } from './models/audit-chain.ts'
import { createBankGate, type Gate } from './models/bank-gate.ts'
import type { ModelContext } from './models/context.ts'
import { createModels, type Models } from './models/index.ts'

export interface Deps {
  settings: Settings
  clock: Timer
  log: Logger
  db: Db
  queue: Queue
  models: Models
  bank: Bank
  bankGate: Gate
  mailer: Mailer
  close(): Promise<void>
}

/** A job that is running when the process is told to stop gets this long to reach its next written state. */
const DRAIN_MS = 20 * SECOND

/** The only place where things are wired together. */
export async function createDeps(
  settings: Settings,
  role: 'web' | 'worker',
  replace: { clock?: Timer; log?: Logger; queue?: Queue } = {},
): Promise<Deps> {
  const clock = replace.clock ?? systemClock
  const log = replace.log ?? createLogger(role, settings.LOG_LEVEL)
  const db = createDb(settings.DATABASE_URL, settings.DATABASE_POOL)
  const queue = replace.queue ?? (await createQueue(db, log, role))
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
  const mailer = createMailer(settings.SMTP_URL, settings.MAIL_FROM, {
    encrypted: settings.NODE_ENV === 'production',
  })
  return {
    settings,
    clock,
    log,
    db,
    queue,
    models,
    bank,
    bankGate,
    mailer,
    close: async () => {
      await queue.stop(DRAIN_MS)
      await bank.close()
      mailer.close()
      await db.close()
    },
  }
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
      undoWindowSeconds: settings.UNDO_WINDOW_SECONDS,
      leaseSeconds: settings.PAYMENT_LEASE_SECONDS,
      pollSeconds: settings.PAYMENT_POLL_SECONDS,
      resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
      consentDays: settings.CONSENT_DAYS,
      factorResetHours: settings.FACTOR_RESET_HOURS,
      coolingOffHours: settings.COOLING_OFF_HOURS,
      exposureLimitMinor: settings.EXPOSURE_LIMIT * 100,
      unattendedReadsPerDay: settings.UNATTENDED_READS_PER_DAY || null,
      bankCallsPerSecond: settings.BANK_CALLS_PER_SECOND || null,
    },
  }
}
