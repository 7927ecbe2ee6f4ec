/**
 * npm run bench:start [-- --starts 7 --requests 100000]: how long a web process takes until it is ready, and how much
 * memory it has then and after how many requests.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { unusedPort } from '../src/embedded/ports.ts'
import { paths } from '../src/paths.ts'
import { productionEnvironment, ROUTED } from './environment.ts'
import { type Ask, ask } from './load.ts'
import { openPlace, type Place } from './place.ts'
import { saverWithAMonth } from './savers.ts'
import { type SignedIn, signInAll } from './sign-in.ts'
import { type Spread, spreadOf } from './statistics.ts'
import { webCommand } from './web-command.ts'

export interface StartAndMemoryPlan {
  starts: number
  requests: number
}

/** Megabytes are 2^20 bytes. */
export interface StartAndMemory {
  /** From the start of the process to the first 200 of /readyz; the first start compiles, later ones find that in the cache. */
  firstStartMs: number
  startMs: Spread
  residentAtStartMb: Spread
  memory: MemoryAt[]
}

interface MemoryAt {
  requests: number
  residentMb: number
  /** After a forced collection, for which the process was asked after `residentMb` was read; null where it was left alone. */
  heapMb: number | null
}

const PLAN: StartAndMemoryPlan = { starts: 7, requests: 100_000 }
const CONNECTIONS = 16
const MB = 1_048_576
const READY_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 2
const SERVER = fileURLToPath(new URL('../src/server.ts', import.meta.url))
const HEAP = ['--import', new URL('programs/heap.mjs', import.meta.url).href]

interface Web {
  child: ChildProcess
  origin: string
  readyMs: number
  stop(): Promise<void>
}

/** One web process, as the Procfile starts it, limits of reads off. Nothing else may run beside it. */
export async function measureStartAndMemory(place: Place, plan = PLAN): Promise<StartAndMemory> {
  const environment = {
    ...productionEnvironment(place.databaseUrl),
    WEB_CONCURRENCY: '1',
    READS_PER_MINUTE: '0',
  }
  const email = await saverWithAMonth(environment)
  await place.tidy()
  const first = await startWeb(environment)
  await first.stop()
  const starts: { readyMs: number; residentMb: number }[] = []
  for (let start = 0; start < plan.starts; start += 1) {
    const web = await startWeb(environment)
    starts.push({ readyMs: web.readyMs, residentMb: await residentMb(web.child) })
    await web.stop()
  }
  return {
    firstStartMs: first.readyMs,
    startMs: spreadOf(starts.map(({ readyMs }) => readyMs)),
    residentAtStartMb: spreadOf(starts.map((start) => start.residentMb)),
    memory: await memoryUnderLoad(environment, email, plan.requests),
  }
}

export function startAndMemoryTable({
  firstStartMs,
  startMs,
  residentAtStartMb,
  memory,
}: StartAndMemory): string {
  const spread = ({ median, min, max }: Spread) =>
    `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`
  return [
    `Ready after ${spread(startMs)} ms, the very first time after ${firstStartMs.toFixed(0)} ms; then ${spread(residentAtStartMb)} MB are resident.`,
    '',
    '| requests | resident MB | heap MB after a collection |',
    '|---|---|---|',
    ...memory.map(
      ({ requests, residentMb: resident, heapMb }) =>
        `| ${requests.toLocaleString('en-GB')} | ${resident.toFixed(0)} | ${heapMb === null ? '' : heapMb.toFixed(1)} |`,
    ),
  ].join('\n')
}

/** Ten looks on the way. Only after the second and the last is the process made to collect, so that it grows as it would. */
async function memoryUnderLoad(
  environment: Record<string, string>,
  email: string,
  requests: number,
): Promise<MemoryAt[]> {
  const web = await startWeb(environment, HEAP)
  try {
    const memory: MemoryAt[] = [
      { requests: 0, residentMb: await residentMb(web.child), heapMb: await heapMb(web.child) },
    ]
    const browsers = await signInAll(web.origin, Array(CONNECTIONS).fill(email))
    const pages = await pagesOf(web.origin, browsers[0] as SignedIn)
    for (let look = 1; look <= 10; look += 1) {
      await askAll(web.origin, browsers, pages, Math.round(requests / 10))
      const resident = await residentMb(web.child)
      const heap = look === 2 || look === 10 ? await heapMb(web.child) : null
      memory.push({ requests: Math.round((requests * look) / 10), residentMb: resident, heapMb: heap })
      console.log(`  ${memory.at(-1)?.requests} requests, ${resident.toFixed(0)} MB`)
    }
    return memory
  } finally {
    await web.stop()
  }
}

/** What a saver looks at in turn: mostly the dashboard. */
async function pagesOf(origin: string, browser: SignedIn): Promise<string[]> {
  const client = new Client(origin)
  const first = get(paths.dashboard, browser)
  first.headers['accept-encoding'] = 'identity'
  const { bytes } = await ask(client, first).finally(() => client.close())
  const habit = /href="(\/habits\/[0-9a-f-]{36})"/.exec(Buffer.from(bytes).toString())?.[1]
  if (!habit) throw new Error('no habit is on the dashboard')
  const others = [habit, paths.statement, paths.goals, paths.login]
  return others.flatMap((other) => [paths.dashboard, paths.dashboard, other])
}

/** Every connection is another browser of the same saver and has one request under way; whoever signs in has no cookie yet. */
async function askAll(
  origin: string,
  browsers: readonly SignedIn[],
  pages: readonly string[],
  requests: number,
): Promise<void> {
  let asked = 0
  await Promise.all(
    browsers.map(async (browser, place) => {
      const client = new Client(origin)
      for (let turn = place; asked < requests; turn += 1) {
        asked += 1
        const path = pages[turn % pages.length] ?? paths.dashboard
        const { status } = await ask(client, get(path, path === paths.login ? null : browser))
        if (status !== 200) throw new Error(`${path} came with ${status}`)
      }
      await client.close()
    }),
  )
}

function get(path: string, browser: SignedIn | null): Ask {
  // Packed, so that packing is part of what is measured; only the first dashboard is read.
  return { method: 'GET', path, headers: { ...ROUTED, ...(browser ? { cookie: browser.cookie } : {}) } }
}

async function startWeb(
  environment: Record<string, string>,
  moreOptions: readonly string[] = [],
): Promise<Web> {
  const command = webCommand()
  const port = await unusedPort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...command.nodeOptions, ...moreOptions, SERVER], {
    env: { PATH: process.env.PATH, ...command.env, ...environment, PORT: String(port) },
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    // The channel makes it end when this process ends in whatever way.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const origin = `http://127.0.0.1:${port}`
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  while (!(await isReady(origin))) {
    const waitedMs = performance.now() - startedAt
    if (child.exitCode === null && waitedMs < READY_WITHIN_MS) await pause(LOOK_EVERY_MS)
    else
      await stop().then(() => Promise.reject(new Error(`web was not ready after ${waitedMs.toFixed(0)} ms`)))
  }
  return { child, origin, readyMs: performance.now() - startedAt, stop }
}

async function isReady(origin: string): Promise<boolean> {
  return fetch(`${origin}/readyz`).then(
    async (response) => {
      await response.arrayBuffer()
      return response.ok
    },
    () => false,
  )
}

/** As the system counts it; Linux only. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024
}

async function heapMb(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message')
  child.send('heap')
  const [bytes] = await answer
  return bytes / MB
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      starts: { type: 'string', default: String(PLAN.starts) },
      requests: { type: 'string', default: String(PLAN.requests) },
    },
  })
  const place = await openPlace()
  try {
    const plan = { starts: Number(values.starts), requests: Number(values.requests) }
    const results = await measureStartAndMemory(place, plan)
    console.log(startAndMemoryTable(results))
    console.log(
      `${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
    )
  } finally {
    await place.close()
  }
}
