import { type SpawnOptions, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Account } from './types.ts'

/** PostgreSQL's own account first where a machine has one; `nobody` may be shared with other daemons. */
const CANDIDATES = ['postgres', '_postgres', 'nobody', 'daemon']

/** setuid takes a signed number in Node; macOS gives `nobody` an id above it. */
const LARGEST_UID = 2 ** 31 - 1

/** Long enough for a slow disk's initdb, short enough to not look hung for ever. */
const RUN_LIMIT_MS = 180_000

/**
 * Whom to run PostgreSQL as, which refuses to be root. An ordinary user runs it himself; root lends it an account
 * that exists already, the data's owner before any other, and creates none.
 */
export async function accountFor(cluster: string | null): Promise<Account> {
  if (process.platform === 'win32' || !process.getuid) {
    throw new Error('The embedded PostgreSQL runs on Linux and macOS: use WSL, or set DATABASE_URL')
  }
  if (process.getuid() !== 0) return null
  const owner = cluster ? await stat(cluster) : null
  if (owner && owner.uid !== 0) return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid }
  for (const name of CANDIDATES) {
    const account = await lookUp(name)
    if (account) return await lent(account)
  }
  throw new Error(
    `PostgreSQL cannot run as root and none of ${CANDIDATES.join(', ')} exists here: ` +
      'start as an ordinary user, or set DATABASE_URL',
  )
}

/** What every PostgreSQL program is started with: nothing of our environment, which may hold secrets. */
export function spawnOptions(account: Account): SpawnOptions {
  return {
    // Its own group and session: Ctrl-C in a terminal must not reach the server before the app has drained.
    detached: true,
    // Ours may be a folder the account cannot enter.
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' },
    // Node also drops the supplementary groups when it changes the user.
    ...(account && { uid: account.uid, gid: account.gid }),
  }
}

/** Runs a program to its end; never throws for what the program does, a program that cannot be started has code null. */
export function run(
  account: Account,
  file: string,
  args: readonly string[],
  { input = '', onLine = () => {} }: { input?: string; onLine?: (line: string) => void } = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { ...spawnOptions(account), stdio: 'pipe', timeout: RUN_LIMIT_MS })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        output = `${output}${line}\n`.slice(-8_000)
        if (line.trim()) onLine(line)
      })
    }
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output: output.trim() }))
  })
}

/** Root of a container may lack the right to become anybody else. */
async function lent(account: NonNullable<Account>): Promise<Account> {
  const tried = await run(account, 'true', [])
  if (tried.code === 0) return account
  throw new Error(
    `PostgreSQL cannot run as root, and this root may not start programs as ${account.name} (${tried.output}): ` +
      'start as an ordinary user, or set DATABASE_URL',
  )
}

async function lookUp(name: string): Promise<Account> {
  const [uid, gid] = await Promise.all([run(null, 'id', ['-u', name]), run(null, 'id', ['-g', name])])
  if (uid.code !== 0 || gid.code !== 0) return null
  const account = { name, uid: Number(uid.output), gid: Number(gid.output) }
  const usable = account.uid > 0 && account.uid <= LARGEST_UID && account.gid <= LARGEST_UID
  return usable ? account : null
}
