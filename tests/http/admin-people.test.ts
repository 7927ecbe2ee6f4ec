/** What admins do about people: each deed asks who is there, is noted, told to its owner, and done once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  addFactor,
  checkOff,
  newAdmin,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
  postWithCode,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let admin: PersonWithFactor
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
})
afterAll(() => app.close())
beforeEach(async () => {
  clock.advance(MINUTE)
  saver = await newSaver(app, 'Nils Dahl')
})

/** As an admin who shows again who they are. */
async function act(deed: string, fields: Record<string, string> = {}, on: Person = saver) {
  const path = `/admin/users/${on.user.id}`
  await admin.visitor.get(path)
  clock.advance(MINUTE)
  const answer = await postWithCode(admin, `${path}/${deed}`, fields)
  return { status: answer.status, said: textOf((await admin.visitor.get(path)).text), answer }
}

const isSignedIn = async ({ visitor }: Person) => (await visitor.get('/dashboard')).status === 200
const rowOf = (person: Person) => app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
const noted = (action: string, { user }: Person) =>
  app.deps.db.prisma.auditEvent.findMany({ where: { action, subjectId: user.id } })

async function mailsTo({ email }: Person): Promise<string[]> {
  await app.sendMails()
  return app.mail
    .messages()
    .filter(({ to }) => to.includes(email))
    .map(({ subject }) => subject)
}

describe('the list of people', () => {
  test.each([
    ['the beginning of an address', () => saver.email.slice(0, 12)],
    ['the beginning of an address in capitals', () => saver.email.slice(0, 12).toUpperCase()],
    ['an id', () => saver.user.id],
  ])('finds somebody by %s', async (_what, search) => {
    const page = await admin.visitor.get(`/admin/users?search=${encodeURIComponent(search())}`)
    expect([...page.text.matchAll(/href="\/admin\/users\/([0-9a-f-]{36})"/g)].map(([, id]) => id)).toEqual([
      saver.user.id,
    ])
  })

  test('finds people by the beginning of a name, and takes a wildcard for what it is', async () => {
    expect(textOf((await admin.visitor.get('/admin/users?search=nils%20d')).text)).toContain(saver.email)
    expect(textOf((await admin.visitor.get('/admin/users?search=%25')).text)).toContain(
      'Nobody is like this.',
    )
  })

  test('is narrowed by role and state', async () => {
    const admins = textOf((await admin.visitor.get('/admin/users?role=ADMIN')).text)
    expect([admins.includes(admin.email), admins.includes(saver.email)]).toEqual([true, false])
    expect(textOf((await admin.visitor.get('/admin/users?status=LOCKED')).text)).not.toContain(saver.email)
  })

  test('and the page of one show nothing of what they save for', async () => {
    const linked = await newLinkedSaver(app)
    await newHabit(app, linked, { name: 'A very private habit' })
    for (const path of ['/admin/users', `/admin/users/${linked.user.id}`])
      expect((await admin.visitor.get(path)).text).not.toContain('A very private habit')
  })
})

describe('locking', () => {
  test('signs out at once, keeps out, holds payments back, and is told to the owner', async () => {
    const linked = await newLinkedSaver(app)
    await checkOff(app, linked, await newHabit(app, linked))
    const { said } = await act('lock', { reason: 'Odd orders' }, linked)
    expect(said).toContain('Locked: nobody signs in')
    expect(await isSignedIn(linked)).toBe(false)
    await linked.visitor.get('/login')
    const again = await linked.visitor.post('/login', { email: linked.email, password: PASSWORD })
    expect([again.status, textOf(again.text).includes('The address or the password is wrong.')]).toEqual([
      422,
      true,
    ])
    clock.advance(5 * MINUTE)
    await app.settleDue()
    const payment = await app.deps.db.prisma.payment.findFirstOrThrow({ where: { userId: linked.user.id } })
    expect([payment.state, payment.reason]).toEqual(['BLOCKED', 'account-locked'])
    expect(await noted('user.locked', linked)).toMatchObject([
      { actorKind: 'admin', actorId: admin.user.id, detail: { reason: 'Odd orders' } },
    ])
    expect(await mailsTo(linked)).toContain('Your account is locked')

    await act('unlock', {}, linked)
    await app.settleDue()
    clock.advance(MINUTE)
    await app.settleDue()
    expect((await app.deps.db.prisma.payment.findUniqueOrThrow({ where: { id: payment.id } })).state).toBe(
      'PAID',
    )
    await linked.visitor.get('/login')
    const back = await linked.visitor.post('/login', { email: linked.email, password: PASSWORD })
    expect(back.headers.location).toBe('/dashboard')
  })

  test('needs a reason, and says so at the field', async () => {
    const { status, answer } = await act('lock', { reason: ' ' })
    expect(status).toBe(422)
    expect(answer.text).toMatch(/id="reason-error"[\s\S]*Say why/)
    const long = 'Odd orders. '.repeat(30).trim()
    const refused = await act('lock', { reason: long })
    expect([refused.status, refused.answer.text.includes(`value="${long.slice(0, 300)}"`)]).toEqual([
      422,
      true,
    ])
    expect((await rowOf(saver)).status).toBe('ACTIVE')
  })

  test('twenty times at one moment locks once', async () => {
    const by = { kind: 'admin', id: admin.user.id, ip: null, requestId: null } as const
    const results = await Promise.all(
      Array.from({ length: 20 }, () => app.deps.models.people.lock(saver.user.id, 'Twenty', by)),
    )
    expect(results.filter((result) => result === 'done')).toHaveLength(1)
    expect(await noted('user.locked', saver)).toHaveLength(1)
  })

  test('is refused for one’s own account', async () => {
    expect((await act('lock', { reason: 'Me' }, admin)).said).toContain('This is your own account')
    expect((await rowOf(admin)).status).toBe('ACTIVE')
  })

  test('of two admins who lock each other at one moment leaves one', async () => {
    const { prisma } = app.deps.db
    const [one, other] = [await newAdmin(app), await newAdmin(app)]
    const pair = [one.user.id, other.user.id]
    await prisma.user.updateMany({ where: { role: 'ADMIN', id: { notIn: pair } }, data: { role: 'SAVER' } })
    const as = ({ user }: Person) => ({ kind: 'admin', id: user.id, ip: null, requestId: null }) as const
    const results = await Promise.all([
      app.deps.models.people.lock(other.user.id, 'First', as(one)),
      app.deps.models.people.lock(one.user.id, 'Second', as(other)),
    ])
    expect(results.sort()).toEqual(['done', 'last-admin'])
    await prisma.user.updateMany({ where: { id: { in: pair } }, data: { role: 'SAVER', status: 'ACTIVE' } })
    await prisma.user.update({ where: { id: admin.user.id }, data: { role: 'ADMIN' } })
  })
})

describe('helping', () => {
  test('signs somebody out everywhere', async () => {
    expect((await act('sign-out')).said).toContain('Signed out everywhere.')
    expect(await isSignedIn(saver)).toBe(false)
    expect((await act('sign-out')).said).toContain('Nobody was signed in')
  })

  test('takes a lost second factor away after the delay, unless its owner objects', async () => {
    const lost = await addFactor(app, saver)
    expect((await act('factor-reset', {}, lost)).said).toContain(
      'The second factor goes after the usual delay',
    )
    expect(await mailsTo(lost)).toContain('Your second step will no longer be asked for')
    const reset = await app.deps.db.prisma.factorReset.findFirstOrThrow({ where: { userId: lost.user.id } })
    expect(reset.adminId).toBe(admin.user.id)
    expect(reset.effectiveOn.getTime() - reset.askedOn.getTime()).toBe(48 * HOUR)
    expect((await rowOf(lost)).totpConfirmedOn).not.toBeNull()
  })

  test('has nothing to take away from somebody without one', async () => {
    expect((await act('factor-reset')).said).toContain('This account has no second factor.')
  })
})

describe('a role', () => {
  test('counts from the next sign-in on, which needs a second factor', async () => {
    expect((await act('role', { role: 'ADMIN' })).said).toContain('admin from the next sign-in on')
    expect(await isSignedIn(saver)).toBe(false)
    await saver.visitor.get('/login')
    await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
    expect((await saver.visitor.get('/admin')).headers.location).toBe('/settings/security/authenticator')
    expect(await mailsTo(saver)).toContain('What you may do at Sparvana has changed')
    await act('role', { role: 'SAVER' })
    expect((await rowOf(saver)).role).toBe('SAVER')
  })

  test('that does not exist is refused', async () => {
    expect((await act('role', { role: 'OWNER' })).status).toBe(422)
    expect((await rowOf(saver)).role).toBe('SAVER')
  })

  test('is not changed for whoever has not confirmed an address', async () => {
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { emailConfirmedOn: null } })
    expect((await act('role', { role: 'ADMIN' })).said).toContain('not open and confirmed')
  })
})

test('every deed asks an admin again who is there', async () => {
  clock.advance(4 * MINUTE)
  await admin.visitor.get('/admin')
  clock.advance(4 * MINUTE)
  for (const deed of ['lock', 'unlock', 'sign-out', 'factor-reset', 'role']) {
    const answer = await admin.visitor.post(`/admin/users/${saver.user.id}/${deed}`, { reason: 'x' })
    expect([deed, answer.status, textOf(answer.text).includes('Show that it is you')]).toEqual([
      deed,
      403,
      true,
    ])
  }
})
