/** `npm run admin:create`: the first admin, without a password that anybody was ever told. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const COMMAND = fileURLToPath(new URL('../../src/admin-create.ts', import.meta.url))
const CHOSEN = 'Seven-cranes-over-ice-81'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

function create(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { PATH: process.env.PATH, ...app.environment }
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { env }, (failed, out, error) =>
      resolve({ code: failed ? Number(failed.code) : 0, out, error }),
    )
  })
}

const newAddress = () => `${randomUUID()}@example.com`
const rowOf = (email: string) => app.deps.db.prisma.user.findUniqueOrThrow({ where: { email } })

describe('npm run admin:create', () => {
  test('prints a link by which a new admin chooses a password, once, and then sets up a second factor', async () => {
    const email = newAddress()
    const { code, out } = await create('--email', email.toUpperCase(), '--name', 'Aino Lind')
    expect(code).toBe(0)
    const path = new URL(/^https?:\S+$/m.exec(out)?.[0] ?? '').pathname
    const visitor = new Visitor(app)
    expect((await visitor.get(path)).status).toBe(200)
    const wish = { password: CHOSEN, passwordConfirm: CHOSEN }
    expect((await visitor.post(path, wish)).status).toBe(303)
    expect((await visitor.get(path)).headers.location).toBe('/password/forgot')
    await visitor.get('/login')
    await visitor.post('/login', { email, password: CHOSEN })
    expect((await visitor.get('/admin')).headers.location).toBe('/settings/security/authenticator')
    const lines = await app.deps.db.prisma.auditEvent.findMany({
      where: { subjectId: (await rowOf(email)).id, action: 'user.appointed' },
    })
    expect(lines).toHaveLength(1)
  })

  test('makes an admin of a saver, who keeps the password and signs in anew', async () => {
    const saver = await newSaver(app)
    const { code, out } = await create('--email', saver.email, '--name', 'Ignored')
    expect([code, out]).toEqual([0, expect.stringContaining('is an admin from the next sign-in on')])
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
    expect(await rowOf(saver.email)).toMatchObject({ role: 'ADMIN', fullName: 'Ida Berg' })
    expect((await create('--email', saver.email, '--name', 'x')).out).toContain('is an admin already')
  })

  test('makes none of an account whose address nobody has confirmed', async () => {
    const { email, user } = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: user.id }, data: { emailConfirmedOn: null } })
    const { code, out } = await create('--email', email, '--name', 'x')
    expect([code, out]).toEqual([1, expect.stringContaining('is not open')])
    expect((await rowOf(email)).role).toBe('SAVER')
  })

  test.each([
    [['--name', 'Aino'], '--email is missing'],
    [['--email', 'nobody', '--name', 'Aino'], '--email must be an address'],
    [['--email', 'a@example.com'], '--name is missing'],
    [['--email', 'a@example.com', '--name', ' '], '--name is empty'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, error } = await create(...args)
    expect([code, textOf(error)]).toEqual([3, expect.stringContaining(message)])
  })
})
