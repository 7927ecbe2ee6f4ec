import { fileURLToPath } from 'node:url'
import { unusedPort } from '../src/embedded/ports.ts'
import { lookAtDashboard } from './dashboard.ts'
import { productionEnvironment } from './environment.ts'
import { openPlace, type Place } from './place.ts'
import { type Program, type ProgramSpec, startProgram } from './program.ts'
import type { Plan } from './report.ts'
import { saverWithAMonth } from './savers.ts'
import { signIn } from './sign-in.ts'

/** Everything that stands while we measure. */
export interface Stage {
  plan: Plan
  place: Place
  environment: Record<string, string>
  /** The saver of the dashboard. */
  email: string
  /** How long a dashboard is on the wire; the floor answers with as much. */
  answerBytes: number
  /** The app in a process that is never timed and counts its statements. */
  counting: Program
  app: Program
  floor: Program
}

/** How a part that has been brought up, or is still being, goes down again. */
export type Stops = { stop(): Promise<void> }[]

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** @param stops gets every part at the moment its start begins, so that an interruption misses none. */
export async function setStage(plan: Plan, stops: Stops, appOptions: readonly string[]): Promise<Stage> {
  const opening = openPlace()
  stops.push({ stop: async () => (await opening.catch(() => null))?.close() })
  const place = await opening
  const environment = productionEnvironment(place.databaseUrl)
  const email = await saverWithAMonth(environment)

  const counting = await startApp(environment, ['--import', file('programs/statements.ts')], stops)
  const answerBytes = await lookAtDashboard(counting.origin, await signIn(counting.origin, email))
  const app = await startApp(environment, appOptions, stops)
  const floor = await startFloor(environment, answerBytes, stops)
  return { plan, place, environment, email, answerBytes, counting, app, floor }
}

async function startApp(
  environment: Record<string, string>,
  nodeOptions: readonly string[],
  stops: Stops,
): Promise<Program> {
  const port = await unusedPort()
  const env = { ...environment, PORT: String(port) }
  return start({ file: file('../src/server.ts'), env, nodeOptions, port, ready: { path: '/readyz' } }, stops)
}

async function startFloor(
  { DATABASE_URL = '' }: Record<string, string>,
  answerBytes: number,
  stops: Stops,
): Promise<Program> {
  const port = await unusedPort()
  const env = { DATABASE_URL, PORT: String(port), ANSWER_BYTES: String(answerBytes) }
  return start({ file: file('programs/floor.ts'), env, port, ready: { path: '/healthz' } }, stops)
}

function start(spec: ProgramSpec, stops: Stops): Promise<Program> {
  const starting = startProgram(spec)
  stops.push({ stop: async () => (await starting.catch(() => null))?.stop() })
  return starting
}
