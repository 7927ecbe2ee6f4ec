import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock('2026-06-17T08:00:00.000Z')
let app: TestApp
let admin: Person
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { CONSENT_DAYS: '180', UNATTENDED_READS_PER_DAY: '4' } })
  admin = await newAdmin(app)
})
afterAll(() => app.close())
beforeEach(async () => {
  saver = await newLinkedSaver(app)
})

const prisma = () => app.deps.db.prisma
const liveOf = async ({ user }: Person) =>
  prisma().bankConsent.findFirstOrThrow({ where: { userId: user.id, revokedAt: null } })
const change = async (data: object) =>
  prisma().bankConsent.updateMany({ where: { userId: saver.user.id, revokedAt: null }, data })

/** The row of a saver, with its cells; null when the list has none. */
async function rowOf({ user }: Person, query = ''): Promise<string[] | null> {
  for (let path: string | null = `/admin/consents${query}`; path; ) {
    const { status, text } = await admin.visitor.get(path)
    expect(status).toBe(200)
    const rows = [...text.matchAll(/<tr role="row">\s*(<td[\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
      row.split('</td>').map(textOf).filter(Boolean),
    )
    const own = rows.find(([who]) => who?.includes(user.id))
    if (own) return own
    path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null
  }
  return null
}

async function ask(id: string): Promise<string> {
  await admin.visitor.get('/admin/consents')
  const answer = await admin.visitor.post(`/admin/consents/${id}/ask`)
  expect([answer.status, answer.headers.location]).toEqual([303, '/admin/consents'])
  return admin.visitor.flashes('/admin/consents')
}

const answersTo = async ({ user }: Person) =>
  (await prisma().auditEvent.findMany({ where: { subjectId: user.id, action: 'consent.checked' } })).map(
    ({ detail, actorId }) => [(detail as { answer: string }).answer, actorId],
  )

describe('the review of consents (S-058)', () => {
  test('shows each live one with its saver’s masked address, and what it is for', async () => {
    const [who, , , , givenFor, seen] = (await rowOf(saver)) ?? []
    expect(who).toMatch(/^.•••@e•••\.com /)
    expect([givenFor, seen]).toEqual(['current 5 scopes', 'Nothing odd'])
    expect((await admin.visitor.get('/admin/consents')).text).not.toContain(saver.email)
  })

  test.each([
    ['expired', 'Run out', () => change({ expiresAt: clock.now() })],
    ['outdated', 'Other version or scopes', () => change({ profile: 'paper' })],
    ['outdated', 'Other version or scopes', () => change({ scopes: ['ACCOUNTS_BASIC'] })],
    [
      'unused',
      'Unused',
      async () => {
        const longAgo = new Date(clock.now().getTime() - 91 * DAY)
        await change({ grantedAt: longAgo, lastUsedAt: longAgo })
        await prisma().user.update({ where: { id: saver.user.id }, data: { lastSignInOn: longAgo } })
      },
    ],
    [
      'refused',
      'Refused by the bank',
      async () => {
        app.sandbox.control.addFault({ kind: 'status', status: 403, route: '* */accounts', count: 1 })
        await ask((await liveOf(saver)).id).finally(() => app.sandbox.control.clearFaults())
      },
    ],
    [
      'untold',
      'End not confirmed',
      async () => {
        const { id } = await liveOf(saver)
        const by = { kind: 'saver', id: saver.user.id, ip: null, requestId: null } as const
        await app.deps.models.consents.revoke(saver.user.id, id, by)
      },
    ],
  ] as const)('flags what is %s', async (concern, badge, happen) => {
    expect(await rowOf(saver, `?show=${concern}`)).toBeNull()
    await happen()
    expect((await rowOf(saver, `?show=${concern}`))?.[5]).toBe(badge)
    expect((await rowOf(saver))?.[5]).toBe(badge)
  })

  test('flags a refusal no longer once the bank has answered', async () => {
    app.sandbox.control.addFault({ kind: 'status', status: 403, route: '* */accounts', count: 1 })
    const { id } = await liveOf(saver)
    await ask(id).finally(() => app.sandbox.control.clearFaults())
    expect(await rowOf(saver, '?show=refused')).not.toBeNull()
    await ask(id)
    expect(await rowOf(saver, '?show=refused')).toBeNull()
  })

  test('leaves out what is over here and there, and what another has replaced', async () => {
    const { id } = await liveOf(saver)
    await saver.visitor.get('/bank')
    await saver.visitor.post(`/bank/${id}/revoke`)
    expect(await rowOf(saver)).toBeNull()
  })

  test('counts what it flags, and lists it in pages', async () => {
    for (let made = 0; made < 26; made += 1) {
      const { id } = await prisma().user.create({
        data: {
          fullName: 'Bo',
          email: `bo-${made}-${Math.random()}@example.com`,
          hashedPwd: 'x',
          createdOn: clock.now(),
        },
      })
      const grantedAt = new Date(clock.now().getTime() - 10 * DAY)
      const facts = { profile: 'current', country: 'DK', scopes: [], grantedAt, expiresAt: grantedAt }
      await prisma().bankConsent.create({ data: { userId: id, ...facts, accessTokenExpiresAt: grantedAt } })
    }
    const { text } = await admin.visitor.get('/admin/consents?show=expired')
    const counted = Number(/Run out, and still here \((\d+)\)/.exec(text)?.[1])
    expect(counted).toBe(
      await prisma().bankConsent.count({ where: { revokedAt: null, expiresAt: { lte: clock.now() } } }),
    )
    const rows = (html: string) => html.split('<tr role="row">').length - 2
    expect(rows(text)).toBe(25)
    const older = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(older).toContain('show=expired&before=')
    expect(rows((await admin.visitor.get(older)).text)).toBe(counted - 25)
  })

  test('is for admins alone', async () => {
    expect((await saver.visitor.get('/admin/consents')).status).toBe(403)
  })
})

describe('asking the bank about one', () => {
  test('takes one call without the saver, and tells the outcome and nothing else; it is no use of the consent', async () => {
    const consent = await liveOf(saver)
    clock.advance(2 * MINUTE)
    app.sandbox.control.clearRequests()
    expect(await ask(consent.id)).toContain('The consent works: Nordea answered.')
    expect(app.sandbox.control.requests()).toHaveLength(1)
    const call = await prisma().bankCall.findFirstOrThrow({
      where: { onBehalfOfId: saver.user.id },
      orderBy: { at: 'desc' },
    })
    expect(call).toMatchObject({ api: 'accounts.list', actor: 'admin', attended: false })
    expect(await answersTo(saver)).toEqual([['works', admin.user.id]])
    expect((await liveOf(saver)).lastUsedAt).toEqual(consent.lastUsedAt)
  })

  test('finds a consent that was withdrawn at the bank, and ends it here', async () => {
    const consent = await liveOf(saver)
    const access = await app.deps.models.consents.accessFor(saver.user.id, () => Promise.reject(new Error()))
    expect(access.kind).toBe('access')
    app.sandbox.control.addFault({ kind: 'consent-revoked', route: '* */accounts', count: 1 })
    expect(await ask(consent.id).finally(() => app.sandbox.control.clearFaults())).toContain(
      'Nordea says that this consent is over',
    )
    expect(await app.deps.models.consents.live(saver.user.id)).toBeNull()
    expect(await answersTo(saver)).toEqual([['ended-at-bank', admin.user.id]])
    expect(await ask(consent.id)).toContain('That consent isn’t live any more.')
  })

  test('that can’t be reached says nothing of the consent', async () => {
    const consent = await liveOf(saver)
    app.sandbox.control.addFault({ kind: 'status', route: '* */accounts', count: 1 })
    expect(await ask(consent.id)).toContain('That says nothing of the consent.')
    expect(await app.deps.models.consents.live(saver.user.id)).not.toBeNull()
  })

  test('is not asked where the looks that are left belong to the payments, or where the consent is of no use', async () => {
    const consent = await liveOf(saver)
    for (let look = 0; look < 3; look += 1) await ask(consent.id)
    app.sandbox.control.clearRequests()
    expect(await ask(consent.id)).toContain('belong to the saver’s payments')
    await change({ profile: 'paper' })
    expect(await ask(consent.id)).toContain('not for what is asked now')
    await change({ expiresAt: clock.now() })
    expect(await ask(consent.id)).toContain('has run out')
    expect(app.sandbox.control.requests()).toEqual([])
  })
})
