import { constants } from 'node:fs'
import { open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isPostmasterOf, processIdentity } from './process-identity.ts'
import type { Log } from './types.ts'

/** SIGINT: sessions are cut, everything is written; SIGQUIT: ends at once and recovers at the next start. */
const STEPS = [
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
] as const

/**
 * Clears the way for a new server over `cluster`: an orphan of an earlier start is stopped, and a pid file that
 * names a stranger, because the number was used again, is disarmed. Throws when an orphan cannot be stopped.
 */
export async function takeOver(cluster: string, log: Log): Promise<void> {
  const pidFile = await readPidFile(cluster)
  if (!pidFile) return
  const { pid, rest } = pidFile
  if (isPostmasterOf(pid, cluster, (await stat(cluster)).uid)) {
    log(`stopping PostgreSQL (process ${pid}) that an earlier start left behind`)
    await stopOrphan(pid)
  } else if (isAlive(pid)) {
    await disarm(cluster, rest)
  }
}

async function stopOrphan(pid: number): Promise<void> {
  const identity = processIdentity(pid)
  for (const { signal, patienceMs } of STEPS) {
    if (processIdentity(pid) !== identity) return
    process.kill(pid, signal)
    const until = performance.now() + patienceMs
    while (performance.now() < until) {
      if (processIdentity(pid) !== identity) return
      await pause(25)
    }
  }
  throw new Error(`PostgreSQL (process ${pid}), left behind by an earlier start, does not stop`)
}

/**
 * The rest of the file names the shared memory that the server itself checks for leftover sessions, so the file is
 * kept and only the process is replaced: by ourselves, since a server takes its own parent's number as stale.
 * The folder belongs to another account: made anew with O_EXCL, so that no link in it is followed.
 */
async function disarm(cluster: string, rest: readonly string[]): Promise<void> {
  const path = join(cluster, 'postmaster.pid')
  const { uid, gid } = await stat(cluster)
  await unlink(path)
  const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)
  try {
    await file.writeFile([process.pid, ...rest].join('\n'))
    if (process.getuid?.() === 0) await file.chown(uid, gid)
  } finally {
    await file.close()
  }
}

async function readPidFile(cluster: string): Promise<{ pid: number; rest: string[] } | null> {
  const file = await open(join(cluster, 'postmaster.pid'), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    () => null,
  )
  if (!file) return null
  try {
    const [first = '', ...rest] = (await file.readFile('utf8')).split('\n')
    const pid = Number.parseInt(first, 10)
    return pid > 1 ? { pid, rest } : null
  } finally {
    await file.close()
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
