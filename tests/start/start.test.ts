import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unusedPort } from '../../src/embedded/ports.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const STARTED_WITHIN_MS = 120_000

let folder: string
let ports: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sparvana with spaces '))
  ports = {
    PORT: String(await unusedPort()),
    SANDBOX_PORT: String(await unusedPort()),
    MAIL_SMTP_PORT: String(await unusedPort()),
    MAIL_WEB_PORT: String(await unusedPort()),
  }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('npm start brings everything up, stops cleanly on SIGTERM and on Ctrl-C, and starts again over the same data', async () => {
  const first = start({ ...ports, DEMO_DAYS: '30' })
  const said = await first.ready
  expect(said).toContain(`http://localhost:${ports.PORT}`)
  expect(said).toMatch(/demo saver\s+saver@demo\.example\s+\S+/)
  const password = /saver@demo\.example\s+(\S+)/.exec(said)?.[1] ?? ''
  expect(await statusOf(`http://localhost:${ports.PORT}/login`)).toBe(200)
  expect(await statusOf(`http://localhost:${ports.MAIL_WEB_PORT}/messages.json`)).toBe(200)
  const processes = await first.familyOf()
  expect(processes.length).toBeGreaterThan(4)
  first.child.kill('SIGTERM')
  await first.ended
  expect(alive(processes)).toEqual([])

  const second = start(ports)
  expect(await second.ready).not.toContain('demo history')
  expect(await signInWith('saver@demo.example', password)).toBe('/dashboard')
  const others = await second.familyOf()
  // A terminal sends Ctrl-C to every process of the group.
  process.kill(-(second.child.pid ?? 0), 'SIGINT')
  await second.ended
  expect(alive(others)).toEqual([])
}, 240_000)

test('a demo history that was cut short is told again from the beginning', async () => {
  const data = join(folder, 'cut short')
  const first = start({ ...ports, DATA_DIR: data, DEMO_DAYS: '60' })
  await first.says('Making a year of demo history')
  const processes = await first.familyOf()
  process.kill(-(first.child.pid ?? 0), 'SIGKILL')
  await first.ended
  await waitUntil(() => alive(processes).length === 0)
  const second = start({ ...ports, DATA_DIR: data, DEMO_DAYS: '10' })
  expect(await second.ready).toContain('beginning it anew')
  second.child.kill('SIGTERM')
  await second.ended
}, 240_000)

test('a port that was asked for by name and is busy is an error that names the setting', async () => {
  const squatter = createServer().listen(Number(ports.PORT), '127.0.0.1')
  await new Promise((resolve) => squatter.once('listening', resolve))
  const run = start(ports)
  expect(await run.ended).not.toBe(0)
  expect(run.said()).toContain('PORT')
  await new Promise((resolve) => squatter.close(resolve))
}, 60_000)

test('a wrong setting stops the start, and every wrong one is named', async () => {
  const run = start({ ...ports, PORT: 'eighty', LOG_LEVEL: 'loud' })
  expect(await run.ended).not.toBe(0)
  expect(run.said()).toContain('PORT')
  expect(run.said()).toContain('LOG_LEVEL')
}, 60_000)

function start(env: Record<string, string>) {
  const child: ChildProcess = spawn('npm', ['start'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? folder,
      DATA_DIR: join(folder, 'data'),
      // A developer's own settings must not decide how this ends.
      ENV_FILE: 'none',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  const lines = new EventTarget()
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const ready = new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      text += chunk.toString()
      lines.dispatchEvent(new Event('more'))
      if (text.includes('Ctrl-C stops everything')) resolve(text)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    ended.then(() => reject(new Error(`it ended before it was ready:\n${text}`)))
    setTimeout(() => reject(new Error(`it was not ready in time:\n${text}`)), STARTED_WITHIN_MS).unref()
  })
  ready.catch(() => {})
  const says = (words: string) =>
    new Promise<void>((resolve, reject) => {
      lines.addEventListener('more', () => text.includes(words) && resolve())
      ended.then(() => reject(new Error(`it never said "${words}":\n${text}`)))
    })
  return { child, ended, ready, says, said: () => text, familyOf: () => descendantsOf(child.pid ?? 0) }
}

/** Every process that came from this one, by number, PostgreSQL's own included. */
async function descendantsOf(root: number): Promise<number[]> {
  const listing = await outputOf('ps', ['-eo', 'pid=,ppid='])
  const pairs = listing
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const found = [root]
  for (const parent of found) {
    for (const [pid = 0, ppid = 0] of pairs) if (ppid === parent && !found.includes(pid)) found.push(pid)
  }
  return found
}

function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  })
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 300; look += 1) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it never came to be so')
}

function outputOf(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', () => resolve(text))
  })
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url, { redirect: 'manual' })).status
}

/** @returns where the browser is sent after signing in. */
async function signInWith(email: string, password: string): Promise<string | null> {
  const login = `http://localhost:${ports.PORT}/login`
  const page = await fetch(login)
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
  const token = /name="_csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const answer = await fetch(login, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie },
    body: new URLSearchParams({ email, password, _csrf: token }),
  })
  return answer.headers.get('location')
}
