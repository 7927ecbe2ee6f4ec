import { once } from 'node:events'
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts'
import {
  lives,
  preparedDataDir,
  processesNaming,
  query,
  startElsewhere,
  temporaryFolder,
  until,
} from './support.ts'

describe('after an earlier start came to a bad end', { timeout: 60_000 }, () => {
  test('the server ends soon after the process that started it was killed', async () => {
    const dataDir = await preparedDataDir()
    const starter = await startElsewhere({ dataDir, quick: true })
    const postmaster = await postmasterOf(dataDir)
    starter.process.kill('SIGKILL')
    await until('the server ends', () => !lives(postmaster))
    const server = await started(dataDir)
    expect(server.port).toBeGreaterThan(0)
  })

  test('an orphaned server is stopped and its data are used', async () => {
    const dataDir = await preparedDataDir()
    const orphan = await orphanedServer(dataDir)
    const log: string[] = []
    const server = await started(dataDir, log)
    expect(lives(orphan)).toBe(false)
    expect(log.join('\n')).toContain(`stopping PostgreSQL (process ${orphan})`)
    expect(await query(server.ownerUrl, 'SELECT word FROM kept')).toEqual([{ word: 'spara' }])
  })

  test('a server that was killed itself recovers its rows', async () => {
    const dataDir = await preparedDataDir()
    const orphan = await orphanedServer(dataDir)
    process.kill(orphan, 'SIGKILL')
    const server = await started(dataDir)
    expect(await query(server.ownerUrl, 'SELECT word FROM kept')).toEqual([{ word: 'spara' }])
  })

  test('a pid file that names a process of somebody else harms neither', async () => {
    const dataDir = await preparedDataDir()
    const stranger = await startElsewhere({ quick: true })
    const strangersPid = Number(
      (
        await query<{ file: string }>(stranger.adminUrl, `SELECT pg_read_file('postmaster.pid') AS file`)
      )[0]?.file.split('\n')[0],
    )
    const cluster = join(dataDir, 'postgres', 'cluster')
    const pidFile = join(cluster, 'postmaster.pid')
    await writeFile(pidFile, `${strangersPid}\n${cluster}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n`, {
      mode: 0o600,
    })
    const { uid, gid } = await stat(cluster)
    await chown(pidFile, uid, gid)

    const server = await started(dataDir)
    expect(await query(server.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(await query(stranger.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await stranger.stop()
  })

  test('data that a living process uses are left alone', async () => {
    const dataDir = await preparedDataDir()
    const starter = await startElsewhere({ dataDir, quick: true })
    await expect(startPostgres({ dataDir, quick: true })).rejects.toThrow(
      `in use by process ${starter.process.pid}`,
    )
    expect(await query(starter.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await starter.stop()
    await started(dataDir)
  })

  test('a lost password file is replaced and the rows stay', async () => {
    const dataDir = await preparedDataDir()
    const first = await started(dataDir)
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    await first.stop()
    await rm(join(dataDir, 'postgres', 'passwords.json'))
    const second = await started(dataDir)
    expect(await query(second.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    expect(second.url).not.toContain(new URL(first.url).password)
  })

  test('data of another major version are refused, not touched', async () => {
    const dataDir = await preparedDataDir()
    const version = join(dataDir, 'postgres', 'cluster', 'PG_VERSION')
    await writeFile(version, '17\n')
    await expect(startPostgres({ dataDir, quick: true })).rejects.toThrow(/made by PostgreSQL 17/)
    await writeFile(version, '18\n')
    await started(dataDir)
  })

  test('a first start that was cut short is begun anew and leaves nothing behind', async () => {
    const dataDir = await temporaryFolder()
    const halfMade = join(dataDir, 'postgres', 'new-abc123')
    await mkdir(halfMade, { recursive: true })
    await writeFile(join(halfMade, 'PG_VERSION'), '18\n')
    await writeFile(`${halfMade}.password`, 'x')
    await started(dataDir)
    expect((await readdir(join(dataDir, 'postgres'))).sort()).toEqual([
      'cluster',
      'in-use.json',
      'passwords.json',
      'place.json',
    ])
  })

  test('what a killed run left in the temporary folder is cleared by the next', async () => {
    const folder = await temporaryFolder()
    const env = { ...process.env, TMPDIR: folder }
    const starter = await startElsewhere({ quick: true }, { env })
    const killed = once(starter.process, 'exit')
    starter.process.kill('SIGKILL')
    await killed
    const next = await startElsewhere({ quick: true }, { env })
    expect(processesNaming(folder).length).toBeGreaterThan(0)
    await next.stop()
    expect(processesNaming(folder)).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })
})

async function started(dataDir: string, log: string[] = []): Promise<Postgres> {
  const server = await startPostgres({ dataDir, quick: true, log: (line) => log.push(line) })
  onTestFinished(() => server.stop())
  return server
}

async function postmasterOf(dataDir: string): Promise<number> {
  const file = await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
  return Number(file.split('\n')[0])
}

/** A server with a row in it whose starter and guard were killed, so that nobody looks after it. */
async function orphanedServer(dataDir: string): Promise<number> {
  const starter = await startElsewhere({ dataDir })
  await query(starter.ownerUrl, 'CREATE TABLE kept (word text)', `INSERT INTO kept VALUES ('spara')`)
  const postmaster = await postmasterOf(dataDir)
  const guards = processesNaming(`sparvana-guard ${postmaster}`)
  expect(guards).toHaveLength(1)
  for (const guard of guards) process.kill(guard, 'SIGKILL')
  const killed = once(starter.process, 'exit')
  starter.process.kill('SIGKILL')
  await killed
  expect(lives(postmaster)).toBe(true)
  onTestFinished(() => {
    if (lives(postmaster)) process.kill(postmaster, 'SIGKILL')
  })
  return postmaster
}
