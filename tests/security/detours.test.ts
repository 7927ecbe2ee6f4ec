import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../http/support/ask.ts'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newSaver, PASSWORD } from '../support/people.ts'
import { type Cast, newCast, type Player, playerOf, send } from './support/cast.ts'

let app: TestApp
let cast: Cast

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
})
afterAll(() => app.close())

describe('ways around the guard', () => {
  const TRICKS = [
    '/DASHBOARD',
    '/dashboard/',
    '/dashboard?x=/login',
    '/%64ashboard',
    '//dashboard',
    '/./dashboard',
    '/login/../dashboard',
    '/login/..%2fdashboard',
    '/dashboard%00',
    '/dashboard;x=1',
    '/dashboard.json',
    '/ADMIN',
    '/%61dmin',
    '//admin',
    '/admin/',
    '/admin//sandbox',
    '/Admin/Routes/',
    '/admin%2froutes',
    '/files/../admin',
    '/files/any/..%2f..%2fsrc/app.ts',
    '/files/any/../../package.json',
    '/files/any/%2e%2e/favicon.ico',
    '/files/any/css/tokens.css',
    '/icons/..%2f..%2fpackage.json',
    '/icons/icon-192.png%00.css',
    '/.env',
    '/package.json',
  ]
  test.each(TRICKS)('%s shows a visitor nothing private', async (path) => {
    const answer = await ask(app, 'GET', path)
    expect([303, 400, 404]).toContain(answer.status)
    if (answer.status === 303) expect(answer.headers.location).toBe('/login')
    expect(answer.text).not.toContain('Sign out')
  })

  test.each(TRICKS)('%s shows a saver nothing of an admin’s', async (path) => {
    const answer = await send(app, cast.players.other, `GET ${path}`)
    expect([200, 400, 403, 404]).toContain(answer.status)
    if (answer.status === 200) expect(answer.text).toContain('<title>Today')
  })

  test.each(['/%', '/%E0%A4%A', '/habits/%', '/confirm/%ff', '/files/%', `/${'a'.repeat(8_000)}`])(
    '%s is refused without trouble on our side',
    async (path) => {
      const answer = await send(app, cast.players.owner, `GET ${path}`)
      expect([400, 404]).toContain(answer.status)
      expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+/)
    },
  )

  test('a method named in a field or a header is not obeyed', async () => {
    const before = await snapshot(app)
    const { owner } = cast.players
    const address = `/habits/${cast.ids.habits}`
    const token = `_csrf=${encodeURIComponent(owner.token)}`
    const named = await send(app, owner, `POST ${address}?_method=DELETE`, {
      body: `${token}&_method=DELETE`,
    })
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    const overridden = await send(app, owner, `POST ${address}`, { headers })
    expect([named.status, overridden.status]).toEqual([404, 404])
    expect(await snapshot(app)).toEqual(before)
  })

  test('who somebody is can’t be said by a header, a field or the address', async () => {
    const before = await snapshot(app)
    const { owner, other } = cast.players
    const id = owner.user?.id ?? ''
    const headers = { 'x-user-id': id, 'x-forwarded-user': id, authorization: `Bearer ${id}` }
    const body = `_csrf=${encodeURIComponent(other.token)}&userId=${id}&user[id]=${id}`
    for (const path of [`/habits/${cast.ids.habits}`, `/payments/${cast.ids.payments}`])
      expect((await send(app, other, `GET ${path}?userId=${id}`, { headers })).status).toBe(404)
    const posted = await send(app, other, `POST /habits/${cast.ids.habits}/delete?userId=${id}`, {
      headers,
      body,
    })
    expect(posted.status).toBe(404)
    const { text } = await send(app, other, `GET /profile?userId=${id}`, { headers })
    expect(text).not.toContain(owner.email ?? '?')
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('a later step taken first', () => {
  let newcomer: Player
  beforeAll(async () => {
    newcomer = await playerOf(await newSaver(app))
  })

  const fields = (values: Record<string, string>) => ({
    body: new URLSearchParams({ _csrf: newcomer.token, ...values }).toString(),
  })
  const HABIT = { name: 'Run', frequency: '1', interval: '1', amount: '25' }
  const STATE = 'a-state-that-nobody-has-handed-out'

  test.each<[string, string, string, Record<string, string>?]>([
    ['a habit before there are accounts', 'POST /habits/new', '409', HABIT],
    ['its form before there are accounts', 'GET /habits/new', '409'],
    ['limits before there are accounts', 'POST /settings/savings', '409'],
    ['the accounts before the bank is linked', 'GET /accounts/load', '409'],
    [
      'a choice of accounts before the bank is linked',
      'POST /accounts/load',
      '409',
      { debtorAccount: 'a'.repeat(64), creditorAccount: 'b'.repeat(64) },
    ],
    ['the bank’s answer before it was asked', `GET /bank/callback?state=${STATE}&code=c`, '303 /bank'],
    [
      'the way back from an approval that nobody gave',
      `GET /payments/return?state=${STATE}`,
      '303 /payments',
    ],
    ['a confirmation with a made-up link', 'POST /confirm/made-up', '303 /dashboard', { password: PASSWORD }],
    [
      'a new password with a made-up link',
      'POST /password/reset/made-up',
      '303 /password/forgot',
      { password: PASSWORD, passwordConfirm: PASSWORD },
    ],
  ])('%s is refused, and nothing is done', async (_name, request, expected, values) => {
    const before = await snapshot(app)
    const answer = await send(app, newcomer, request, values ? fields(values) : {})
    expect([answer.status, answer.headers.location].filter(Boolean).join(' ')).toBe(expected)
    expect(await snapshot(app)).toEqual(before)
  })

  test('anything private before the address is confirmed leads to the mail', async () => {
    const { unconfirmed } = cast.players
    for (const path of ['/dashboard', '/habits/new', '/bank', '/accounts/load', '/settings', '/admin']) {
      const { status, headers } = await send(app, unconfirmed, `GET ${path}`)
      expect([path, status, headers.location]).toEqual([path, 303, '/confirm/resend'])
    }
  })
})
