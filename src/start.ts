/** Everything on one machine: whatever isn't configured is brought up here, and all of it ends together. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEMO_ADMIN, DEMO_DAYS, DEMO_SAVER } from '../prisma/demo.ts'
import { systemClock } from './clock.ts'
import { readSettings } from './config.ts'
import { onInterrupt } from './embedded/interrupts.ts'
import { startMailCatcher } from './embedded/mail-catcher.ts'
import { choosePort } from './embedded/ports.ts'
import { createDatabase, type DatabaseServer, dropDatabase, startPostgres } from './embedded/postgres.ts'
import { localSecrets } from './embedded/secrets.ts'
import { type ChildSpec, superviseAll } from './embedded/supervisor.ts'

const SRC = dirname(fileURLToPath(import.meta.url))
const HOST = '127.0.0.1'
const UNFINISHED_STORY = 'demo-history-unfinished'
/** What the programs say when all is well; shown only to those who set LOG_LEVEL. */
const ROUTINE = /"level":"info"|sandbox listening/
const say = (line: string) => console.log(line)

/** What has been brought up, newest last; all of it goes down again in reverse, whatever happens. */
const running: { stop(): Promise<void> }[] = []
let isStopping = false

const started = process.hrtime.bigint()
try {
  await start()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stopAll()
  process.exit(1)
}

async function start(): Promise<void> {
  const envFile = process.env.ENV_FILE || '.env'
  if (existsSync(envFile)) process.loadEnvFile(envFile)
  if (process.env.NODE_ENV === 'production')
    throw new Error(
      'This brings up what is missing, which is not for production: start what the Procfile names.',
    )
  const dataDir = resolve(process.env.DATA_DIR || '.data')
  const secrets = await localSecrets(dataDir)
  refuseWrongSettings({ ...secrets, ...given() })
  demoDays()
  const compiled = await keepWhatIsCompiled(dataDir)
  const port = await portFor('PORT', 3000)
  const env: Record<string, string> = {
    ...secrets,
    ...given(),
    PORT: String(port),
    HOST: process.env.HOST || HOST,
  }
  env.BASE_URL ??= `http://localhost:${port}`
  env.NORDEA_REDIRECT_URI ??= `${env.BASE_URL}/bank/callback`
  env.WEB_PUSH ??= 'on'
  // Nobody stands before it who would have to learn that it ends.
  env.DRAIN_SECONDS ??= '0'
  env.NODE_COMPILE_CACHE ??= compiled

  await bringUpDatabase(env, dataDir)
  const sandbox = await prepareSandbox(env, dataDir)
  if (sandbox) await seedOnce(env, sandbox)
  const mail = await bringUpMail(env, dataDir)
  // The programs are made of what has been compiled here.
  flushCompileCache()
  await bringUpProcesses(env, sandbox)
  tell(env, sandbox, mail)
}

/** Before anything is brought up: every setting that was given must be right, and all that aren't are named at once. */
function refuseWrongSettings(environment: Record<string, string>): void {
  const BASE_URL = environment.BASE_URL ?? 'http://localhost'
  readSettings({
    BASE_URL,
    DATABASE_URL: 'postgres://brought-up-here',
    SMTP_URL: 'smtp://brought-up-here',
    NORDEA_BASE_URL: 'http://brought-up-here',
    NORDEA_REDIRECT_URI: `${BASE_URL}/bank/callback`,
    ...environment,
  })
}

/**
 * Half of what a program needs to start is reading TypeScript: it is done once, and the next time only for what has changed.
 * Whoever may write there could make us run anything, so the folder is ours alone.
 */
async function keepWhatIsCompiled(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'compiled')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  enableCompileCache(folder)
  return folder
}

async function bringUpDatabase(env: Record<string, string>, dataDir: string): Promise<void> {
  // Both need most of the app, which is read while PostgreSQL starts.
  const reading = Promise.all([import('../prisma/prepare.ts'), import('../prisma/seed.ts')])
  if (!env.DATABASE_URL) {
    say('Starting PostgreSQL (the first time takes a few seconds) …')
    const postgres = await startPostgres({
      dataDir,
      log: (line) => {
        if (!line.startsWith('initdb:')) say(line)
      },
    })
    running.push(postgres)
    postgres.ended.then(() => endIfUnasked('PostgreSQL has ended.'))
    env.DATABASE_URL = postgres.url
    env.MIGRATION_DATABASE_URL = postgres.ownerUrl
    await forgetUnfinishedStory(postgres, dataDir)
  }
  const ownerUrl = env.MIGRATION_DATABASE_URL || env.DATABASE_URL
  // Whoever has it could do away with every rule in the database: not for web and worker.
  env.MIGRATION_DATABASE_URL = ''
  say('Preparing the database …')
  const [{ prepareDatabase }] = await reading
  const applied = await prepareDatabase({ url: env.DATABASE_URL, ownerUrl })
  if (applied.length > 0) say(`Applied ${applied.length} migrations.`)
}

interface SandboxPlan {
  env: Record<string, string>
  stateFile: string
  /** This file is there while the demo history is being made. */
  unfinishedStory: string
  url: string
}

/** The emulated bank, unless a bank is configured. */
async function prepareSandbox(env: Record<string, string>, dataDir: string): Promise<SandboxPlan | null> {
  if (env.NORDEA_BASE_URL) return null
  const port = await portFor('SANDBOX_PORT', 4010)
  const stateFile = join(dataDir, 'sandbox', 'state')
  env.NORDEA_BASE_URL = `http://localhost:${port}`
  env.NORDEA_LOGIN_ORIGINS ??= env.NORDEA_BASE_URL
  env.NORDEA_ENVIRONMENT ??= 'sandbox'
  env.SANDBOX_CONSOLE ??= 'on'
  env.SANDBOX_CONTROL_URL ??= `${env.NORDEA_BASE_URL}/__emulator`
  env.DEMO ??= 'on'
  env.UNDO_WINDOW_SECONDS ??= '20'
  return {
    stateFile,
    unfinishedStory: join(dataDir, UNFINISHED_STORY),
    url: env.NORDEA_BASE_URL,
    env: {
      SANDBOX_PORT: String(port),
      SANDBOX_HOST: HOST,
      SANDBOX_PUBLIC_URL: env.NORDEA_BASE_URL,
      SANDBOX_STATE_FILE: stateFile,
      SANDBOX_REDIRECT_URIS: `${env.NORDEA_REDIRECT_URI},${env.BASE_URL}/payments/return`,
      NORDEA_CLIENT_ID: env.NORDEA_CLIENT_ID ?? '',
      NORDEA_CLIENT_SECRET: env.NORDEA_CLIENT_SECRET ?? '',
      NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? '',
    },
  }
}

/** A story that was cut short leaves its mark, and is told again from the beginning. */
async function seedOnce(env: Record<string, string>, sandbox: SandboxPlan): Promise<void> {
  const { isEmpty, seedDemo } = await import('../prisma/seed.ts')
  if (!(await isEmpty(env.DATABASE_URL ?? ''))) return
  say('Making a year of demo history …')
  await writeFile(sandbox.unfinishedStory, '')
  await seedDemo(env, {
    stateFile: sandbox.stateFile,
    days: demoDays(),
    progress: (done) => say(`  ${done}`),
  })
  await rm(sandbox.unfinishedStory)
}

function demoDays(): number {
  const days = Number(process.env.DEMO_DAYS || DEMO_DAYS)
  if (Number.isInteger(days) && days >= 1 && days <= DEMO_DAYS) return days
  throw new Error(`DEMO_DAYS must be a whole number from 1 to ${DEMO_DAYS}, not "${process.env.DEMO_DAYS}"`)
}

/** Only in a database of our own: what a cut-short story left behind is of no use to anybody. */
async function forgetUnfinishedStory(server: DatabaseServer, dataDir: string): Promise<void> {
  if (!existsSync(join(dataDir, UNFINISHED_STORY))) return
  say('The demo history was cut short; beginning it anew.')
  await dropDatabase(server, 'sparvana')
  await createDatabase(server, 'sparvana')
  await rm(join(dataDir, 'sandbox'), { recursive: true, force: true })
}

async function bringUpMail(env: Record<string, string>, dataDir: string): Promise<string | null> {
  if (env.SMTP_URL) return null
  const smtpPort = await portFor('MAIL_SMTP_PORT', 1025)
  const webPort = await portFor('MAIL_WEB_PORT', 1080)
  const catcher = await startMailCatcher({
    smtpPort,
    webPort,
    host: HOST,
    dataDir: join(dataDir, 'mail'),
    clock: systemClock,
  })
  running.push({ stop: () => catcher.close() })
  env.SMTP_URL = `smtp://${HOST}:${smtpPort}`
  return catcher.url
}

async function bringUpProcesses(env: Record<string, string>, sandbox: SandboxPlan | null): Promise<void> {
  const programs: ChildSpec[] = [
    { name: 'worker', file: join(SRC, 'worker.ts'), env, ready: /worker ready/ },
    { name: 'web', file: join(SRC, 'server.ts'), env, ready: /web ready/ },
  ]
  if (sandbox) {
    const file = join(SRC, 'sandbox', 'main.ts')
    programs.unshift({ name: 'bank', file, env: sandbox.env, ready: /sandbox listening/ })
  }
  say('Starting the programs …')
  const supervisor = await superviseAll(programs, {
    log: (line) => {
      if (process.env.LOG_LEVEL || !ROUTINE.test(line)) say(line)
    },
  })
  running.push(supervisor)
  onInterrupt({ stop: stopAll, kill: () => supervisor.kill(), log: say })
}

function tell(env: Record<string, string>, sandbox: SandboxPlan | null, mail: string | null): void {
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  const lines = [
    '',
    `Sparvana is ready after ${seconds.toFixed(1)} s.`,
    '',
    `  the app        ${env.BASE_URL}`,
  ]
  if (mail) lines.push(`  caught mail    ${mail}`)
  if (sandbox) {
    lines.push(`  the bank       ${sandbox.url}`, '')
    lines.push(`  demo saver     ${DEMO_SAVER.email}   ${DEMO_SAVER.password}`)
    lines.push(`  demo admin     ${DEMO_ADMIN.email}   ${DEMO_ADMIN.password}`)
    lines.push('                 and a code: npm run demo:code')
  }
  say([...lines, '', 'Ctrl-C stops everything.', ''].join('\n'))
}

/** A default port that is busy moves on to the next; one that was asked for by name does not. */
async function portFor(name: string, fallback: number): Promise<number> {
  const asked = process.env[name]
  const wanted = asked ? Number(asked) : fallback
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65_535)
    throw new Error(`${name} must be a port number, not "${asked}"`)
  const { port, moved } = await choosePort({ name, wanted, asked: Boolean(asked), host: HOST })
  if (moved) say(`Port ${wanted} is busy; ${name} is ${port}.`)
  return port
}

function given(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}

async function stopAll(): Promise<void> {
  isStopping = true
  for (const part of running.toReversed()) await part.stop()
}

async function endIfUnasked(why: string): Promise<void> {
  if (isStopping) return
  say(why)
  await stopAll()
  process.exit(1)
}
