import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, type Postgres, startPostgres } from '../../src/embedded/postgres.ts'
import { preparedDataDir, processesNaming, query, temporaryFolder } from './support.ts'

describe('a quick server', { timeout: 60_000 }, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres({ quick: true })
  }, 60_000)
  afterAll(() => server.stop())

  test('gives the app its own database, which is UTF-8, sorted by code point, in UTC', async () => {
    const [row] = await query<Record<string, string>>(
      server.url,
      `SELECT current_user, current_database(), pg_encoding_to_char(encoding) AS encoding,
              datlocprovider AS provider, datlocale AS locale, current_setting('TimeZone') AS zone,
              current_setting('server_version') AS version
       FROM pg_database WHERE datname = current_database()`,
    )
    expect(row).toMatchObject({
      current_user: 'sparvana_app',
      current_database: 'sparvana',
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      zone: 'UTC',
    })
    expect(row?.version).toMatch(/^18/)
  })

  test('knows upper and lower case beyond ASCII', async () => {
    const [row] = await query<{ lower: string }>(server.url, `SELECT lower('ÅÄÖØÆ')`)
    expect(row?.lower).toBe('åäöøæ')
  })

  test('has an owner that makes tables, an app that makes none, and neither is a superuser', async () => {
    await query(server.ownerUrl, 'CREATE TABLE t (id int)', 'DROP TABLE t')
    await expect(query(server.url, 'CREATE TABLE t (id int)')).rejects.toThrow(/permission denied/)
    const roles = await query(
      server.adminUrl,
      `SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS mighty
       FROM pg_roles WHERE rolname LIKE 'sparvana%' ORDER BY rolname`,
    )
    expect(roles).toEqual([
      { rolname: 'sparvana', mighty: false },
      { rolname: 'sparvana_app', mighty: false },
    ])
  })

  test('refuses a wrong password', async () => {
    const url = new URL(server.url)
    url.password = 'guessed'
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  })

  test('listens on 127.0.0.1 only and has no socket file', async () => {
    const [row] = await query<{ addresses: string; sockets: string }>(
      server.adminUrl,
      `SELECT current_setting('listen_addresses') AS addresses,
              current_setting('unix_socket_directories') AS sockets`,
    )
    expect(row).toEqual({ addresses: '127.0.0.1', sockets: '' })
  })

  test('copies a prepared database as often as wanted', async () => {
    const template = await createDatabase(server, 'prepared')
    await query(template.ownerUrl, 'CREATE TABLE habit (name text)', `INSERT INTO habit VALUES ('run')`)
    const copies = await Promise.all(
      ['copy one', 'copy "two"'].map((name) => createDatabase(server, name, { template: 'prepared' })),
    )
    for (const { ownerUrl } of copies)
      expect(await query(ownerUrl, 'SELECT name FROM habit')).toEqual([{ name: 'run' }])
    await dropDatabase(server, 'copy one')
    await dropDatabase(server, 'copy one')
    await expect(query(copies[0]?.url ?? '', 'SELECT 1')).rejects.toThrow(/does not exist/)
  })
})

describe('a server with data to keep', { timeout: 60_000 }, () => {
  test('finds its rows again after a restart, in a path with spaces and quotes', async () => {
    const dataDir = join(await temporaryFolder(), `it's "my" $HOME data ö`)
    const log: string[] = []
    const first = await startPostgres({ dataDir, log: (line) => log.push(line) })
    await query(first.ownerUrl, 'CREATE TABLE kept (word text)', `INSERT INTO kept VALUES ('spara')`)
    await first.stop()
    expect(log.join('\n')).toMatch(/performing post-bootstrap initialization/)

    const second = await startPostgres({ dataDir })
    expect(await query(second.ownerUrl, 'SELECT word FROM kept')).toEqual([{ word: 'spara' }])
    await second.stop()
  })

  test('keeps its passwords in a file that only its owner can read', async () => {
    const dataDir = await preparedDataDir()
    const server = await startPostgres({ dataDir, quick: true })
    await server.stop()
    const file = join(dataDir, 'postgres', 'passwords.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain(new URL(server.url).password)
  })

  test('takes the port it was asked to use', async () => {
    const dataDir = await preparedDataDir()
    const first = await startPostgres({ dataDir, quick: true })
    await first.stop()
    const again = await startPostgres({ dataDir, quick: true, port: first.port })
    expect(again.port).toBe(first.port)
    await again.stop()
  })

  test('says so when the port it was asked to use is busy, and can be started again afterwards', async () => {
    const dataDir = await preparedDataDir()
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    await expect(startPostgres({ dataDir, quick: true, port })).rejects.toThrow(`port ${port}, which is busy`)
    other.close()
    const server = await startPostgres({ dataDir, quick: true })
    await server.stop()
  })

  test('stops as often as it is told and leaves no process and no temporary folder', async () => {
    const server = await startPostgres({ quick: true })
    const [row] = await query<{ folder: string }>(
      server.adminUrl,
      `SELECT current_setting('data_directory') AS folder`,
    )
    const folder = row?.folder ?? ''
    expect(processesNaming(folder)).not.toEqual([])
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
    await server.ended
    expect(processesNaming(folder)).toEqual([])
    await expect(stat(folder)).rejects.toThrow(/ENOENT/)
  })
})
