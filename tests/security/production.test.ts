/** Nothing that helps us at our desks is there in production. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_ADMIN, DEMO_SAVER } from '../../prisma/demo.ts'
import { routes as routesOfBank } from '../../src/sandbox/routes.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { authority } from '../support/certificates.ts'
import { newAdmin, type Person } from '../support/people.ts'
import { behindTls, startTlsFront, type TlsFront } from '../support/tls-front.ts'
import { Visitor } from '../support/visitor.ts'

const trusted = authority('An authority everybody trusts')
const usual = getCACertificates('default')

let front: TlsFront
let bankFront: TlsFront
let app: TestApp
let admin: Person

beforeAll(async () => {
  setDefaultCACertificates([trusted.cert])
  front = await startTlsFront(trusted.issue('localhost'))
  bankFront = await startTlsFront(trusted.issue('localhost'))
  const { settings, sandbox } = behindTls(front, bankFront)
  // Empty is as good as not set, as it is in production unless somebody sets it.
  const started = await startTestApp({ settings: { ...settings, SANDBOX_CONSOLE: '' }, sandbox })
  front.forwardTo(started.baseUrl)
  bankFront.forwardTo(started.sandbox.url)
  app = { ...started, baseUrl: front.url }
  admin = await newAdmin(app)
})
afterAll(async () => {
  await app.close()
  await front.close()
  await bankFront.close()
  setDefaultCACertificates(usual)
})

/** Of the emulator's control and pages, its API, and the mail catcher. */
const ELSEWHERE = [
  ...['/__emulator', '/__emulator/requests', '/__emulator/faults', '/__emulator/clock', '/bank/sign-in'],
  ...['/messages.json', '/messages', '/messages/1', '/messages/1/html', '/demo', '/demo/code'],
  ...new Set(routesOfBank.map(({ path }) => String(path).replace(/:\w+/g, 'x'))),
]

describe('in production', () => {
  test.each(ELSEWHERE)('%s is not there, not even for an admin', async (path) => {
    expect((await admin.visitor.get(path)).status).toBe(404)
  })

  test('the console of the sandbox is not there unless somebody asks for it', async () => {
    expect(routesOf(app.deps).filter((route) => route.includes('sandbox'))).toEqual([])
    for (const path of ['/admin/sandbox', '/admin/sandbox/calls', '/admin/sandbox/calls/payment'])
      expect((await admin.visitor.get(path)).status).toBe(404)
    expect((await admin.visitor.get('/admin')).status).toBe(200)
  })

  test.each([DEMO_SAVER, DEMO_ADMIN])('$email signs nobody in', async ({ email, password }) => {
    const visitor = new Visitor(app)
    const page = await visitor.get('/login')
    expect(page.text).not.toMatch(/demo/i)
    expect((await visitor.post('/login', { email, password })).status).toBe(422)
  })
})

test('npm start refuses production before it brings anything up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-production-'))
  const child = spawn(process.execPath, ['src/start.ts'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATA_DIR: join(folder, 'data'),
      ENV_FILE: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(1)
  expect(said).toContain('This brings up what is missing, which is not for production')
  expect(existsSync(join(folder, 'data'))).toBe(false)
  expect(await readdir(folder)).toEqual([])
  await rm(folder, { recursive: true })
})
