import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import winston from 'winston'
import { createApp } from '../../src/app.ts'
import { ManualClock, type Timer } from '../../src/clock.ts'
import { readSettings } from '../../src/config.ts'
import type { CountryOf } from '../../src/country.ts'
import { createDeps, type Deps } from '../../src/deps.ts'
import { type MailCatcher, startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import type { Files } from '../../src/files.ts'
import { createSendMail } from '../../src/jobs/handlers/send-mail.ts'
import { createSettleSaver } from '../../src/jobs/handlers/settle-saver.ts'
import type { Jobs } from '../../src/jobs/queue.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'
import { type AsOwner, type TestDatabase, testDatabase } from './database.ts'
import { testEnvironment } from './settings.ts'

export interface TestApp {
  baseUrl: string
  deps: Deps
  sandbox: Sandbox
  mail: MailCatcher
  environment: Record<string, string>
  /** As the role that owns the database, which the app isn’t. */
  asOwner: AsOwner
  /** Sends the mails that wait in the queue, over real SMTP. */
  sendMails(): Promise<void>
  /** Lets the worker's own handler do everything that is due at this moment. */
  settleDue(): Promise<void>
  /** How many bytes it has sent since it started, heads and all. */
  bytesSent(): number
  close(): Promise<void>
}

export interface TestAppOptions {
  settings?: Record<string, string>
  sandbox?: Partial<SandboxOptions>
  clock?: Timer
  /** Left out: one of its own, of the server that all tests share. */
  database?: TestDatabase
  /** Stands for the table of countries, which is off here. */
  countryOf?: CountryOf
  /** Stand for what lies in public/. */
  files?: Files
}

/** The whole app on a port of its own: real PostgreSQL, real bank client against the emulator, real SMTP. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const clock = options.clock ?? new ManualClock(new Date())
  const database = options.database ?? (await testDatabase())
  const server = createServer()
  const port = await listen(server)
  const baseUrl = `http://localhost:${port}`
  const mail = await startMailCatcher({ smtpPort: 0, webPort: 0, clock })
  const base = testEnvironment({ BASE_URL: baseUrl })
  const sandbox = await startSandbox({
    port: 0,
    clientId: base.NORDEA_CLIENT_ID ?? '',
    clientSecret: base.NORDEA_CLIENT_SECRET ?? '',
    redirectUris: [`${baseUrl}/bank/callback`, `${baseUrl}/payments/return`],
    consentMode: 'straight-back',
    settleDelayMs: 0,
    approval: 'never',
    seed: 'standard',
    clock,
    exposeControl: true,
    ...options.sandbox,
  })
  const environment = {
    ...base,
    DATABASE_URL: database.url,
    SMTP_URL: `smtp://127.0.0.1:${mail.smtpPort}`,
    NORDEA_BASE_URL: sandbox.url,
    NORDEA_LOGIN_ORIGINS: sandbox.url,
    ...(options.settings?.NODE_ENV === 'production'
      ? {}
      : { SANDBOX_CONTROL_URL: `${sandbox.url}/__emulator` }),
    ...options.settings,
  }
  const settings = readSettings(environment)
  const deps = await createDeps(settings, 'web', {
    clock,
    log: silentLog(),
    ...(options.countryOf ? { countryOf: options.countryOf } : {}),
  })
  server.on('request', createApp(deps, options.files))
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))

  const sendMail = createSendMail({ ...deps, baseUrl: settings.BASE_URL })
  const rules = {
    pollSeconds: settings.PAYMENT_POLL_SECONDS,
    resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
    reminderMinutes: settings.APPROVAL_REMINDER_MINUTES,
  }
  const settle = createSettleSaver({ ...deps, rules })
  return {
    baseUrl,
    deps,
    sandbox,
    mail,
    environment,
    asOwner: database.asOwner,
    sendMails: async () => {
      for (const job of await takeJobs(deps, 'send-mail')) await sendMail(job)
    },
    settleDue: async () => {
      for (const userId of await deps.models.payments.dueSavers(1_000)) await settle(userId)
    },
    bytesSent: () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await deps.close()
      await sandbox.close()
      await mail.close()
      await database.drop()
    },
  }
}

/** Takes the waiting jobs of a queue out of it, as a worker would. */
async function takeJobs<N extends keyof Jobs>(deps: Deps, name: N): Promise<Jobs[N][]> {
  const { rows } = await deps.db.pool.query(
    `DELETE FROM pgboss.job WHERE name = $1 AND state = 'created' RETURNING data`,
    [name],
  )
  return rows.map((row) => row.data)
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function silentLog(): winston.Logger {
  return winston.createLogger({ silent: true, transports: [new winston.transports.Console()] })
}
