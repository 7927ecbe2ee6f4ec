import { fileURLToPath } from 'node:url'
import { unusedPort } from '../src/embedded/ports.ts'
import { PROCESSES, productionEnvironment } from './environment.ts'
import type { Bench } from './part.ts'
import type { Place } from './place.ts'
import type { Program } from './program.ts'
import { saverWithAMonth } from './savers.ts'
import { webCommand } from './web-command.ts'

/** What stands while pages and check-offs are measured. */
export interface Stage {
  place: Place
  environment: Record<string, string>
  /** The app in one process that is never timed and counts its statements. */
  counting: Program
  app: Program
  floor: Program
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export async function setStage(bench: Bench): Promise<Stage> {
  console.log('Preparing a database, the app and the floor …')
  const place = await bench.openPlace()
  const environment = productionEnvironment(place.databaseUrl)
  const counting = await startApp(bench, { ...environment, WEB_CONCURRENCY: '1' }, [
    '--import',
    file('programs/statements.ts'),
  ])
  const app = await startApp(bench, environment)
  const floor = await startFloor(bench, environment)
  return { place, environment, counting, app, floor }
}

/** The saver whose dashboard is looked at, in the database of that stage. @returns their address. */
export async function aMonthLived(bench: Bench): Promise<string> {
  const { environment } = await bench.shared(setStage)
  return saverWithAMonth(environment)
}

export async function startApp(
  bench: Bench,
  environment: Record<string, string>,
  nodeOptions: readonly string[] = [],
): Promise<Program> {
  const port = await unusedPort()
  const web = webCommand()
  const env = { ...web.env, ...environment, PORT: String(port) }
  return bench.start({
    file: file('../src/server.ts'),
    env,
    nodeOptions: [...web.nodeOptions, ...nodeOptions],
    port,
    ready: { path: '/readyz' },
  })
}

/** @param more a file of recorded statements, for the floor that repeats them. */
export async function startFloor(
  bench: Bench,
  { DATABASE_URL = '' }: Record<string, string>,
  more: Record<string, string> = {},
): Promise<Program> {
  const port = await unusedPort()
  const env = { DATABASE_URL, PORT: String(port), PROCESSES: String(PROCESSES), ...more }
  return bench.start({ file: file('programs/floor.ts'), env, port, ready: { path: '/healthz' } })
}
