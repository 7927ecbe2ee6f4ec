import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { confirming, linkIn, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { askApi, newToken } from '../support/programs.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const PAGE = '/settings/tokens'
const WISH = { tokenName: 'My watch', habitsRead: 'yes', checkOffsWrite: 'yes', days: '90' }
const NEW_PASSWORD = 'Brisk-heron-72-ferns'

const clock = new ManualClock(new Date())
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

/** Somebody whose browser shows the page, and has its token for forms. */
async function comer(): Promise<Person> {
  const saver = await newSaver(app)
  await saver.visitor.get(PAGE)
  return saver
}

async function made({ visitor }: Person, wish: Record<string, string> = WISH) {
  await visitor.get(PAGE)
  const answer = await visitor.post(PAGE, wish)
  const page = await visitor.get(answer.headers.location ?? '')
  return { answer, page, secret: /spv_[0-9A-Za-z]{42}/.exec(page.text)?.[0] ?? '' }
}

const tokensOf = ({ user }: Person) =>
  app.deps.db.prisma.apiToken.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })

describe('a token', () => {
  test('is made on a page, shown once, works, is listed with its last letters, and told by mail', async () => {
    const saver = await comer()
    const { answer, secret } = await made(saver)
    expect([answer.status, answer.headers.location]).toEqual([303, '/settings/tokens/made'])
    expect((await saver.visitor.get('/settings/tokens/made')).headers.location).toBe(PAGE)
    expect((await askApi(app, secret, 'GET /me')).json).toMatchObject({
      token: { name: 'My watch', scopes: ['habits:read', 'check-offs:write'] },
    })
    const { text } = await saver.visitor.get(PAGE)
    expect(text).not.toContain(secret)
    const page = textOf(text)
    for (const words of [
      'My watch',
      `spv_…${secret.slice(-4)}`,
      'May see habits and check-offs May check off, also for the last seven days, and take back',
    ])
      expect(page).toContain(words)
    const [row] = await tokensOf(saver)
    expect(row?.expiresOn).toEqual(new Date(clock.now().getTime() + 90 * DAY))
    await app.sendMails()
    const mail = app.mail
      .messages()
      .find(({ to, subject }) => to.includes(saver.email) && /token/.test(subject))
    expect(mail).toBeDefined()
    expect(JSON.stringify(mail)).not.toContain(secret)
    const activity = await saver.visitor.get('/activity/account')
    expect(textOf(activity.text)).toContain('A token for a program was made')
  })

  test('needs a name, something that it may do, and one of the times', async () => {
    const saver = await comer()
    for (const [wish, words] of [
      [{ ...WISH, tokenName: ' ' }, 'Give the token a name.'],
      [{ tokenName: 'X', days: '30' }, 'Choose what the token may do.'],
      [{ ...WISH, days: '366' }, 'Choose how long it is good.'],
      [{ ...WISH, habitsRead: 'admin' }, 'Tick it, or leave it.'],
    ] as const) {
      const answer = await saver.visitor.post(PAGE, wish)
      expect([words, answer.status]).toEqual([words, 422])
      expect(textOf(answer.text)).toContain(words)
    }
    const again = await saver.visitor.post(PAGE, { ...WISH, tokenName: 'Kept', days: '7' })
    expect(again.text).toContain('value="Kept"')
    expect(await tokensOf(saver)).toEqual([])
  })

  test('is made by nobody who hasn’t just shown who they are, and the page in between says what it may do', async () => {
    const saver = await comer()
    await saver.visitor.get(PAGE)
    for (let minute = 0; minute < 6; minute += 2) {
      clock.advance(2 * MINUTE)
      await saver.visitor.get(PAGE)
    }
    const asked = await saver.visitor.post(PAGE, WISH)
    expect(asked.status).toBe(403)
    const page = textOf(asked.text)
    for (const words of ['A new token for a program', 'My watch', 'May check off, which moves money'])
      expect(page).toContain(words)
    expect(await tokensOf(saver)).toEqual([])
    const wider = { ...confirming(asked), paymentsRead: 'yes' }
    expect((await saver.visitor.post(PAGE, wider)).status).toBe(403)
    expect((await saver.visitor.post(PAGE, confirming(asked))).status).toBe(303)
    expect((await tokensOf(saver)).map(({ scopes }) => scopes)).toEqual([['habits:read', 'check-offs:write']])
  })

  test('is ended by its owner, at once', async () => {
    const saver = await comer()
    const { secret } = await made(saver)
    const [row] = await tokensOf(saver)
    const stranger = await comer()
    expect((await stranger.visitor.post(`${PAGE}/${row?.id}/revoke`)).status).toBe(404)
    expect((await askApi(app, secret, 'GET /me')).status).toBe(200)
    expect((await saver.visitor.post(`${PAGE}/${row?.id}/revoke`)).status).toBe(303)
    expect((await askApi(app, secret, 'GET /me')).status).toBe(401)
    const page = textOf((await saver.visitor.get(PAGE)).text)
    expect(page).toMatch(/My watch spv_….{4} Ended/)
    expect(page).not.toContain('End it')
  })

  test('is not the eleventh', async () => {
    const saver = await comer()
    for (let count = 0; count < 10; count += 1) await newToken(app, saver.user.id)
    const { answer } = await made(saver)
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('You have 10 tokens, and that is the most.')
  })
})

describe('tokens end', () => {
  test('with a new password, also one that is set by a mailed link', async () => {
    const saver = await comer()
    const first = await newToken(app, saver.user.id)
    const changed = await saver.visitor.post('/settings/security', {
      passwordCurrent: PASSWORD,
      password: NEW_PASSWORD,
      passwordConfirm: NEW_PASSWORD,
    })
    expect(changed.status).toBe(303)
    expect((await askApi(app, first.secret, 'GET /me')).status).toBe(401)
    const second = await newToken(app, saver.user.id)
    await app.deps.models.users.forgetPassword(saver.email, {
      kind: 'visitor',
      id: null,
      ip: null,
      requestId: null,
    })
    await app.sendMails()
    const link = linkIn(app, saver.email, '/password/reset/')
    const visitor = new Visitor(app)
    await visitor.get(link)
    await visitor.post(link, { password: PASSWORD, passwordConfirm: PASSWORD })
    expect((await askApi(app, second.secret, 'GET /me')).status).toBe(401)
  })

  test('when an admin signs their owner out or locks the account, and with its erasure', async () => {
    const by = { kind: 'admin', id: null, ip: null, requestId: null } as const
    const out = await comer()
    const first = await newToken(app, out.user.id)
    await app.deps.models.people.endSessions(out.user.id, by)
    expect((await askApi(app, first.secret, 'GET /me')).status).toBe(401)
    const gone = await comer()
    const last = await newToken(app, gone.user.id)
    await gone.visitor.post('/settings/data/erase', { email: gone.email })
    expect((await askApi(app, last.secret, 'GET /me')).status).toBe(401)
    await app.deps.models.erasures.erase(gone.user.id, null, { ...by, kind: 'worker' })
    expect(await tokensOf(gone)).toEqual([])
  })
})
