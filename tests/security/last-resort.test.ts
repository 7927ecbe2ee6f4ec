/** What nobody caught: in a process, and in the page that tells of errors. */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readViews } from '../../src/views.ts'
import { ask } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { linesOf, logOf } from './support/log.ts'

const DYING = join(import.meta.dirname, 'support', 'dying.ts')

async function died(how: string): Promise<{ code: number | null; said: string; complained: string }> {
  const child = spawn(process.execPath, [DYING, how], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complained] = ['', '']
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    complained += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said, complained }
}

describe('a process', () => {
  test.each([
    ['an error', 'uncaught', 'uncaught exception'],
    ['a rejection', 'unhandled rejection', 'unhandled rejection'],
  ])('that overlooks %s writes it down, puts everything away and ends', async (how, message, why) => {
    const { code, said } = await died(how)
    expect(code).toBe(1)
    expect(said).toContain('everything was put away')
    const lines = linesOf(said.replace('everything was put away\n', ''))
    expect(lines).toMatchObject([
      { level: 'error', message, error: { message: 'overlooked' } },
      { level: 'info', message: 'a process stops', why },
    ])
    expect(said).not.toContain('Quiet-otter-39-lakes')
  })

  test('that can’t even be stopped ends all the same', async () => {
    const { code, said } = await died('while stopping')
    expect(code).toBe(1)
    expect(linesOf(said).map(({ message }) => message)).toEqual([
      'uncaught',
      'a process stops',
      'while stopping',
    ])
  })

  test('that does not start says why and ends', async () => {
    const { code, complained } = await died('at the start')
    expect(code).toBe(1)
    expect(complained).toContain('a process did not start')
  })
})

describe('an error page that can’t be drawn', () => {
  let app: TestApp
  let views: string
  const server = createServer()

  beforeAll(async () => {
    app = await startTestApp()
    views = await mkdtemp(join(tmpdir(), 'sparvana-views-'))
    await cp('views', views, { recursive: true })
    await writeFile(join(views, 'errors', 'error.ejs'), '<p><%= locals.there.is.none %></p>')
    await writeFile(join(views, 'auth', 'login.ejs'), '<% throw new Error("inside") %>')
    server.on('request', createApp(app.deps, undefined, readViews(views)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await app.close()
    await rm(views, { recursive: true })
  })

  test.each([
    ['a page that is not there', 'GET', '/nothing', 404],
    ['a page that can’t be drawn either', 'GET', '/login', 500],
    ['a form that is refused', 'POST', '/login', 403],
    ['another method', 'PUT', '/', 405],
  ])('is a plain sentence with a reference: %s', async (_name, method, path, status) => {
    const { host } = new URL(app.baseUrl)
    const here = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    let answer = { status: 0, text: '', headers: {} } as Awaited<ReturnType<typeof ask>>
    const written = await logOf(app, async () => {
      answer = await ask(here, method, path, {
        headers: { host },
        ...(method === 'POST' ? { body: '' } : {}),
      })
    })
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/plain; charset=utf-8'])
    const reference = String(answer.headers['x-request-id'])
    expect(answer.text).toMatch(/^Something broke on our side\. .*\n$/)
    expect(answer.text).toContain(reference)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'")
    const failed = linesOf(written).find(({ message }) => message === 'error page failed')
    expect(failed).toMatchObject({ level: 'error', requestId: reference })
  })
})
