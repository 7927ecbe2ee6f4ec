/**
 * Everything that passes between browser, app and bank is overheard, every secret and account number is picked out of it,
 * and then looked for in all that the app leaves behind: its log at the finest level, its whole database, its mails.
 */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { createSealer } from '../../src/crypto.ts'
import { createReconcile } from '../../src/jobs/handlers/reconcile.ts'
import { sealedFor } from '../../src/models/sealing.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { authority } from '../support/certificates.ts'
import {
  addFactor,
  checkOff,
  linkBank,
  linkIn,
  newAdmin,
  newHabit,
  newSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { behindTls, startTlsFront, type TlsFront } from '../support/tls-front.ts'
import { Visitor } from '../support/visitor.ts'
import { linesOf, logOf } from './support/log.ts'

const WRONG_PASSWORD = 'Hasty-badger-58-rocks'
const NEW_PASSWORD = 'Brisk-heron-72-ferns'
const MADE_UP_NUMBER = '20307777665544'

const trusted = authority('An authority everybody trusts')
const usual = getCACertificates('default')
const clock = new ManualClock(new Date())
const overheard = { browsers: '', bank: '' }

let front: TlsFront
let bankFront: TlsFront
let app: TestApp
let log = ''
let saver: Person & { code(): string }
let admin: Person & { code(): string }
/** What kind of secret, and each one that was used. */
let secrets: Map<string, Set<string>>

beforeAll(async () => {
  setDefaultCACertificates([trusted.cert])
  const certificate = trusted.issue('localhost')
  front = await startTlsFront(certificate, (text) => {
    overheard.browsers += `${text}\n`
  })
  bankFront = await startTlsFront(certificate, (text) => {
    overheard.bank += `${text}\n`
  })
  const { settings, sandbox } = behindTls(front, bankFront)
  const started = await startTestApp({ clock, settings: { ...settings, LOG_LEVEL: 'debug' }, sandbox })
  front.forwardTo(started.baseUrl)
  bankFront.forwardTo(started.sandbox.url)
  app = { ...started, baseUrl: front.url }
  app.deps.log.level = 'debug'
  log = await logOf(app, liveThroughIt)
  secrets = await allSecrets()
}, 240_000)

afterAll(async () => {
  await app.close()
  await front.close()
  await bankFront.close()
  setDefaultCACertificates(usual)
})

/** The main job, an authenticator, an admin at the sandbox, and everything going wrong that can. */
async function liveThroughIt(): Promise<void> {
  saver = await addFactor(app, await linkBank(app, await newSaver(app)))
  const habit = await newHabit(app, saver)
  await checkOff(app, saver, habit)
  await program(saver)
  await settle()
  await sandboxConsole()
  await stumble(saver)
  for (const kind of ['status', 'drop-after', 'truncated-json', 'malformed-json'] as const) {
    app.sandbox.control.addFault({ kind, route: 'POST *payments*' })
    app.sandbox.control.addFault({ kind, route: 'GET *accounts*' })
    clock.advance(25 * HOUR)
    await signInAgain(saver)
    await checkOff(app, saver, habit)
    await settle()
    await saver.visitor.get('/accounts/load')
  }
  app.sandbox.control.clearFaults()
  await settle()
  await createReconcile(app.deps)({ occasion: 'command', booksOnly: false })
  await breakInside(saver)
  await forget(saver)
}

/** A token is made, and shown well and badly. */
async function program({ visitor }: Person): Promise<void> {
  await visitor.post('/settings/tokens', { tokenName: 'My watch', habitsRead: 'yes', days: '30' })
  const { text } = await visitor.get('/settings/tokens/made')
  const secret = /spv_[0-9A-Za-z]{42}/.exec(text)?.[0] ?? ''
  const ask = (path: string, authorization: string) =>
    fetch(`${app.baseUrl}/api/v1${path}`, { headers: { authorization } })
  const good = await ask('/habits', `Bearer ${secret}`)
  if (good.status !== 200) throw new Error(`the token was not taken: ${good.status}`)
  await ask('/payments', `Bearer ${secret}`)
  await ask(`/habits/${secret}`, `Bearer ${secret}`)
  await ask(`/habits?token=${secret}`, `Basic ${secret}`)
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(5 * MINUTE)
    await app.settleDue()
  }
}

async function signInAgain(saver: Person & { code(): string }, password = PASSWORD): Promise<void> {
  await saver.visitor.get('/login')
  await saver.visitor.post('/login', { email: saver.email, password })
  await saver.visitor.get('/login/code')
  await saver.visitor.post('/login/code', { code: saver.code() })
  await saver.visitor.get('/dashboard')
}

async function sandboxConsole(): Promise<void> {
  admin = await newAdmin(app)
  await linkBank(app, admin)
  const { visitor } = admin
  await visitor.get('/admin/sandbox')
  const account = {
    country: 'DK',
    currency: 'DKK',
    accountNumber: MADE_UP_NUMBER,
    accountName: 'Typed',
    kind: 'current',
    balance: '5',
  }
  await visitor.post('/admin/sandbox/calls/account-new', account)
  await visitor.post('/admin/sandbox/calls/account-new', { ...account, accountNumber: `${MADE_UP_NUMBER}9` })
}

/** Wrong passwords, wrong links, forged forms, secrets in addresses. */
async function stumble({ email, visitor }: Person): Promise<void> {
  const stranger = new Visitor(app)
  await stranger.get('/login')
  await stranger.post('/login', { email, password: WRONG_PASSWORD })
  await stranger.post('/login', { email: WRONG_PASSWORD, password: PASSWORD })
  await stranger.postRaw('/login', { email, password: PASSWORD })
  await stranger.get(`/nothing?token=${'z'.repeat(43)}&password=${WRONG_PASSWORD}`)
  await stranger.get(`/confirm/${'y'.repeat(43)}`)
  await visitor.get(`/bank/callback?code=${'x'.repeat(36)}&state=${'w'.repeat(43)}`)
}

/** Tables that are away, so that errors with all they know come up into the log. */
async function breakInside({ email, visitor }: Person): Promise<void> {
  for (const table of ['AuditEvent', 'BankConsent', 'EmailToken']) {
    await without(table, async () => {
      const stranger = new Visitor(app)
      await visitor.get('/bank')
      await stranger.get('/login')
      await stranger.post('/login', { email, password: PASSWORD })
      await stranger.get(`/password/reset/${'v'.repeat(43)}`)
    })
  }
  await without('session', () => visitor.get('/bank'))
}

async function without(table: string, work: () => Promise<unknown>): Promise<void> {
  await app.asOwner(`ALTER TABLE "${table}" RENAME TO "away"`)
  await work()
  await app.asOwner(`ALTER TABLE "away" RENAME TO "${table}"`)
}

async function forget({ email }: Person): Promise<void> {
  const visitor = new Visitor(app)
  await visitor.get('/password/forgot')
  await visitor.post('/password/forgot', { email })
  await app.sendMails()
  const link = linkIn(app, email, '/password/reset/')
  await visitor.get(link)
  await visitor.post(link, { password: NEW_PASSWORD, passwordConfirm: NEW_PASSWORD })
  await app.sendMails()
}

const allIn = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map(([whole, part]) => decodeURIComponent(part ?? whole)))

async function allSecrets(): Promise<Map<string, Set<string>>> {
  const { browsers, bank } = overheard
  const { environment } = app
  const cookies = allIn(browsers, /__Host-[\w-]+=([^;\s]+)/g)
  const users = await app.deps.db.prisma.user.findMany({ where: { totpSecretSealed: { not: null } } })
  const sealer = createSealer(app.deps.settings.TOKEN_KEYS)
  return new Map([
    [
      'settings',
      new Set(
        ['SESSION_SECRET', 'PASSWORD_PEPPER', 'ACCOUNT_HASH_KEY', 'NORDEA_CLIENT_SECRET'].map(
          (name) => environment[name] ?? '',
        ),
      ),
    ],
    ['token keys', new Set([environment.TOKEN_KEYS?.slice(2) ?? ''])],
    ['passwords', new Set([PASSWORD, WRONG_PASSWORD, NEW_PASSWORD])],
    ['session cookies', cookies],
    ['session ids', new Set([...cookies].map((cookie) => /^s:([^.]+)\./.exec(cookie)?.[1] ?? cookie))],
    ['form tokens', allIn(browsers, /\b_csrf=([^&\s]+)/g)],
    ['one-time links', allIn(browsers, /\/(?:confirm|password\/reset|login\/lost)\/([\w-]{43})/g)],
    ['access tokens', allIn(bank, /(?:"access_token":\s*"|Bearer )([^"\s]+)/g)],
    ['tokens for programs', allIn(browsers, /(spv_[0-9A-Za-z]{42})/g)],
    ['refresh tokens', allIn(bank, /(?:"refresh_token":\s*"|refresh_token=)([^"&\s]+)/g)],
    ['authorisation codes', allIn(bank + browsers, /[?&\n]code=([\w-]{20,})/g)],
    ['states', allIn(bank + browsers, /[?&]state=([\w-]{20,})/g)],
    [
      'authenticator keys',
      new Set(
        users.map(({ id, totpSecretSealed }) =>
          sealer.open(totpSecretSealed ?? new Uint8Array(), sealedFor.totpSecret(id)),
        ),
      ),
    ],
    [
      'account numbers',
      allIn(bank, /(?<![\w-])(?:[A-Z]{2}\d{2}[A-Z0-9]{10,30}|\d{11,18})(?![\w-])/g).add(MADE_UP_NUMBER),
    ],
  ])
}

/** As it is, as it would stand in an address, in base64, and in groups of four. */
function shapesOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    secret.match(/.{1,4}/g)?.join(' ') ?? secret,
  ]
}

/** Kinds of secrets found, each with the text around its first place, itself made unreadable. */
function foundIn(text: string, except: string[] = []): string[] {
  return [...secrets].flatMap(([kind, values]) => {
    if (except.includes(kind)) return []
    return [...values].flatMap((value) => {
      const shape = shapesOf(value).find((candidate) => text.includes(candidate))
      if (shape === undefined) return []
      const at = text.indexOf(shape)
      return [`${kind}: …${text.slice(Math.max(0, at - 80), at)}[here]`]
    })
  })
}

test('enough was lived through, and secrets of every kind were overheard', () => {
  const counts = Object.fromEntries([...secrets].map(([kind, values]) => [kind, values.size]))
  for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(0)
  expect(counts['access tokens']).toBeGreaterThan(2)
  expect(counts['refresh tokens']).toBeGreaterThan(2)
  expect(counts['account numbers']).toBeGreaterThan(4)
  for (const values of secrets.values()) for (const value of values) expect(value.length).toBeGreaterThan(10)
  const levels = linesOf(log).map(({ level }) => level)
  expect(levels.length).toBeGreaterThan(50)
  expect(levels).toEqual(expect.arrayContaining(['info', 'warn', 'error']))
})

test('what is looked for would be found', () => {
  for (const [kind, values] of secrets)
    for (const value of values)
      for (const shape of shapesOf(value)) expect(foundIn(`before ${shape} after`).join()).toContain(kind)
})

test('the log has none of it', () => {
  expect(foundIn(log)).toEqual([])
})

describe('the database', () => {
  test('has none of it in any row of any table', async () => {
    const found: string[] = []
    for (const [name, rows] of await allRows()) {
      // The cookie is the id with our signature: what lies here is no way in.
      const except = name === 'public.session' ? ['session ids'] : []
      found.push(...rows.flatMap((row) => foundIn(row, except).map((what) => `${name}: ${what}`)))
    }
    expect(found).toEqual([])
  })

  test('has no balance and no name of an account that was not chosen, which the bank told all the time', async () => {
    const balances = [...allIn(overheard.bank, /"\w*balance\w*":\s*"?(\d+\.\d\d)/g)].filter(
      (text) => text.length > 7,
    )
    const chosen = await app.deps.db.prisma.account.findMany({ select: { name: true } })
    const names = [...allIn(overheard.bank, /"(?:account_name|nickname|name)":\s*"([^"]{8,})"/g)].filter(
      (name) => !chosen.some((account) => account.name === name),
    )
    expect(balances.length).toBeGreaterThan(3)
    expect(names).toContain('Household account')
    const wanted = [...balances, ...balances.map((text) => text.replace('.', '')), ...names]
    const holds = (row: string, text: string) =>
      new RegExp(`(?<![\\d.])${text.replace(/\W/g, '\\$&')}(?![\\d.])`).test(row)
    const found: string[] = []
    for (const [name, rows] of await allRows())
      for (const text of wanted) if (rows.some((row) => holds(row, text))) found.push(`${name}: ${text}`)
    expect(found).toEqual([])
  })

  test('tells of every call to the bank, with its parameters, all the same', async () => {
    const calls = await app.deps.db.prisma.bankCall.findMany()
    expect(calls.length).toBeGreaterThan(20)
    const ordered = calls.find(({ api }) => api === 'payments.initiate')
    expect(ordered?.requestBody).toMatch(/"external_id":"[0-9a-f-]{36}"/)
    expect(ordered?.requestBody).toContain('25.00')
  })
})

/** Every row there is, as text, by table. */
async function allRows(): Promise<[table: string, rows: string[]][]> {
  const { rows: tables } = await app.deps.db.pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')`,
  )
  expect(tables.length).toBeGreaterThan(20)
  const ofTables: [string, string[]][] = []
  for (const { name } of tables) {
    const { rows } = await app.asOwner<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`)
    ofTables.push([name, rows.map(({ row }) => row)])
  }
  return ofTables
}

describe('a page', () => {
  /** Everybody has the token of their own form on it; the sandbox's console is about numbers of accounts. */
  const allowed = (route: string) => [
    'form tokens',
    ...(route.includes('/admin/sandbox') ? ['account numbers'] : []),
  ]

  test.each(['saver', 'admin'] as const)('has none of it, whichever the %s opens', async (who) => {
    const [person, password] = who === 'saver' ? [saver, NEW_PASSWORD] : [admin, PASSWORD]
    clock.advance(MINUTE)
    await signInAgain(person, password)
    const { prisma } = app.deps.db
    const { id: habit } = await prisma.habit.findFirstOrThrow()
    const { id: payment } = await prisma.payment.findFirstOrThrow()
    let opened = 0
    for (const route of routesOf(app.deps).filter((one) => /^GET (?!.*\*)/.test(one))) {
      const address = route.slice(4).replace(':token', 'q'.repeat(43))
      const answer = await person.visitor.get(
        address.replace(':id', address.startsWith('/habits') ? habit : payment),
      )
      if (answer.status === 200) opened += 1
      expect([route, foundIn(answer.text ?? String(answer.body), allowed(route))]).toEqual([route, []])
    }
    expect(opened).toBeGreaterThan(20)
  })
})

test('a mail has its own link, and none of the rest', () => {
  const mails = app.mail.messages()
  expect(mails.length).toBeGreaterThan(3)
  for (const mail of mails) {
    const text = JSON.stringify(mail)
    expect(foundIn(text, ['one-time links'])).toEqual([])
    expect(allIn(text, /\/(?:confirm|password\/reset|login\/lost)\/([\w-]{43})/g).size).toBeLessThanOrEqual(1)
  }
})
