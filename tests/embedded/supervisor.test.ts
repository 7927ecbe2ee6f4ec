import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unusedPort } from '../../src/embedded/ports.ts'
import { type ChildSpec, type SupervisorOptions, superviseAll } from '../../src/embedded/supervisor.ts'
import { lives, processesNaming, until } from './support.ts'

const CHILD = fileURLToPath(new URL('./fixtures/child.mjs', import.meta.url))
const PARENT = fileURLToPath(new URL('./fixtures/parent.ts', import.meta.url))

describe('supervised children', { timeout: 30_000 }, () => {
  test('are started in order, and their lines stand behind their names', async () => {
    const { lines } = await supervised([child('web'), child('worker')])
    const [web, worker] = [
      lines.findIndex((l) => l.startsWith('web    | web works as')),
      lines.findIndex((l) => l.startsWith('worker | worker works as')),
    ]
    expect(web).toBeGreaterThanOrEqual(0)
    expect(worker).toBeGreaterThan(web)
  })

  test('can be ready by answering an address', async () => {
    const port = await unusedPort()
    await supervised([
      { ...child('web', { PORT: String(port) }), ready: { url: `http://127.0.0.1:${port}/` } },
    ])
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  test('are started again when they die, and it is said', async () => {
    const { supervisor, lines } = await supervised([child('web')])
    const first = pidOf(supervisor.pidOf('web'))
    process.kill(first, 'SIGKILL')
    await until('another one works', () => lines.filter((line) => line.includes('works as')).length === 2)
    expect(supervisor.pidOf('web')).not.toBe(first)
    expect(lines.join('\n')).toMatch(/web \| ended unexpectedly \(SIGKILL\); starting again in 10 ms/)
  })

  test('that keep dying are given up', async () => {
    const givenUp: string[] = []
    const { supervisor, lines } = await supervised([child('web'), child('worker')], {
      mostRestarts: 2,
      onGivenUp: (name) => givenUp.push(name),
    })
    for (let death = 1; death <= 3; death += 1) {
      await until('it lives', () => supervisor.pidOf('web') !== null)
      const pid = pidOf(supervisor.pidOf('web'))
      process.kill(pid, 'SIGKILL')
      await until('it is gone', () => supervisor.pidOf('web') !== pid)
    }
    await until('it is given up', () => givenUp.length > 0)
    expect(givenUp).toEqual(['web'])
    expect(lines.join('\n')).toMatch(
      /starting again in 10 ms[\s\S]*starting again in 20 ms[\s\S]*given up after 2 restarts/,
    )
    expect(lives(pidOf(supervisor.pidOf('worker')))).toBe(true)
  })

  test('are stopped in reverse order, grandchildren with them', async () => {
    const seconds = String(100_000 + process.pid)
    const { supervisor, lines } = await supervised([child('web', { GRANDCHILD: seconds }), child('worker')])
    const pids = ['web', 'worker'].map((name) => pidOf(supervisor.pidOf(name)))
    await until('the grandchild lives', () => processesNaming(`sleep ${seconds}`).length === 1)
    await Promise.all([supervisor.stop(), supervisor.stop()])
    expect(pids.filter(lives)).toEqual([])
    await until('the grandchild is gone', () => processesNaming(`sleep ${seconds}`).length === 0)
    const [worker, web] = ['worker', 'web'].map((name) =>
      lines.findIndex((line) => line.includes(`${name} got SIGTERM`)),
    )
    expect(worker).toBeGreaterThanOrEqual(0)
    expect(web).toBeGreaterThan(worker as number)
    expect(lines.join('\n')).not.toContain('starting again')
  })

  test('that do not stop in time are killed', async () => {
    const { supervisor, lines } = await supervised([child('web', { STUBBORN: '1' })], { stopWithinMs: 200 })
    const pid = pidOf(supervisor.pidOf('web'))
    await supervisor.stop()
    expect(lives(pid)).toBe(false)
    expect(lines.join('\n')).toContain('did not stop within 200 ms and was killed')
  })

  test('that never come up stop the whole start', async () => {
    const lines: string[] = []
    const start = superviseAll([child('web'), child('worker', { FAIL: '1' })], {
      log: (line) => lines.push(line),
    })
    await expect(start).rejects.toThrow('worker ended before it was ready (exit code 3)')
    expect(lines.join('\n')).toMatch(/worker \| cannot work/)
    const web = Number(/web works as (\d+)/.exec(lines.join('\n'))?.[1])
    expect(lives(web)).toBe(false)
  })

  test('that take too long to come up stop the start', async () => {
    const slow = { ...child('web'), ready: /never said/ }
    await expect(superviseAll([slow], { log: () => {}, readyWithinMs: 300 })).rejects.toThrow(
      'not ready within 300 ms',
    )
  })
})

describe('a parent', { timeout: 30_000 }, () => {
  test('that is killed takes its children along', async () => {
    const { parent, web } = await startedParent()
    parent.kill('SIGKILL')
    await until('the child is gone', () => !lives(web))
  })

  test('stops its children at the first Ctrl-C, also when npm passes it on a second time', async () => {
    const { parent, web, said } = await startedParent()
    const ended = once(parent, 'exit')
    pressCtrlC(parent)
    parent.kill('SIGINT')
    expect(await ended).toEqual([0, null])
    expect(lives(web)).toBe(false)
    expect(said.filter((line) => line.includes('got SIGTERM'))).toHaveLength(1)
    expect(said.join('\n')).not.toContain('stopping at once')
  })

  test('does not wait any longer at the second Ctrl-C', async () => {
    const { parent, web, said } = await startedParent('stubborn')
    const ended = once(parent, 'exit')
    pressCtrlC(parent)
    await until('it is stopping', () => said.some((line) => line.includes('got SIGTERM')))
    const again = setInterval(() => pressCtrlC(parent), 100)
    expect(await ended).toEqual([1, null])
    clearInterval(again)
    expect(lives(web)).toBe(false)
  })
})

function child(name: string, env: Record<string, string> = {}): ChildSpec {
  return { name, file: CHILD, env: { NAME: name, ...env }, ready: /works as/ }
}

async function supervised(specs: ChildSpec[], options: Partial<SupervisorOptions> = {}) {
  const lines: string[] = []
  const log = (line: string) => void lines.push(line)
  const supervisor = await superviseAll(specs, { log, firstPauseMs: 10, stopWithinMs: 5_000, ...options })
  onTestFinished(() => supervisor.stop())
  return { supervisor, lines }
}

async function startedParent(
  ...args: string[]
): Promise<{ parent: ChildProcess; web: number; said: string[] }> {
  const parent = spawn(process.execPath, [PARENT, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const said: string[] = []
  createInterface({ input: parent.stdout }).on('line', (line) => said.push(line))
  await until('everything is up', () => said.includes('all up'))
  return { parent, web: Number(/works as (\d+)/.exec(said.join('\n'))?.[1]), said }
}

/** A terminal sends it to every process of the group. */
function pressCtrlC(parent: ChildProcess): void {
  if (parent.exitCode === null && parent.signalCode === null) process.kill(-(parent.pid as number), 'SIGINT')
}

function pidOf(pid: number | null): number {
  if (pid === null) throw new Error('it is down')
  return pid
}
