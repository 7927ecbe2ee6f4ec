import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readSettings, settingsSchema, WrongSettings } from '../../src/config.ts'
import { KNOWN_PUSH_SERVICES } from '../../src/push-target.ts'
import { testEnvironment } from '../support/settings.ts'

const KEYS = Object.keys(settingsSchema.shape)
const key = () => randomBytes(32).toString('base64')

describe('settings', () => {
  test('are read once and frozen', () => {
    const settings = readSettings(testEnvironment())
    expect(Object.isFrozen(settings)).toBe(true)
    expect(() => Object.assign(settings, { PORT: 1 })).toThrow(TypeError)
  })

  test('an empty one counts as missing, so that its default holds', () => {
    expect(readSettings(testEnvironment({ PORT: '' })).PORT).toBe(3000)
    expect(problemsOf({ SESSION_SECRET: '' })).toEqual(['SESSION_SECRET is missing'])
  })

  test('without any, everything that has to be set is named at once', () => {
    const named = problemsIn({}).map((problem) => problem.split(' ')[0])
    expect(named).toEqual([
      'BASE_URL',
      'DATABASE_URL',
      'SESSION_SECRET',
      'PASSWORD_PEPPER',
      'ACCOUNT_HASH_KEY',
      'TOKEN_KEYS',
      'SMTP_URL',
      'NORDEA_BASE_URL',
      'NORDEA_CLIENT_ID',
      'NORDEA_CLIENT_SECRET',
      'NORDEA_REDIRECT_URI',
    ])
  })

  test.each([
    ['NODE_ENV', 'prod'],
    ['PORT', 'web'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['BASE_URL', 'localhost:3000'],
    ['BASE_URL', 'not an address'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '6'],
    ['DATABASE_URL', 'mysql://db'],
    ['DATABASE_POOL', '1'],
    ['SESSION_SECRET', 'short'],
    ['SESSION_SECRET', 'ab'.repeat(40)],
    ['SESSION_SECRET', 'change-me-0123456789-abcdefghijklmnop'],
    ['PASSWORD_PEPPER', 'x'.repeat(64)],
    ['ACCOUNT_HASH_KEY', 'c2hvcnQ='],
    ['ACCOUNT_HASH_KEY', randomBytes(33).toString('base64')],
    ['ACCOUNT_HASH_KEY', randomBytes(32).toString('hex')],
    ['ACCOUNT_HASH_KEY', 'this is only a long sentence and not a key!!'],
    ['ACCOUNT_HASH_KEY', Buffer.alloc(32).toString('base64')],
    ['TOKEN_KEYS', key()],
    ['TOKEN_KEYS', `0:${key()}`],
    ['TOKEN_KEYS', `256:${key()}`],
    ['TOKEN_KEYS', `1:${key()},1:${key()}`],
    ['TOKEN_KEYS', `1:${key()},`],
    ['TOKEN_KEYS', `1:${randomBytes(16).toString('base64')}`],
    ['TOKEN_KEYS', `1:${Buffer.alloc(32, 7).toString('base64')}`],
    ['BCRYPT_COST', '3'],
    ['BCRYPT_COST', '16'],
    ['SMTP_URL', 'mail.example.com'],
    ['NORDEA_BASE_URL', 'api.nordea.com'],
    ['NORDEA_ENVIRONMENT', 'staging'],
    ['NORDEA_PROFILE', 'v3'],
    ['NORDEA_CLIENT_ID', ''],
    ['NORDEA_REDIRECT_URI', 'https://elsewhere.example/bank/callback'],
    ['NORDEA_LOGIN_ORIGINS', 'https://bank.example/path'],
    ['NORDEA_LOGIN_ORIGINS', '*'],
    ['NORDEA_ISSUER', 'bank.example'],
    ['NORDEA_ISSUER', 'http://bank.example'],
    ['NORDEA_ISSUER', 'https://bank.example/?a=b'],
    ['CONSENT_DAYS', '0'],
    ['CONSENT_DAYS', '181'],
    ['UNDO_WINDOW_SECONDS', '-1'],
    ['PAYMENT_LEASE_SECONDS', '0'],
    ['PAYMENT_POLL_SECONDS', 'soon'],
    ['RESEND_AFTER_SECONDS', '86401'],
    ['SANDBOX_CONSOLE', 'yes'],
    ['SANDBOX_CONTROL_URL', 'localhost:4010'],
    ['PROOF_OF_WORK', 'true'],
    ['DEMO', 'true'],
    ['LOG_LEVEL', 'everything'],
  ])('%s=%s is refused by name, and nothing else is blamed', (name, value) => {
    const environment = { ...testEnvironment(), [name]: value }
    const named = problemsIn(environment).map((problem) => problem.split(' ')[0])
    expect(new Set(named)).toEqual(new Set([name]))
  })

  test('every wrong one is named at once, the contradictions too', () => {
    const problems = problemsOf({
      ...production(),
      PORT: 'web',
      SESSION_SECRET: 'short',
      BASE_URL: 'http://sparvana.example',
      BCRYPT_COST: '10',
      DEMO: 'on',
    })
    const named = problems.map((problem) => problem.split(' ')[0])
    for (const name of ['PORT', 'SESSION_SECRET', 'BASE_URL', 'BCRYPT_COST', 'DEMO', 'NORDEA_REDIRECT_URI'])
      expect(named).toContain(name)
  })

  test('a refusal names settings and never shows what they were set to', () => {
    const environment = testEnvironment({
      SESSION_SECRET: 'hunter2',
      TOKEN_KEYS: '1:aHVudGVyMg==',
      PORT: 'hunter2',
    })
    const told = readingError(environment).message
    expect(told).toContain('SESSION_SECRET')
    expect(told).not.toMatch(/hunter2|aHVudGVyMg/)
  })

  test('two keys are kept by their versions', () => {
    const keys = [randomBytes(32), randomBytes(32)]
    const settings = readSettings(
      testEnvironment({
        TOKEN_KEYS: keys.map((bytes, at) => `${at + 1}:${bytes.toString('base64')}`).join(),
      }),
    )
    expect([...settings.TOKEN_KEYS]).toEqual([
      [1, keys[0]],
      [2, keys[1]],
    ])
  })

  test('where no push services are named, they are those of the browsers, and no others are called', () => {
    expect(readSettings(testEnvironment()).PUSH_SERVICES).toBe(KNOWN_PUSH_SERVICES)
    expect(problemsOf({ PUSH_SERVICES: 'push.example' })).toEqual([
      'PUSH_SERVICES must be origins, separated by commas',
    ])
    expect(problemsOf({ ...production(), PUSH_SERVICES: 'http://push.example' })).toEqual([
      'PUSH_SERVICES must be https in production',
    ])
  })

  test('notifications without a key are refused', () => {
    expect(problemsOf({ WEB_PUSH: 'on' }).map((problem) => problem.split(' ')[0])).toEqual([
      'VAPID_PRIVATE_KEY',
    ])
    expect(problemsOf({ VAPID_PRIVATE_KEY: 'short' })).toEqual([
      'VAPID_PRIVATE_KEY must be made by npm run push:keys',
    ])
  })

  test('the address the app is reached at is kept without path or slash', () => {
    const settings = readSettings(
      testEnvironment({
        BASE_URL: 'http://localhost:3999/',
        NORDEA_REDIRECT_URI: 'http://localhost:3999/bank/callback',
      }),
    )
    expect(settings.BASE_URL).toBe('http://localhost:3999')
  })
})

describe('in production', () => {
  test('a complete and safe environment starts', () => {
    expect(readSettings(testEnvironment(production())).NODE_ENV).toBe('production')
  })

  test.each([
    [
      'BASE_URL',
      { BASE_URL: 'http://sparvana.example', NORDEA_REDIRECT_URI: 'http://sparvana.example/bank/callback' },
    ],
    ['NORDEA_BASE_URL', { NORDEA_BASE_URL: 'http://api.nordea.example' }],
    ['NODE_TLS_REJECT_UNAUTHORIZED', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['PROOF_OF_WORK', { PROOF_OF_WORK: 'off' }],
    ['DEMO', { DEMO: 'on' }],
    ['BCRYPT_COST', { BCRYPT_COST: '11' }],
    ['PAYMENT_LEASE_SECONDS', { PAYMENT_LEASE_SECONDS: '29' }],
    ['RESEND_AFTER_SECONDS', { RESEND_AFTER_SECONDS: '59' }],
    ['NORDEA_SIGNING_KEY', { NORDEA_ENVIRONMENT: 'production', NORDEA_SIGNING_KEY: '' }],
    ['SANDBOX_CONTROL_URL', { SANDBOX_CONTROL_URL: 'http://localhost:4010/__emulator' }],
    [
      'SANDBOX_CONSOLE',
      { NORDEA_ENVIRONMENT: 'production', NORDEA_SIGNING_KEY: 'cGVt', SANDBOX_CONSOLE: 'on' },
    ],
  ])('%s is refused when it is unsafe', (name, unsafe) => {
    const problems = problemsOf({ ...production(), ...unsafe })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([name])
  })

  test('one secret may not serve two purposes', () => {
    const secret = randomBytes(48).toString('base64url')
    const problems = problemsOf({ ...production(), SESSION_SECRET: secret, PASSWORD_PEPPER: secret })
    expect(problems).toEqual(['PASSWORD_PEPPER must be another secret than SESSION_SECRET'])
  })

  test('the same settings are taken while developing', () => {
    const relaxed = { BCRYPT_COST: '4', DEMO: 'on', PAYMENT_LEASE_SECONDS: '1', RESEND_AFTER_SECONDS: '0' }
    expect(() => readSettings(testEnvironment({ NODE_ENV: 'development', ...relaxed }))).not.toThrow()
  })
})

describe('.env.example', () => {
  test('holds exactly the settings there are', async () => {
    expect((await exampleEntries()).map(([name]) => name).sort()).toEqual([...KEYS].sort())
  })

  test('holds no secret, and no value that would be refused', async () => {
    const example = Object.fromEntries(await exampleEntries())
    for (const name of [
      'SESSION_SECRET',
      'PASSWORD_PEPPER',
      'ACCOUNT_HASH_KEY',
      'TOKEN_KEYS',
      'NORDEA_CLIENT_SECRET',
      'NORDEA_SIGNING_KEY',
    ])
      expect(example[name], name).toBe('')
    const given = Object.fromEntries(Object.entries(example).filter(([, value]) => value !== ''))
    expect(() => readSettings({ ...testEnvironment(), ...given })).not.toThrow()
  })
})

test('no secret has a default', () => {
  for (const name of [
    'SESSION_SECRET',
    'PASSWORD_PEPPER',
    'ACCOUNT_HASH_KEY',
    'TOKEN_KEYS',
    'NORDEA_CLIENT_SECRET',
  ] as const)
    expect(settingsSchema.shape[name].safeParse(undefined).success, name).toBe(false)
})

function production(): Record<string, string> {
  return {
    NODE_ENV: 'production',
    BASE_URL: 'https://sparvana.example',
    NORDEA_REDIRECT_URI: 'https://sparvana.example/bank/callback',
    NORDEA_BASE_URL: 'https://api.nordea.example',
    BCRYPT_COST: '12',
    SANDBOX_CONSOLE: 'off',
    PROOF_OF_WORK: 'on',
  }
}

function problemsOf(overrule: Record<string, string>): readonly string[] {
  return problemsIn(testEnvironment(overrule))
}

function problemsIn(environment: Record<string, string>): readonly string[] {
  return readingError(environment).problems
}

function readingError(environment: Record<string, string>): WrongSettings {
  try {
    readSettings(environment)
  } catch (error) {
    if (error instanceof WrongSettings) return error
    throw error
  }
  throw new Error('these settings were taken')
}

async function exampleEntries(): Promise<[string, string][]> {
  const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
}
