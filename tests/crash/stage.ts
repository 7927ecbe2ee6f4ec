import { chmod, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import { unusedPort } from '../../src/embedded/ports.ts'
import { removeThrowaway } from '../../src/embedded/postgres/throwaways.ts'
import { type BankState, bankState } from './bank-state.ts'
import { Database, type Look, openLook } from './database.ts'
import { type OnStep, Program, type ProgramSpec } from './program.ts'
import { newSavers, type Saver } from './savers.ts'
import { appEnvironment, type BankSetUp, file } from './settings.ts'
import { layTrail } from './trail.ts'

/** Everything that stands while things die. */
export interface Stage {
  environment: Record<string, string>
  database: Database
  look: Look
  bank: Program
  web: Program
  workers: [Program, Program]
  savers: Saver[]
  bankUrl: string
  /** Before anything was saved. */
  opening: BankState
}

/** How a part that has been brought up goes down again. */
export type Stops = (() => Promise<void>)[]

/**
 * @param stops gets every part as soon as there is something to stop, so that an interruption misses none.
 * @param onStep told when a program has come to the step that it was ordered to die at.
 */
export async function setStage(stops: Stops, logs: string | null, onStep: OnStep): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-crash-'))
  // PostgreSQL may run under another account than ours; it has to get through.
  await chmod(folder, 0o711)
  stops.push(() => removeThrowaway(folder))
  const output = logs ?? join(folder, 'logs')
  await mkdir(output, { recursive: true })

  const starting = Database.open(folder)
  stops.push(async () => (await starting.catch(() => null))?.close())
  const database = await starting
  const look = openLook(database.ownerUrl)
  stops.push(() => look.close())
  await layTrail(look)
  const mail = await startMailCatcher({ smtpPort: 0, webPort: 0, clock: systemClock })
  stops.push(() => mail.close())

  const [webPort, bankPort] = [await unusedPort(), await unusedPort()]
  const origin = `http://127.0.0.1:${webPort}`
  const bankUrl = `http://127.0.0.1:${bankPort}`
  const { smtpPort } = mail
  const environment = appEnvironment({ origin, databaseUrl: database.url, bankUrl, smtpPort })
  const start = async (spec: ProgramSpec) => {
    const program = new Program(spec, output, onStep)
    stops.push(() => program.close())
    await program.ready()
    return program
  }

  const bank = await start(
    bankSpec(environment, { port: bankPort, stateFile: join(folder, 'bank', 'state') }),
  )
  const web = await start(appSpec('web', '../../src/server.ts', 'web ready', environment))
  const savers = await newSavers(environment, origin)
  const worker = (name: string) => start(appSpec(name, '../../src/worker.ts', 'worker ready', environment))
  const workers: Stage['workers'] = [await worker('worker-1'), await worker('worker-2')]
  const opening = await bankState(bankUrl)
  return { environment, database, look, bank, web, workers, savers, bankUrl, opening }
}

function bankSpec(
  { NORDEA_CLIENT_ID = '', NORDEA_CLIENT_SECRET = '', BASE_URL }: Record<string, string>,
  place: Pick<BankSetUp, 'port' | 'stateFile'>,
): ProgramSpec {
  const setUp: BankSetUp = {
    ...place,
    clientId: NORDEA_CLIENT_ID,
    clientSecret: NORDEA_CLIENT_SECRET,
    redirectUris: [`${BASE_URL}/bank/callback`, `${BASE_URL}/payments/return`],
  }
  const env = () => ({ BANK_SET_UP: JSON.stringify(setUp) })
  return { name: 'bank', file: file('programs/bank.ts'), env, ready: 'bank ready', hasSteps: false }
}

/** Each life signs what it writes with its own name: PostgreSQL calls that the name of the application. */
function appSpec(
  name: string,
  program: string,
  ready: string,
  environment: Record<string, string>,
): ProgramSpec {
  const env = (life: string) => {
    const url = new URL(environment.DATABASE_URL ?? '')
    url.searchParams.set('application_name', life)
    return { ...environment, DATABASE_URL: url.href }
  }
  return { name, file: file(program), env, ready, hasSteps: true }
}
