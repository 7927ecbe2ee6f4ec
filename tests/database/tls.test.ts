/** The way to a database on another machine: encrypted, and to no other database. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readDatabaseSettings, readSettings } from '../../src/config.ts'
import { createDb } from '../../src/db.ts'
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts'
import { authority } from '../support/certificates.ts'
import { testEnvironment } from '../support/settings.ts'

const AUTHORITY = authority('The authority of a database')
const ANOTHER = authority('Another authority')

let postgres: Postgres
let folder: string
let ca: string
let otherCa: string
/** By a name that the certificate has, and by one that it hasn’t. */
let named: string
let unnamed: string

beforeAll(async () => {
  postgres = await startPostgres({ quick: true })
  folder = await mkdtemp(join(tmpdir(), 'sparvana-tls-'))
  ca = join(folder, 'ca.pem')
  otherCa = join(folder, 'other.pem')
  await writeFile(ca, AUTHORITY.cert)
  await writeFile(otherCa, ANOTHER.cert)
  await switchTlsOn()
  unnamed = postgres.url
  named = unnamed.replace('127.0.0.1', 'localhost')
})
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true })
})

/** The server writes its files itself, so that they belong to whoever it runs as. */
async function switchTlsOn(): Promise<void> {
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  const { rows } = await admin.query('SHOW data_directory')
  const { key, cert } = AUTHORITY.issue('localhost')
  for (const [setting, content] of [
    ['ssl_key_file', key],
    ['ssl_cert_file', cert],
  ] as const) {
    const path = join(rows[0].data_directory, setting)
    const made = await admin.query('SELECT lo_from_bytea(0, $1) AS id', [Buffer.from(content)])
    await admin.query('SELECT lo_export($1, $2)', [made.rows[0].id, path])
    await chmod(path, 0o600)
    await admin.query(`ALTER SYSTEM SET ${setting} = '${setting}'`)
  }
  await admin.query('ALTER SYSTEM SET ssl = on')
  await admin.query('SELECT pg_reload_conf()')
  await vi.waitUntil(async () => (await admin.query('SHOW ssl')).rows[0].ssl === 'on', { timeout: 30_000 })
  await admin.end()
}

type Wish = Partial<Record<'DATABASE_TLS' | 'DATABASE_CA' | 'DATABASE_URL' | 'NODE_ENV', string>>

/** Whether the connection is encrypted, by the server's own word; both of the app's ways to the database are tried. */
async function isEncrypted(wish: Wish): Promise<boolean> {
  const { DATABASE_URL } = readDatabaseSettings({ DATABASE_URL: named, ...wish })
  const db = createDb(DATABASE_URL, 2)
  try {
    const asked = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    const { rows } = await db.pool.query<{ ssl: boolean }>(asked)
    const byPrisma = await db.prisma.$queryRaw<{ ssl: boolean }[]>`
      SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
    expect(byPrisma).toEqual(rows)
    return rows[0]?.ssl ?? false
  } finally {
    await db.close()
  }
}

describe('with a database that has a certificate', () => {
  test('“verify” takes it by its name and its authority, and encrypts', async () => {
    expect(await isEncrypted({ DATABASE_TLS: 'verify', DATABASE_CA: ca })).toBe(true)
  })

  test.each<[string, () => Wish]>([
    ['of an authority that nobody has named', () => ({ DATABASE_TLS: 'verify' })],
    ['of another authority', () => ({ DATABASE_TLS: 'verify', DATABASE_CA: otherCa })],
    ['for another host', () => ({ DATABASE_TLS: 'verify', DATABASE_CA: ca, DATABASE_URL: unnamed })],
    ['of another authority, whatever its host', () => ({ DATABASE_TLS: 'verify-ca', DATABASE_CA: otherCa })],
    [
      'that the address would let pass',
      () => ({ DATABASE_TLS: 'verify', DATABASE_URL: `${named}?sslmode=no-verify` }),
    ],
    [
      'that the address would not ask for',
      () => ({ DATABASE_TLS: 'verify', DATABASE_URL: `${named}?sslmode=disable&ssl=false` }),
    ],
  ])('a certificate %s is refused', async (_what, wish) => {
    await expect(isEncrypted(wish())).rejects.toThrow(/certificate|Host|altnames/i)
  })

  test('“verify-ca” does without the name, and “encrypt” without any authority', async () => {
    expect(await isEncrypted({ DATABASE_TLS: 'verify-ca', DATABASE_CA: ca, DATABASE_URL: unnamed })).toBe(
      true,
    )
    expect(await isEncrypted({ DATABASE_TLS: 'encrypt', DATABASE_CA: otherCa })).toBe(true)
    expect(await isEncrypted({ DATABASE_TLS: 'off' })).toBe(false)
  })

  test('the release command goes the same way, with its own settings alone', async () => {
    const release = (env: Wish) =>
      new Promise<{ code: number | null; said: string }>((resolve) => {
        const { PATH } = process.env
        const { ownerUrl } = postgres
        const MIGRATION_DATABASE_URL = ownerUrl.replace('127.0.0.1', 'localhost')
        const child = spawn(process.execPath, ['prisma/migrate.ts'], {
          env: { PATH, DATABASE_URL: named, MIGRATION_DATABASE_URL, ...env },
        })
        let said = ''
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk) => {
            said += chunk
          })
        child.once('close', (code) => resolve({ code, said }))
      })
    const refused = await release({ DATABASE_TLS: 'verify' })
    expect([refused.code, /certificate/.test(refused.said)]).toEqual([1, true])
    const done = await release({ DATABASE_TLS: 'verify', DATABASE_CA: ca })
    expect(done).toMatchObject({ code: 0, said: expect.stringContaining('Applied ') })
  })
})

describe('in production', () => {
  const production = (wish: Wish) =>
    readSettings(
      testEnvironment({
        NODE_ENV: 'production',
        BASE_URL: 'https://sparvana.test',
        NORDEA_BASE_URL: 'https://bank.test',
        NORDEA_REDIRECT_URI: 'https://sparvana.test/bank/callback',
        BCRYPT_COST: '12',
        PROOF_OF_WORK: 'on',
        ...wish,
      }),
    ).DATABASE_URL
  const elsewhere = 'postgres://app:secret@db.internal:5432/app'

  test('a database on another machine is reached over TLS that is checked, unless a setting says otherwise', () => {
    const modeOf = (wish: Wish) => new URL(production(wish)).searchParams.get('sslmode')
    expect(modeOf({ DATABASE_URL: elsewhere })).toBe('verify-full')
    expect(modeOf({ DATABASE_URL: `${elsewhere}?sslmode=disable` })).toBe('verify-full')
    expect(modeOf({ DATABASE_URL: elsewhere, DATABASE_TLS: 'encrypt' })).toBe('require')
    for (const here of ['localhost', '127.0.0.1', '[::1]'])
      expect(modeOf({ DATABASE_URL: `postgres://app@${here}/app` })).toBe('disable')
  })

  test('clear text to another machine, an authority that is not there, and none where one is needed are refused', () => {
    expect(() => production({ DATABASE_URL: elsewhere, DATABASE_TLS: 'off' })).toThrow(
      'DATABASE_TLS cannot be off',
    )
    expect(() => production({ DATABASE_CA: '/nowhere.pem' })).toThrow('DATABASE_CA is the path of no file')
    expect(() => production({ DATABASE_TLS: 'verify-ca' })).toThrow('DATABASE_CA is missing')
  })
})
