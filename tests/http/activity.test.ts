import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { uuidv7 } from '../../src/crypto.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, newSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const clock = new ManualClock('2026-06-17T08:00:00.000Z')
let app: TestApp
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { TRUST_PROXY: '1' } })
})
afterAll(() => app.close())
beforeEach(async () => {
  clock.advance(MINUTE)
  saver = await newLinkedSaver(app)
})

/** The rows of the table, each as the texts of its cells. */
async function rowsOf(path: string, { visitor } = saver): Promise<string[][]> {
  const page = await visitor.get(path)
  expect(page.status).toBe(200)
  return [...page.text.matchAll(/<tr role="row">\s*(<td[\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
    row.split('</td>').map(textOf).filter(Boolean),
  )
}

const olderOf = async (path: string, { visitor } = saver) =>
  /rel="next" href="([^"]+)"/.exec((await visitor.get(path)).text)?.[1]?.replaceAll('&amp;', '&') ?? null

/** Somebody's calls, each a minute after the one before. */
async function haveCalls(userId: string, howMany: number, facts: { api?: string; outcome?: string } = {}) {
  const from = clock.now().getTime()
  await app.deps.db.prisma.bankCall.createMany({
    data: Array.from({ length: howMany }, (_, at) => ({
      id: uuidv7(),
      // In pairs of the same instant: only the id tells them apart.
      at: new Date(from + Math.floor(at / 2) * MINUTE),
      actor: 'worker',
      onBehalfOfId: userId,
      api: 'payments.detail',
      method: 'GET',
      path: '/secret-path',
      outcome: 'ok',
      durationMs: 1,
      responseBody: 'secret-body',
      ...facts,
    })),
  })
}

describe('calls to the bank (S-060)', () => {
  test('are listed with time in the saver’s zone, what was done and what came of it, newest first', async () => {
    await checkOff(app, saver, await newHabit(app, saver))
    for (let round = 0; round < 4; round += 1) {
      clock.advance(2 * MINUTE)
      await app.settleDue()
    }
    app.sandbox.control.addFault({ kind: 'status', route: '* */accounts', count: 1 })
    await saver.visitor.get('/accounts/load')
    const rows = await rowsOf('/activity')
    const what = rows.map(([, words]) => words)
    for (const words of [
      'Took you to Nordea to give your consent',
      'Fetched the keys to your new consent',
      'Looked at your accounts and their balances',
      'Sent a payment order',
      'Gave our word that payment orders may be carried out',
    ])
      expect(what).toContain(words)
    expect(rows[0]).toEqual([
      expect.stringMatching(/^17 Jun 2026, 10:\d\d$/),
      'Looked at your accounts and their balances',
      'Here',
      'Nordea had trouble',
    ])
    expect(rows.find(([, words]) => words === 'Sent a payment order')?.slice(2)).toEqual(['Here', 'Done'])
    clock.advance(6 * MINUTE)
  })

  test('of others are on nobody’s page, and no page shows paths, bodies or numbers', async () => {
    const other = await newSaver(app)
    await haveCalls(other.user.id, 3)
    await haveCalls(saver.user.id, 1)
    expect(await rowsOf('/activity', other)).toHaveLength(3)
    const { text } = await other.visitor.get('/activity')
    expect(text).not.toMatch(/secret-path|secret-body|[A-Z]{2}\d{10,}/)
    expect(await rowsOf(`/activity?userId=${saver.user.id}`, other)).toHaveLength(3)
  })

  test('come in pages that leave nothing out and show nothing twice', async () => {
    const newcomer = await newSaver(app)
    await haveCalls(newcomer.user.id, 120)
    const { rows: all } = await app.deps.db.pool.query(
      `SELECT id FROM "BankCall" WHERE "onBehalfOfId" = $1 ORDER BY at DESC, id DESC`,
      [newcomer.user.id],
    )
    let path: string | null = '/activity'
    const sizes: number[] = []
    const boundaries: string[] = []
    while (path) {
      sizes.push((await rowsOf(path, newcomer)).length)
      path = await olderOf(path, newcomer)
      if (path) boundaries.push(new URL(path, app.baseUrl).searchParams.get('before') ?? '')
    }
    expect(sizes).toEqual([50, 50, 20])
    expect(boundaries).toEqual([all[49].id, all[99].id])
  })

  test('can be narrowed to a kind, on every page of it', async () => {
    const newcomer = await newSaver(app)
    await haveCalls(newcomer.user.id, 60, { api: 'accounts.list' })
    await haveCalls(newcomer.user.id, 5, { api: 'authorization.refresh' })
    expect(await rowsOf('/activity?kind=consent', newcomer)).toHaveLength(5)
    const older = await olderOf('/activity?kind=accounts', newcomer)
    expect(older).toMatch(/^\/activity\?kind=accounts&before=/)
    expect(await rowsOf(older ?? '', newcomer)).toHaveLength(10)
  })

  test.each([
    '?kind=nothing',
    '?before=x',
    '?before=00000000-0000-4000-8000-000000000000',
    '?kind[]=a&before[]=b',
  ])('with a forged address (%s) begin anew', async (query) => {
    expect(await rowsOf(`/activity${query}`)).toEqual(await rowsOf('/activity'))
  })

  test('a page can’t be begun at somebody else’s row', async () => {
    const other = await newSaver(app)
    await haveCalls(other.user.id, 1)
    const [row] = await app.deps.db.prisma.bankCall.findMany({ where: { onBehalfOfId: other.user.id } })
    expect(await rowsOf(`/activity?before=${row?.id}`)).toEqual(await rowsOf('/activity'))
  })

  test('are linked from the settings and from the bank', async () => {
    for (const page of ['/settings', '/bank'])
      expect((await saver.visitor.get(page)).text).toContain('href="/activity"')
  })
})

describe('what happened in the account (H1)', () => {
  test('tells of sign-ins, changes and money, with who it was', async () => {
    const elsewhere = new Visitor(app, { 'X-Forwarded-For': '203.0.113.9' })
    await elsewhere.post('/login', { email: saver.email, password: 'Wrong-otter-39-lakes' })
    const habit = await newHabit(app, saver)
    await checkOff(app, saver, habit)
    const rows = await rowsOf('/activity/account')
    expect(rows.map(([, what, who]) => [what, who?.split(' ')[0]])).toEqual(
      expect.arrayContaining([
        ['A sign-in was refused', 'Somebody'],
        ['Signed in', 'You'],
        ['A consent was given at Nordea', 'You'],
        ['The two accounts were chosen', 'You'],
        ['A habit was made', 'You'],
        ['A habit was checked off', 'You'],
        ['A payment was scheduled', 'You'],
      ]),
    )
    const { text } = await saver.visitor.get('/activity/account')
    expect(text).toContain(`href="/habits/${habit}"`)
    expect(text, 'where somebody else came from is not the saver’s to know').not.toContain('203.0.113.9')
  })

  test('can be narrowed, and shows nothing of others', async () => {
    const signIns = await rowsOf('/activity/account?kind=account')
    expect(signIns.map(([, what]) => what)).toContain('Signed in')
    expect(signIns.map(([, what]) => what)).not.toContain('A consent was given at Nordea')
    const other = await newSaver(app)
    const own = await rowsOf('/activity/account', other)
    expect(own.map(([, what]) => what)).not.toContain('A consent was given at Nordea')
    expect(own.length).toBeGreaterThan(1)
  })

  test('says when an admin was at it, without the admin’s name or address', async () => {
    const admin = await newAdmin(app)
    const consent = await app.deps.models.consents.live(saver.user.id)
    await admin.visitor.get('/admin/consents')
    await admin.visitor.post(`/admin/consents/${consent?.id}/ask`)
    const [newest] = await rowsOf('/activity/account')
    expect(newest?.slice(1)).toEqual(['It was checked whether your consent works', 'Somebody at Sparvana'])
    const [call] = await rowsOf('/activity')
    expect(call?.[2]).toBe('Away; Sparvana checked your consent')
    expect((await saver.visitor.get('/activity/account')).text).not.toContain(admin.email)
  })
})
