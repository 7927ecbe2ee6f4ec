import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { livingClaimant } from './claim.ts'
import { PASS_THROUGH } from './folders.ts'
import { clusterOf } from './place.ts'
import { takeOver } from './take-over.ts'
import type { Log } from './types.ts'

const PREFIX = 'sparvana-quick-'

/** A folder for one run, in the system's temporary folder; what runs that were killed left there goes first. */
export async function newThrowaway(log: Log): Promise<string> {
  await sweep(log)
  const folder = await mkdtemp(join(tmpdir(), PREFIX))
  await chmod(folder, PASS_THROUGH)
  return folder
}

/** Removes the folder and its data, also when these had to be placed outside it. */
export async function removeThrowaway(folder: string): Promise<void> {
  const cluster = await clusterOf(join(folder, 'postgres'), () => {})
  if (cluster && !cluster.startsWith(folder)) await rm(dirname(cluster), { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Only folders of our own making: in a temporary folder anybody may have put one under such a name. */
async function sweep(log: Log): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(tmpdir(), name)
    try {
      const found = await lstat(folder)
      const home = join(folder, 'postgres')
      // No claim yet: another run is at its very beginning.
      const begun = await lstat(join(home, 'in-use.json')).catch(() => null)
      if (!found.isDirectory() || found.uid !== process.getuid?.() || !begun) continue
      if (await livingClaimant(home)) continue
      const cluster = await clusterOf(home, () => {})
      if (cluster) await takeOver(cluster, log)
      await removeThrowaway(folder)
    } catch (error) {
      log(`${folder}, left by an earlier run, could not be removed: ${(error as Error).message}`)
    }
  }
}
