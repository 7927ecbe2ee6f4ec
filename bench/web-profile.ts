import { mkdir, writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Bench } from './part.ts'
import { type Rooms, shares } from './profile.ts'
import { type Stage, startApp } from './stage.ts'

const ROOMS: Rooms = [
  ['Prisma', /node_modules\/@prisma\/|src\/generated\//],
  ['pg', /node_modules\/pg[^/]*\//],
  [
    'express',
    /node_modules\/(express|router|body-parser|finalhandler|send|serve-static|path-to-regexp|qs|on-finished|compression)\//,
  ],
  [
    'session, passport, csurf, helmet',
    /node_modules\/(express-session|connect-pg-simple|passport[^/]*|csurf|csrf|helmet|uid-safe|cookie[^/]*)\//,
  ],
  ['views and EJS', /node_modules\/ejs\/|\/views\/|\.ejs$/],
  ['winston', /node_modules\/(winston|logform|readable-stream|triple-beam)[^/]*\//],
  ['temporal', /node_modules\/temporal/],
  ['messages', /node_modules\/(intl-messageformat|@formatjs)|\/src\/(language|format|html)\.ts/],
  ['zod', /node_modules\/zod\//],
  ['src/models', /\/src\/models\//],
  ['src/controllers', /\/src\/controllers\//],
  ['src/middleware', /\/src\/middleware\//],
]
const WARM_UP_SECONDS = 5
const PROFILED_SECONDS = 10
const REST_MS = 1_000

/**
 * Where the processor time of one web process goes under nothing but requests of one kind. Leaves the profile in the folder.
 * @param load asks for as much as the process takes. @returns how many requests were answered.
 */
export async function profileWeb(
  bench: Bench,
  stage: Stage,
  name: string,
  load: (origin: string, seconds: number) => Promise<number>,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const preload = fileURLToPath(new URL('programs/profiled.ts', import.meta.url))
  const environment = { ...stage.environment, WEB_CONCURRENCY: '1' }
  const app = await startApp(bench, environment, ['--import', preload])
  await load(app.origin, WARM_UP_SECONDS)
  await app.tell('begin')
  const requests = await load(app.origin, PROFILED_SECONDS)
  const { cpuMs, profile } = (await app.tell('end')) as { cpuMs: number; profile: Profiler.Profile }
  // What autocannon has dropped is still being answered.
  await pause(REST_MS)
  await app.stop()
  await writeFile(join(folder, `${name}.cpuprofile`), JSON.stringify(profile))
  const lines = shares(profile, ROOMS, cpuMs, requests)
  console.log(
    `\nProcessor time of one ${name}: ${(cpuMs / requests).toFixed(2)} ms.\n\n${lines.join('\n')}\n`,
  )
}
