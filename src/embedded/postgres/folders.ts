import { chmod, chown, lstat, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './account.ts'
import type { Account } from './types.ts'

/** Others may pass through but not look around. */
export const PASS_THROUGH = 0o711

/** Candidates for the shared folder, those that survive a restart of the machine first. */
export function standardSharedFolders(): string[] {
  const uid = process.getuid?.() ?? 0
  const lasting = uid === 0 ? '/var/lib/sparvana' : join(homedir(), '.local', 'share', 'sparvana')
  return [lasting, `/var/tmp/sparvana-${uid}`, join(tmpdir(), `sparvana-${uid}`)]
}

/**
 * The first candidate that is ours alone to write and that `account` can reach. A name in /tmp is anybody's to
 * take first, so a folder that belongs to somebody else or that others may write is passed over.
 */
export async function sharedFolder(account: Account, candidates: readonly string[]): Promise<string> {
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true, mode: PASS_THROUGH })
      const found = await lstat(folder)
      if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) continue
      await chmod(folder, PASS_THROUGH)
      if (await canHoldData(folder, account)) return folder
    } catch {
      // Not writable, or a file is in the way: the next one.
    }
  }
  throw new Error(`No folder was found that PostgreSQL's account can reach; tried ${candidates.join(', ')}`)
}

/** Whether a private folder inside `folder` can be given to `account` and be reached by it; found out by trying. */
export async function canHoldData(folder: string, account: Account): Promise<boolean> {
  const probe = await mkdtemp(join(folder, 'probe-'))
  try {
    await giveTo(probe, account)
    const made = await stat(probe)
    if ((made.mode & 0o777) !== 0o700 || made.uid !== (account?.uid ?? process.getuid?.())) return false
    return await canEnter(probe, account)
  } catch {
    return false
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

/** Whether `account` reaches `folder` and may write there. */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  const tests = await Promise.all(['-w', '-x'].map((flag) => run(account, 'test', [flag, folder])))
  return tests.every(({ code }) => code === 0)
}

/** Makes `folder` private to `account`. */
export async function giveTo(folder: string, account: Account): Promise<void> {
  await chmod(folder, 0o700)
  if (account) await chown(folder, account.uid, account.gid)
}

/** Moves a folder with its owners and modes, across disks too. Throws when neither way works. */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch {
    const copied = await run(null, 'cp', ['-a', from, to])
    if (copied.code !== 0) throw new Error(`${from} could not be copied to ${to}: ${copied.output}`)
    await rm(from, { recursive: true, force: true })
  }
}
