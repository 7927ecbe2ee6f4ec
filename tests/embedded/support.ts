import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, onTestFinished } from 'vitest'
import { run } from '../../src/embedded/postgres/account.ts'
import { processIdentity } from '../../src/embedded/postgres/process-identity.ts'
import { type DatabaseServer, startPostgres } from '../../src/embedded/postgres.ts'

export const asRoot = process.getuid?.() === 0

/** A folder that others may enter unless `mode` says otherwise; removed after the test. */
export async function temporaryFolder({ name = 'sparvana-test-', mode = 0o755 } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), name))
  await chmod(folder, mode)
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

let prepared: Promise<string> | undefined
afterAll(async () => {
  if (prepared) await rm(await prepared, { recursive: true, force: true })
})

/** A data folder whose first start is behind it; made once a file and copied, which is far quicker. */
export async function preparedDataDir(): Promise<string> {
  prepared ??= prepare()
  const folder = await temporaryFolder()
  const copied = await run(null, 'cp', ['-a', `${await prepared}/.`, folder])
  if (copied.code !== 0) throw new Error(copied.output)
  return folder
}

async function prepare(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sparvana-test-'))
  await chmod(dataDir, 0o755)
  await (await startPostgres({ dataDir, quick: true })).stop()
  return dataDir
}

/** Waits until `condition` holds; throws after `withinMs` with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`)
    await pause(20)
  }
}

export function lives(pid: number): boolean {
  return processIdentity(pid) !== null
}

/** Living processes whose command line contains `part`. Linux only, as are the tests that use it. */
export function processesNaming(part: string): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return numbers.map(Number).filter((pid) => {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return commandLine.includes(part) && lives(pid)
    } catch {
      return false
    }
  })
}

/** Runs statements one after another and returns the last one's rows. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  ...statements: string[]
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Row[] = []
    for (const statement of statements) rows = (await client.query<Row>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

export interface Starter {
  process: ChildProcess
  url: string
  ownerUrl: string
  adminUrl: string
  log: string[]
  /** Asks it to stop the server and end. */
  stop(): Promise<void>
}

/** Starts PostgreSQL from a process of its own, so that it can be killed or run as somebody else. */
export async function startElsewhere(
  options: object,
  {
    project = fileURLToPath(new URL('../..', import.meta.url)),
    ...spawnOptions
  }: { project?: string; uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Starter> {
  const script = join(project, 'tests/embedded/fixtures/postgres-starter.ts')
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
    ...spawnOptions,
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const log: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) {
      log.push(line)
      continue
    }
    const ended = once(child, 'exit')
    const stop = async () => {
      child.stdin.end('stop\n')
      await ended
    }
    const urls = JSON.parse(line) as DatabaseServer
    return { ...urls, process: child, log, stop }
  }
  throw new Error(`it ended without a server:\n${log.join('\n')}`)
}
