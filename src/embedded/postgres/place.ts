import { createHash } from 'node:crypto'
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { run } from './account.ts'
import { canEnter, canHoldData, giveTo, moveFolder, PASS_THROUGH, sharedFolder } from './folders.ts'
import type { Account, Log } from './types.ts'

/**
 * The data recorded for `home`, or null when there are none yet. Data normally lie inside; those that had to be
 * placed outside name the home they belong to, because a copied home must not share them with the original. Removing the home leaves outside data where they are.
 */
export async function clusterOf(home: string, log: Log): Promise<string | null> {
  const onRecord = await recordedCluster(home)
  const recorded = onRecord ?? 'cluster'
  const cluster = resolve(home, recorded)
  if (!(await exists(join(cluster, 'PG_VERSION')))) {
    if (onRecord) log(`the database in ${cluster} is gone; starting with an empty one`)
    return null
  }
  if (!isAbsolute(recorded)) return cluster
  const owner = await readFile(ownerNote(cluster), 'utf8').catch(() => home)
  if (owner !== home) {
    if ((await recordedCluster(owner)) === recorded) {
      log(`${home} is a copy of ${owner}, whose database stays its own; starting with an empty one`)
      return null
    }
    await writeFile(ownerNote(cluster), home, { mode: 0o600 })
  }
  return cluster
}

/** Finds a place for new data, lets `create` fill it and records it; nothing half-made is ever recorded. */
export async function placeCluster(
  home: string,
  account: Account,
  shared: readonly string[],
  log: Log,
  create: (folder: string) => Promise<void>,
): Promise<string> {
  const inside = await canHoldData(home, account)
  const parent = inside ? home : await outsideParent(home, account, shared)
  if (!inside) log(`PostgreSQL's account cannot reach ${home}; its data are kept in ${parent}`)
  await removeDrafts(parent)
  const draft = await mkdtemp(join(parent, 'new-'))
  try {
    await giveTo(draft, account)
    await create(draft)
    const cluster = join(parent, 'cluster')
    if (await exists(cluster)) await setAside(cluster, log)
    await rename(draft, cluster)
    await record(home, inside ? 'cluster' : cluster)
    return cluster
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

/** Data that root finds where their account can no longer reach them (a home closed since) are moved outside. */
export async function rescueCluster(
  home: string,
  cluster: string,
  account: Account,
  shared: readonly string[],
  log: Log,
): Promise<string> {
  if (account && (await stat(cluster)).uid === 0) {
    await run(null, 'chown', ['-R', `${account.uid}:${account.gid}`, cluster])
  }
  if (await canEnter(cluster, account)) return cluster
  if (!account) throw new Error(`${cluster} belongs to another user: start as that user, or as root`)
  const moved = join(await outsideParent(home, account, shared), 'cluster')
  log(`PostgreSQL's account can no longer reach ${cluster}; moving the database to ${moved}`)
  await moveFolder(cluster, moved)
  await record(home, moved)
  return moved
}

async function outsideParent(home: string, account: Account, shared: readonly string[]): Promise<string> {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16)
  const parent = join(await sharedFolder(account, shared), `data-${name}`)
  await mkdir(parent, { recursive: true })
  await chmod(parent, PASS_THROUGH)
  await writeFile(ownerNote(join(parent, 'cluster')), home, { mode: 0o600 })
  return parent
}

/** What starts that were interrupted left half-made; the claim on the home says that nobody is at it now. */
async function removeDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (/^(new|probe)-/.test(name)) await rm(join(parent, name), { recursive: true, force: true })
  }
}

/** Somebody's data without a record (the home was removed by hand): out of the way, but never deleted by us. */
async function setAside(cluster: string, log: Log): Promise<void> {
  const aside = await mkdtemp(`${cluster}-unused-`)
  await rename(cluster, join(aside, 'cluster'))
  log(`a database without a record was found and set aside in ${aside}`)
}

function ownerNote(cluster: string): string {
  return join(cluster, '..', 'belongs-to')
}

async function record(home: string, cluster: string): Promise<void> {
  const file = join(home, 'place.json')
  await writeFile(`${file}.new`, JSON.stringify({ cluster }), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function recordedCluster(home: string): Promise<string | null> {
  try {
    return (JSON.parse(await readFile(join(home, 'place.json'), 'utf8')) as { cluster: string }).cluster
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
