import { existsSync } from 'node:fs'
import { z } from 'zod'
import { isOnThisMachine, TLS_MODES, usualTls, withTls } from './database-address.ts'
import { isPushService, KNOWN_PUSH_SERVICES } from './push-target.ts'

const PLACEHOLDER = /change.?me|example|placeholder|^(test|dev)\b/i

/** Long, and not the same few characters over and over. */
const secret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine((value) => new Set(value).size >= 12, 'must be random, not repeated characters')
  .refine((value) => !PLACEHOLDER.test(value), 'still has its placeholder value')

/** 32 random bytes: nothing shorter, no sentence that happens to decode to as many, no byte over and over. */
function keyIn(text: string): Buffer | null {
  const key = Buffer.from(text, 'base64')
  const isExact = key.toString('base64') === text && key.length === 32
  return isExact && new Set(key).size >= 12 ? key : null
}

const key32 = z.string().transform((value, context) => {
  const key = keyIn(value)
  if (key) return key
  context.addIssue('must be 32 random bytes in base64')
  return z.NEVER
})

const versionedKeys = z
  .string()
  .regex(/^\d{1,3}:[A-Za-z0-9+/=]+(,\d{1,3}:[A-Za-z0-9+/=]+)*$/, 'must look like 1:<32 bytes in base64>,2:…')
  .transform((value, context) => {
    const keys = new Map<number, Buffer>()
    for (const entry of value.split(',')) {
      const colon = entry.indexOf(':')
      const version = Number(entry.slice(0, colon))
      const key = keyIn(entry.slice(colon + 1))
      if (!key || version < 1 || version > 255 || keys.has(version)) {
        context.addIssue('needs a version of its own from 1 to 255 and 32 random bytes for every key')
        return z.NEVER
      }
      keys.set(version, key)
    }
    return keys
  })

const seconds = (fallback: number, max: number, min = 0) =>
  z.coerce.number().int().min(min).max(max).default(fallback)
const origins = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
  )
  .refine(
    (list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    'must be origins, separated by commas',
  )
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, hash } = new URL(text)
  return protocol === 'https:' && search === '' && hash === ''
}

/** As RFC 9207 has it: compared letter by letter, so what no bank could mean is refused here already. */
const issuer = z
  .string()
  .default('')
  .refine((text) => text === '' || isIssuer(text), 'must be an https address without a query or fragment')

/** 32 bytes, as `npm run push:keys` makes them. */
const pushKey = z.string().refine((text) => {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text && bytes.length === 32 && new Set(bytes).size >= 12
}, 'must be made by npm run push:keys')

const pushServices = z
  .string()
  .default('')
  .transform((value) => value.split(',').flatMap((service) => service.trim() || []))
  .refine((list) => list.every(isPushService), 'must be origins, separated by commas')
  .transform((list) => (list.length > 0 ? list : KNOWN_PUSH_SERVICES))

const databaseUrl = z
  .string()
  .refine((text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text), 'must be a postgres:// address')
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })

/** Every setting of the app, in the order of .env.example. Secrets have no default. */
export const settingsSchema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('0.0.0.0'),
  BASE_URL: httpUrl.transform((value) => new URL(value).origin),
  WEB_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(1),
  REQUESTS_AT_ONCE: z.coerce.number().int().min(1).max(1_000).default(64),
  DRAIN_SECONDS: z.coerce.number().int().min(0).max(15).default(5),
  TRUST_PROXY: z.coerce.number().int().min(0).max(5).default(0),
  DATABASE_URL: databaseUrl,
  MIGRATION_DATABASE_URL: databaseUrl.optional(),
  DATABASE_TLS: z.enum(TLS_MODES).optional(),
  DATABASE_CA: z.string().default(''),
  DATABASE_POOL: z.coerce.number().int().min(2).max(100).default(10),
  SESSION_SECRET: secret,
  SESSION_IDLE_MINUTES: z.coerce.number().int().min(1).max(720).default(5),
  SESSION_LONGEST_HOURS: z.coerce.number().int().min(1).max(24).default(12),
  SESSION_BINDING: z.enum(['network', 'browser']).default('network'),
  FACTOR_RESET_HOURS: z.coerce.number().int().min(1).max(720).default(48),
  COUNTRY_TABLE: z.string().default(''),
  READS_PER_MINUTE: z.coerce.number().int().min(0).max(100_000).default(300),
  BANK_READS_PER_MINUTE: z.coerce.number().int().min(0).max(10_000).default(20),
  WRITES_PER_MINUTE: z.coerce.number().int().min(0).max(10_000).default(60),
  API_REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).max(10_000).default(60),
  PROOF_OF_WORK: z.enum(['on', 'off']).default('on'),
  PASSWORD_PEPPER: secret,
  ACCOUNT_HASH_KEY: key32,
  TOKEN_KEYS: versionedKeys,
  BCRYPT_COST: z.coerce.number().int().min(4).max(15).default(12),
  SMTP_URL: z.string().regex(/^smtps?:\/\//, 'must be an smtp:// or smtps:// address'),
  SECURITY_CONTACT: z.email('must be an e-mail address').default('security@sparvana.example'),
  PRIVACY_CONTACT: z.email('must be an e-mail address').default('privacy@sparvana.example'),
  DATA_PLACE: z.string().min(2).max(100).default('the European Union'),
  MAIL_FROM: z.string().min(3).default('Sparvana <no-reply@sparvana.example>'),
  NORDEA_BASE_URL: httpUrl,
  NORDEA_ENVIRONMENT: z.enum(['sandbox', 'production']).default('sandbox'),
  NORDEA_PROFILE: z.enum(['current', 'paper']).default('current'),
  NORDEA_CLIENT_ID: z.string().min(1),
  NORDEA_CLIENT_SECRET: z.string().min(1),
  NORDEA_REDIRECT_URI: httpUrl,
  NORDEA_LOGIN_ORIGINS: origins,
  NORDEA_ISSUER: issuer,
  NORDEA_SIGNING_KEY: z.string().default(''),
  CONSENT_DAYS: z.coerce.number().int().min(1).max(180).default(90),
  UNDO_WINDOW_SECONDS: seconds(60, 86_400),
  PAYMENT_LEASE_SECONDS: seconds(30, 600, 1),
  PAYMENT_POLL_SECONDS: seconds(10, 3_600),
  RESEND_AFTER_SECONDS: seconds(120, 86_400),
  COOLING_OFF_HOURS: z.coerce.number().int().min(0).max(720).default(24),
  EXPOSURE_LIMIT: z.coerce.number().int().min(1).max(10_000_000).default(1_000_000),
  UNATTENDED_READS_PER_DAY: z.coerce.number().int().min(0).max(1_000).default(4),
  BANK_CALLS_PER_SECOND: z.coerce.number().int().min(0).max(1_000).default(20),
  APPROVAL_REMINDER_MINUTES: z.coerce.number().int().min(1).max(10_080).default(5),
  SANDBOX_CONSOLE: z.enum(['on', 'off']).default('off'),
  SANDBOX_CONTROL_URL: httpUrl.optional(),
  DEMO: z.enum(['on', 'off']).default('off'),
  METRICS_TOKEN: secret.optional(),
  WEB_PUSH: z.enum(['on', 'off']).default('off'),
  VAPID_PRIVATE_KEY: pushKey.optional(),
  PUSH_SERVICES: pushServices,
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
})

export type Settings = Readonly<z.output<typeof settingsSchema>>

export class WrongSettings extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`These settings are wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'WrongSettings'
    this.problems = problems
  }
}

/** Reads the settings once and freezes them. @throws WrongSettings naming every one that is wrong, not only the first. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = givenIn(environment)
  const parsed = settingsSchema.safeParse(given)
  const problems = problemsOf(parsed.error, given)
  problems.push(...contradictions(parsed.data ?? readable(given), environment))
  if (!parsed.success || problems.length > 0) throw new WrongSettings(problems)
  return Object.freeze({ ...parsed.data, ...databaseAddresses(parsed.data) })
}

/**
 * The addresses with all that the settings say about TLS.
 * @param settings of any program that reaches the database, also of one that needs no others.
 */
export function databaseAddresses(
  settings: Pick<
    Settings,
    'NODE_ENV' | 'DATABASE_URL' | 'MIGRATION_DATABASE_URL' | 'DATABASE_TLS' | 'DATABASE_CA'
  >,
): Pick<Settings, 'DATABASE_URL' | 'MIGRATION_DATABASE_URL'> {
  const { NODE_ENV, DATABASE_URL, MIGRATION_DATABASE_URL, DATABASE_TLS, DATABASE_CA } = settings
  const reached = (url: string) => {
    // At a desk an address may say by itself how it is reached.
    if (DATABASE_TLS === undefined && NODE_ENV !== 'production') return url
    return withTls(url, { mode: DATABASE_TLS ?? usualTls(url), ca: DATABASE_CA || null })
  }
  return {
    DATABASE_URL: reached(DATABASE_URL),
    ...(MIGRATION_DATABASE_URL ? { MIGRATION_DATABASE_URL: reached(MIGRATION_DATABASE_URL) } : {}),
  }
}

/** What the release command has to know; it takes these and no others. @throws WrongSettings */
export function readDatabaseSettings(
  environment: NodeJS.ProcessEnv,
): Pick<Settings, 'DATABASE_URL' | 'MIGRATION_DATABASE_URL'> {
  const given = givenIn(environment)
  const parsed = settingsSchema
    .pick({
      NODE_ENV: true,
      DATABASE_URL: true,
      MIGRATION_DATABASE_URL: true,
      DATABASE_TLS: true,
      DATABASE_CA: true,
    })
    .safeParse(given)
  const problems = problemsOf(parsed.error, given)
  problems.push(...databaseProblems(parsed.data ?? {}))
  if (!parsed.success || problems.length > 0) throw new WrongSettings(problems)
  return databaseAddresses(parsed.data)
}

function givenIn(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
}

function problemsOf(error: z.ZodError | undefined, given: Record<string, unknown>): string[] {
  return (error?.issues ?? []).map(
    ({ path, message }) =>
      `${path.join('.')} ${given[String(path[0])] === undefined ? 'is missing' : message}`,
  )
}

function databaseProblems(settings: Partial<Settings>): string[] {
  const { NODE_ENV, DATABASE_URL, DATABASE_TLS, DATABASE_CA } = settings
  const problems: string[] = []
  if (DATABASE_CA && !existsSync(DATABASE_CA)) problems.push('DATABASE_CA is the path of no file')
  if (DATABASE_TLS === 'verify-ca' && !DATABASE_CA)
    problems.push('DATABASE_CA is missing: DATABASE_TLS=verify-ca checks nothing without it')
  if (NODE_ENV === 'production' && DATABASE_TLS === 'off' && DATABASE_URL && !isOnThisMachine(DATABASE_URL))
    problems.push('DATABASE_TLS cannot be off in production for a database on another machine')
  return problems
}

/** Those that can be read although others can't, so that their contradictions are named too. */
function readable(given: Record<string, unknown>): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([name, schema]) => {
      const parsed = schema.safeParse(given[name])
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )
}

function contradictions(settings: Partial<Settings>, environment: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  const callback = `${settings.BASE_URL}/bank/callback`
  if (settings.BASE_URL && settings.NORDEA_REDIRECT_URI && settings.NORDEA_REDIRECT_URI !== callback)
    problems.push(`NORDEA_REDIRECT_URI must be ${callback}, as registered at the bank`)
  if (settings.NORDEA_ENVIRONMENT === 'production' && settings.NORDEA_SIGNING_KEY === '') {
    problems.push('NORDEA_SIGNING_KEY is missing: only the sandbox takes unsigned calls')
  }
  if (settings.WEB_PUSH === 'on' && settings.VAPID_PRIVATE_KEY === undefined)
    problems.push(
      'VAPID_PRIVATE_KEY is missing: without it no push service takes anything (npm run push:keys)',
    )
  if (settings.SANDBOX_CONTROL_URL !== undefined) {
    const isReal = settings.NODE_ENV === 'production' || settings.NORDEA_ENVIRONMENT === 'production'
    if (isReal) problems.push('SANDBOX_CONTROL_URL cannot be set in production: only the emulator has one')
  }
  problems.push(...databaseProblems(settings))
  if (settings.NODE_ENV === 'production') problems.push(...productionProblems(settings, environment))
  return problems
}

/** A call to the bank may take 23 seconds; a shorter lease would let a second worker in while the first still sends. */
const LEAST_LEASE_SECONDS = 30
/** An order whose answer never came may still be on its way inside the bank for a while. */
const LEAST_RESEND_SECONDS = 60

function productionProblems(settings: Partial<Settings>, environment: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  const below = (value: number | undefined, least: number) => value !== undefined && value < least
  if (settings.BASE_URL && !settings.BASE_URL.startsWith('https://'))
    problems.push('BASE_URL must be https in production')
  if (settings.NORDEA_BASE_URL && !settings.NORDEA_BASE_URL.startsWith('https://'))
    problems.push('NORDEA_BASE_URL must be https in production')
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    problems.push('NODE_TLS_REJECT_UNAUTHORIZED must not be 0')
  if (settings.PROOF_OF_WORK === 'off') problems.push('PROOF_OF_WORK cannot be off in production')
  if (settings.PUSH_SERVICES?.some((service) => !service.startsWith('https://')))
    problems.push('PUSH_SERVICES must be https in production')
  if (settings.DEMO === 'on') problems.push('DEMO cannot be on in production')
  if (settings.SANDBOX_CONSOLE === 'on' && settings.NORDEA_ENVIRONMENT === 'production') {
    problems.push('SANDBOX_CONSOLE cannot be on against the real bank')
  }
  if (settings.SESSION_SECRET && settings.SESSION_SECRET === settings.PASSWORD_PEPPER)
    problems.push('PASSWORD_PEPPER must be another secret than SESSION_SECRET')
  if (below(settings.BCRYPT_COST, 12)) problems.push('BCRYPT_COST must be at least 12 in production')
  if (below(settings.PAYMENT_LEASE_SECONDS, LEAST_LEASE_SECONDS))
    problems.push(`PAYMENT_LEASE_SECONDS must be at least ${LEAST_LEASE_SECONDS} in production`)
  if (below(settings.RESEND_AFTER_SECONDS, LEAST_RESEND_SECONDS))
    problems.push(`RESEND_AFTER_SECONDS must be at least ${LEAST_RESEND_SECONDS} in production`)
  return problems
}
