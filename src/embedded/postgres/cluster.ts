import { randomBytes } from 'node:crypto'
import { chown, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './account.ts'
import type { Account, Binaries, Log } from './types.ts'

/** Of every cluster made here. */
export const SUPERUSER = 'postgres'

export interface Passwords {
  superuser: string
  /** Of the role that owns databases and tables. */
  owner: string
  /** Of the app's own. */
  app: string
}

/**
 * Fills the empty private `folder` with a new cluster. Its text sorts by code point under PostgreSQL's builtin
 * provider, so that neither the machine's locales nor its C library change an index. Throws with initdb's words.
 */
export async function createCluster(
  folder: string,
  {
    account,
    binaries,
    password,
    quick,
    log,
  }: {
    account: Account
    binaries: Binaries
    password: string
    quick: boolean
    log: Log
  },
): Promise<void> {
  const passwordFile = `${folder}.password`
  await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' })
  try {
    if (account) await chown(passwordFile, account.uid, account.gid)
    const args = [
      `--pgdata=${folder}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--set=max_connections=100',
      '--no-instructions',
      ...(quick ? ['--no-sync'] : []),
    ]
    const done = await run(account, join(binaries.folder, 'initdb'), args, {
      onLine: (line) => log(`initdb: ${line}`),
    })
    if (done.code !== 0) throw new Error(`PostgreSQL's data could not be created:\n${done.output}`)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** Throws when the data were made by another major version, which this one cannot read. */
export async function refuseOtherMajor(cluster: string, binaries: Binaries): Promise<void> {
  const made = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  if (made === binaries.major) return
  throw new Error(
    `The database in ${cluster} was made by PostgreSQL ${made} and this is ${binaries.major}: ` +
      'move DATA_DIR aside, or go back to the earlier version and dump it first',
  )
}

/** The kept passwords, or null when they were lost, or not all of them were ever made. */
export async function keptPasswords(home: string): Promise<Passwords | null> {
  try {
    const kept = JSON.parse(await readFile(passwordsFile(home), 'utf8')) as Partial<Passwords>
    const { superuser, owner, app } = kept
    return superuser && owner && app ? { superuser, owner, app } : null
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** New random passwords, kept in a file that only its owner reads. */
export async function newPasswords(home: string): Promise<Passwords> {
  const [superuser = '', owner = '', app = ''] = Array.from({ length: 3 }, () =>
    randomBytes(24).toString('hex'),
  )
  const passwords = { superuser, owner, app }
  await rm(passwordsFile(home), { force: true })
  await writeFile(passwordsFile(home), JSON.stringify(passwords), { mode: 0o600, flag: 'wx' })
  return passwords
}

/** Single-user mode asks for no password, only for the files: the way back in when the password was lost. */
export async function resetSuperuserPassword(
  cluster: string,
  account: Account,
  binaries: Binaries,
  password: string,
): Promise<void> {
  const args = ['--single', '-D', cluster, SUPERUSER]
  const input = `ALTER ROLE ${SUPERUSER} PASSWORD '${password}'\n`
  const done = await run(account, join(binaries.folder, 'postgres'), args, { input })
  if (done.code !== 0) throw new Error(`PostgreSQL's password could not be set anew:\n${done.output}`)
}

function passwordsFile(home: string): string {
  return join(home, 'passwords.json')
}
