import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  linkBank,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())
// After trouble the bank is left alone for a while; each test begins when that is over.
afterEach(() => clock.advance(6 * MINUTE))

/** Begins a link at the bank. @returns the answer that the bank gives to the browser, not yet carried to us. */
async function begin({ visitor }: Person): Promise<URL> {
  await visitor.get('/bank')
  const answer = await visitor.post('/bank/connect', { country: 'DK' })
  expect(answer.status).toBe(303)
  return new URL(answer.headers.location ?? '')
}

const back = ({ pathname, search }: URL) => pathname + search
const tokenCalls = () => app.sandbox.control.requests().filter(({ path }) => path.endsWith('/token')).length
const consentsOf = (person: Person) =>
  app.deps.db.prisma.bankConsent.findMany({
    where: { userId: person.user.id },
    orderBy: { grantedAt: 'asc' },
  })

describe('linking the bank', () => {
  test('leads to the bank, back, and on to the accounts', async () => {
    const saver = await newSaver(app)
    const answer = await begin(saver)
    expect(answer.searchParams.get('state')).toMatch(/^[\w-]{43}$/)
    const returned = await saver.visitor.get(back(answer))
    expect([returned.status, returned.headers.location]).toEqual([303, '/accounts/load'])
    expect(await consentsOf(saver)).toMatchObject([{ revokedAt: null, country: 'DK' }])
    const page = await saver.visitor.get('/bank')
    expect(textOf(page.text)).toContain('Linked')
    expect(page.text).not.toContain(answer.searchParams.get('code'))
  })

  test('needs one of the four countries', async () => {
    const { visitor } = await newSaver(app)
    await visitor.get('/bank')
    for (const country of ['', 'DE', 'dk', '../DK', '[object Object]']) {
      const answer = await visitor.post('/bank/connect', { country })
      expect(answer.status).toBe(422)
      expect(textOf(answer.text)).toContain('Choose the country of your bank account.')
    }
  })

  const REFUSED: [string, (answer: URL, saver: Person) => Promise<{ path: string; visitor: Visitor }>][] = [
    [
      'no state',
      async (answer, { visitor }) => ({
        path: `/bank/callback?code=${answer.searchParams.get('code')}`,
        visitor,
      }),
    ],
    ['an empty state', async (_answer, { visitor }) => ({ path: '/bank/callback?code=c&state=', visitor })],
    [
      'a wrong state',
      async (answer, { visitor }) => {
        answer.searchParams.set('state', 'x'.repeat(43))
        return { path: back(answer), visitor }
      },
    ],
    [
      'two states',
      async (answer, { visitor }) => {
        answer.searchParams.append('state', answer.searchParams.get('state') ?? '')
        return { path: back(answer), visitor }
      },
    ],
    [
      'a state in brackets',
      async (answer, { visitor }) => ({ path: back(answer).replace('state=', 'state[not]='), visitor }),
    ],
    ['another saver', async (answer) => ({ path: back(answer), visitor: (await newSaver(app)).visitor })],
    [
      'the same saver in another session',
      async (answer, { email }) => {
        const visitor = new Visitor(app)
        await visitor.post('/login', { email, password: PASSWORD })
        return { path: back(answer), visitor }
      },
    ],
    [
      'ten minutes too late',
      async (answer, { visitor }) => {
        clock.advance(10 * MINUTE)
        return { path: back(answer), visitor }
      },
    ],
  ]
  test.each(REFUSED)('an answer with %s is refused without a call to the bank', async (_name, change) => {
    const saver = await newSaver(app)
    const { path, visitor } = await change(await begin(saver), saver)
    app.sandbox.control.clearRequests()
    const answer = await visitor.get(path)
    expect([answer.status, answer.headers.location]).toEqual([303, '/bank'])
    expect(await visitor.flashes('/bank')).toContain('did not belong to a link you had just begun')
    expect(tokenCalls()).toBe(0)
    expect(await consentsOf(saver)).toEqual([])
  })

  test('an answer that names an issuer is refused where the bank names none, and the state is spent', async () => {
    const saver = await newSaver(app)
    const answer = await begin(saver)
    app.sandbox.control.clearRequests()
    const named = await saver.visitor.get(`${back(answer)}&iss=https%3A%2F%2Fsomebody.example`)
    expect([named.status, named.headers.location]).toEqual([303, '/bank'])
    expect((await saver.visitor.get(back(answer))).headers.location).toBe('/bank')
    expect(tokenCalls()).toBe(0)
    expect(await consentsOf(saver)).toEqual([])
  })

  test('an answer counts once', async () => {
    const saver = await newSaver(app)
    const answer = await begin(saver)
    await saver.visitor.get(back(answer))
    app.sandbox.control.clearRequests()
    expect((await saver.visitor.get(back(answer))).headers.location).toBe('/bank')
    expect(tokenCalls()).toBe(0)
    expect(await consentsOf(saver)).toHaveLength(1)
  })

  test('a visitor with an answer is asked to sign in, and the bank is not called', async () => {
    const answer = await begin(await newSaver(app))
    app.sandbox.control.clearRequests()
    expect((await new Visitor(app).get(back(answer))).headers.location).toBe('/login')
    expect(tokenCalls()).toBe(0)
  })

  test('cancelled at the bank, nothing is linked', async () => {
    app.sandbox.control.setConsentMode('pages')
    const saver = await newSaver(app)
    const signIn = await begin(saver).finally(() => app.sandbox.control.setConsentMode('straight-back'))
    expect(signIn.origin).toBe(app.sandbox.url)
    const cancelled = await fetch(`${signIn.href}/cancel`, { method: 'POST', redirect: 'manual' })
    const answer = await saver.visitor.get(back(new URL(cancelled.headers.get('location') ?? '')))
    expect([answer.status, answer.headers.location]).toEqual([303, '/bank'])
    expect(await saver.visitor.flashes('/bank')).toContain('Nothing was linked.')
    expect(await consentsOf(saver)).toEqual([])
  })

  test('renewed, the one before ends and the accounts stay', async () => {
    const saver = await newLinkedSaver(app)
    const answer = await begin(saver)
    expect((await saver.visitor.get(back(answer))).headers.location).toBe('/bank')
    expect(await consentsOf(saver)).toMatchObject([{ endReason: 'replaced' }, { revokedAt: null }])
    expect(await app.deps.models.accounts.chosenBy(saver.user.id)).not.toBeNull()
  })
})

describe('a bank in trouble', () => {
  const TROUBLE: [string, string, string][] = [
    ['is down when the link begins', '* */authorize', 'connect'],
    ['is down when the answer is exchanged', '* */token', 'exchange'],
  ]
  test.each(TROUBLE)('%s: a sentence with the next step', async (_name, route, when) => {
    const saver = await newSaver(app)
    await saver.visitor.get('/bank')
    const arm = () => app.sandbox.control.addFault({ kind: 'drop-before', route, count: null })
    const ask = async () => {
      if (when === 'connect') {
        arm()
        return saver.visitor.post('/bank/connect', { country: 'DK' })
      }
      const answer = await begin(saver)
      arm()
      return saver.visitor.get(back(answer))
    }
    const page = await ask().finally(() => app.sandbox.control.clearFaults())
    expect(page.status).toBe(502)
    expect(textOf(page.text)).toContain('Nordea could not be reached. Nothing you recorded is lost.')
    expect(page.text).toContain('href="/bank"')
    expect(await consentsOf(saver)).toEqual([])
    expect((await linkBank(app, saver)).user.accLoaded).toBe(true)
  })

  test.each([
    ['status', 'Nordea has trouble right now.'],
    ['rate-limit', 'Nordea asks us to wait'],
    ['drop-before', 'Nordea could not be reached.'],
  ] as const)('(%s) shows no accounts, and loses nothing', async (kind, sentence) => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const chosen = await app.deps.models.accounts.chosenBy(saver.user.id)
    app.sandbox.control.addFault({ kind, route: '* */accounts', count: null })
    const get = await saver.visitor.get('/accounts/load')
    const post = await saver.visitor.post('/accounts/load', { debtorAccount: 'a', creditorAccount: 'b' })
    await checkOff(app, saver, habit)
    app.sandbox.control.clearFaults()
    for (const page of [get, post]) {
      expect(page.status).toBe(502)
      expect(textOf(page.text)).toContain(sentence)
      expect(page.text).toContain('class="button button--primary"')
    }
    expect(await app.deps.models.accounts.chosenBy(saver.user.id)).toEqual(chosen)
    expect((await saver.visitor.get('/dashboard')).text).toContain('1 of 1 today')
  })
})

describe('choosing accounts', () => {
  async function listed(saver: Person) {
    const page = await saver.visitor.get('/accounts/load')
    const hashes = [...page.text.matchAll(/name="debtorAccount" value="([0-9a-f]{64})"/g)].map(
      ([, hash]) => hash ?? '',
    )
    return { page, hashes: hashes as [string, string, ...string[]] }
  }
  const hashOf = (iban: string) => app.deps.models.accounts.hashOf({ iban })

  async function consented(): Promise<Person> {
    const saver = await newSaver(app)
    await saver.visitor.get(back(await begin(saver)))
    return saver
  }

  test('shows names and masked numbers, never a whole one', async () => {
    const { page, hashes } = await listed(await consented())
    expect(hashes.length).toBeGreaterThan(1)
    for (const account of app.sandbox.control.accounts()) expect(page.text).not.toContain(account.iban)
    expect(page.text).not.toMatch(/[A-Z]{2}\d{10,}|\b\d{11,}\b/)
  })

  const FORGED: [string, string, (own: string[]) => { debtorAccount: string; creditorAccount: string }][] = [
    [
      'an invented hash',
      'debtorAccount',
      ([, two = '']) => ({ debtorAccount: 'a'.repeat(64), creditorAccount: two }),
    ],
    [
      'an invented second hash',
      'creditorAccount',
      ([one = '']) => ({ debtorAccount: one, creditorAccount: 'b'.repeat(64) }),
    ],
    [
      'an account number',
      'creditorAccount',
      ([one = '']) => ({ debtorAccount: one, creditorAccount: 'DK2030' }),
    ],
    [
      'an account of another country',
      'creditorAccount',
      ([one = '']) => ({ debtorAccount: one, creditorAccount: foreign() }),
    ],
    [
      'the same account twice',
      'creditorAccount',
      ([one = '']) => ({ debtorAccount: one, creditorAccount: one }),
    ],
    ['nothing', 'debtorAccount', () => ({ debtorAccount: '', creditorAccount: '' })],
  ]
  const foreign = () =>
    hashOf(app.sandbox.control.accounts().find(({ iban }) => iban.startsWith('SE'))?.iban ?? '')

  test.each(FORGED)('refuses %s, keeps what was picked, and stores nothing', async (_name, field, choose) => {
    const saver = await consented()
    const { hashes } = await listed(saver)
    const picked = choose(hashes)
    const answer = await saver.visitor.post('/accounts/load', picked)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    for (const [name, hash] of Object.entries(picked))
      if (hashes.includes(hash))
        expect(answer.text).toMatch(new RegExp(`name="${name}" value="${hash}" checked`))
    expect(await app.deps.db.prisma.account.count({ where: { userId: saver.user.id } })).toBe(0)
  })

  test('without a link says so, with the way there', async () => {
    const { visitor } = await newSaver(app)
    const answer = await visitor.get('/accounts/load')
    expect(answer.status).toBe(409)
    expect(textOf(answer.text)).toContain('Your bank is not linked')
    expect(answer.text).toContain('href="/bank"')
  })

  test('after the consent has ended says so, with the way there', async () => {
    const saver = await newLinkedSaver(app)
    await app.deps.db.prisma.bankConsent.updateMany({
      where: { userId: saver.user.id },
      data: { expiresAt: clock.now() },
    })
    const answer = await saver.visitor.get('/accounts/load')
    expect(answer.status).toBe(409)
    expect(textOf(answer.text)).toContain('Your consent at Nordea has ended')
  })
})

describe('ending the link', () => {
  test('ends it here and at the bank; habits and accounts stay', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const [consent] = await consentsOf(saver)
    app.sandbox.control.clearRequests()
    const answer = await saver.visitor.post(`/bank/${consent?.id}/revoke`)
    expect([answer.status, answer.headers.location]).toEqual([303, '/bank'])
    expect(await saver.visitor.flashes('/bank')).toContain('has ended, here and at the bank.')
    expect(app.sandbox.control.requests().map(({ path }) => path)).toContain(
      '/personal/v5/authorize/token/revoke',
    )
    expect(await consentsOf(saver)).toMatchObject([
      { endReason: 'revoked-by-saver', accessTokenSealed: null, refreshTokenSealed: null },
    ])
    expect((await saver.visitor.get(`/habits/${habit}`)).status).toBe(200)
    expect(textOf((await saver.visitor.get('/dashboard')).text)).toContain('Your bank is not linked')
  })

  test('ends it here even when the bank can’t be told', async () => {
    const saver = await newLinkedSaver(app)
    const [consent] = await consentsOf(saver)
    app.sandbox.control.addFault({ kind: 'drop-before', route: 'POST */revoke', count: null })
    await saver.visitor.post(`/bank/${consent?.id}/revoke`).finally(() => app.sandbox.control.clearFaults())
    expect(await saver.visitor.flashes('/bank')).toContain('Nordea could not be told')
    expect(await consentsOf(saver)).toMatchObject([{ endReason: 'revoked-by-saver' }])
  })

  test('twice says that it has ended already', async () => {
    const saver = await newLinkedSaver(app)
    const [consent] = await consentsOf(saver)
    await saver.visitor.post(`/bank/${consent?.id}/revoke`)
    const again = await saver.visitor.post(`/bank/${consent?.id}/revoke`)
    expect(again.status).toBe(409)
    expect(textOf(again.text)).toContain('This link has ended already')
    expect(again.text).toContain('href="/bank"')
  })
})

describe('a bank that names itself in its answers (RFC 9207)', () => {
  const ISSUER = 'https://bank.example/open'
  let named: TestApp

  beforeAll(async () => {
    named = await startTestApp({ settings: { NORDEA_ISSUER: ISSUER } })
  })
  afterAll(() => named.close())

  /** What comes back from the bank, with these words added to it. */
  async function answered(more: string): Promise<{ saver: Person; location: string; calls: number }> {
    const saver = await newSaver(named)
    await saver.visitor.get('/bank')
    const toBank = await saver.visitor.post('/bank/connect', { country: 'DK' })
    named.sandbox.control.clearRequests()
    const answer = await saver.visitor.get(back(new URL(toBank.headers.location ?? '')) + more)
    expect(answer.status).toBe(303)
    const calls = named.sandbox.control.requests().length
    return { saver, location: answer.headers.location ?? '', calls }
  }

  test('is believed by its own name', async () => {
    const { location } = await answered(`&iss=${encodeURIComponent(ISSUER)}`)
    expect(location).toBe('/accounts/load')
  })

  test.each([
    ['another', '&iss=https%3A%2F%2Fother.example%2Fopen'],
    ['the same in other letters', `&iss=${encodeURIComponent(ISSUER.toUpperCase())}`],
    ['the same and a slash', `&iss=${encodeURIComponent(`${ISSUER}/`)}`],
    ['none', ''],
    ['an empty one', '&iss='],
    ['two', `&iss=${encodeURIComponent(ISSUER)}&iss=${encodeURIComponent(ISSUER)}`],
    ['one that is too long', `&iss=${'x'.repeat(501)}`],
  ])('by %s, it is not asked for tokens', async (_name, more) => {
    const { saver, location, calls } = await answered(more)
    expect([location, calls]).toEqual(['/bank', 0])
    expect(await named.deps.models.consents.live(saver.user.id)).toBeNull()
  })
})
