import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processIdentity } from './process-identity.ts'

interface Claimant {
  pid: number
  identity: string | null
}

/**
 * Marks `home` as in use by this process and returns how to give it up. Without it a second start over the same
 * data would mistake the first one's server for an orphan. Throws when a living process holds the claim.
 */
export async function claim(home: string): Promise<() => Promise<void>> {
  const file = join(home, 'in-use.json')
  const mine: Claimant = { pid: process.pid, identity: processIdentity(process.pid) }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await writeFile(file, JSON.stringify(mine), { flag: 'wx', mode: 0o600 })
      return () => rm(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error
    }
    const holder = await livingClaimant(home)
    if (holder) throw new Error(`${home} is in use by process ${holder}: stop that one first`)
    await rm(file, { force: true })
  }
}

/** The number of the living process that uses `home`, or null. A claim that cannot be read is nobody's. */
export async function livingClaimant(home: string): Promise<number | null> {
  try {
    const holder = JSON.parse(await readFile(join(home, 'in-use.json'), 'utf8')) as Claimant
    const lives = holder.identity !== null && processIdentity(holder.pid) === holder.identity
    return lives ? holder.pid : null
  } catch {
    return null
  }
}
