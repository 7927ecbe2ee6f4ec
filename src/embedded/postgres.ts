import { chmod, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { accountFor } from './postgres/account.ts'
import { binariesFor } from './postgres/binaries.ts'
import { claim } from './postgres/claim.ts'
import {
  createCluster,
  keptPasswords,
  newPasswords,
  refuseOtherMajor,
  resetSuperuserPassword,
} from './postgres/cluster.ts'
import { ensureAppDatabase, urlsFor } from './postgres/databases.ts'
import { PASS_THROUGH, sharedFolder, standardSharedFolders } from './postgres/folders.ts'
import { clusterOf, placeCluster, rescueCluster } from './postgres/place.ts'
import { type RunningServer, runServer } from './postgres/server.ts'
import { takeOver } from './postgres/take-over.ts'
import { newThrowaway, removeThrowaway } from './postgres/throwaways.ts'
import type { DatabaseServer, Log } from './postgres/types.ts'

export { createDatabase, dropDatabase } from './postgres/databases.ts'
export type { DatabaseServer, DatabaseUrls } from './postgres/types.ts'

/**
 * `quick` trades durability for speed (nothing is flushed to disk) and is for tests only. Without a `dataDir` a
 * quick server lives in a temporary folder that `stop()` removes.
 */
export type PostgresOptions = {
  /** Exactly this port; left out: a free one, chosen anew at every start. */
  port?: number
  log?: Log
  /** Where programs and data go when PostgreSQL's account cannot reach ours; the first usable one is taken. */
  sharedFolders?: readonly string[]
} & ({ dataDir: string; quick?: boolean } | { dataDir?: never; quick: true })

export interface Postgres extends DatabaseServer {
  port: number
  /** Settles when the server has ended, asked to or not. */
  ended: Promise<void>
  /** Idempotent; when it resolves no process of this server is left. */
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL on 127.0.0.1, creating its data on the first start and using them again afterwards.
 *
 * Should this process die hard, a small guard stops the server; should the guard die too, the server lives on as an
 * orphan, which the next start over the same `dataDir` stops before it begins.
 *
 * Throws when another living process uses `dataDir`, when the asked-for port is busy, when the data were made by
 * another major version, or when there is no account to run PostgreSQL under.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? (() => {})
  const dataDir = options.dataDir ?? (await newThrowaway(log))
  const home = await homeIn(dataDir)
  const release = await claim(home)
  const leave = () => (options.dataDir === undefined ? removeThrowaway(dataDir) : release())
  try {
    const { urls, server } = await startIn(home, options, log)
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= server.stop().finally(leave)
      return stopping
    }
    return { ...urls, port: server.port, ended: server.ended, stop }
  } catch (error) {
    await leave()
    throw error
  }
}

/** Everything of ours lies in this folder, which PostgreSQL's account may pass through when it is not ours. */
async function homeIn(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const home = join(await realpath(dataDir), 'postgres')
  await mkdir(home, { recursive: true })
  await chmod(home, process.getuid?.() === 0 ? PASS_THROUGH : 0o700)
  return home
}

async function startIn(
  home: string,
  options: PostgresOptions,
  log: Log,
): Promise<{ urls: DatabaseServer; server: RunningServer }> {
  const quick = options.quick ?? false
  const shared = options.sharedFolders ?? standardSharedFolders()
  const found = await clusterOf(home, log)
  const account = await accountFor(found)
  const binaries = await binariesFor(account, () => sharedFolder(account, shared), log)

  let cluster: string
  let passwords = await keptPasswords(home)
  if (found) {
    await refuseOtherMajor(found, binaries)
    await takeOver(found, log)
    cluster = await rescueCluster(home, found, account, shared, log)
    if (!passwords) {
      log("PostgreSQL's password file is gone or lacks some; setting new passwords")
      passwords = await newPasswords(home)
      await resetSuperuserPassword(cluster, account, binaries, passwords.superuser)
    }
  } else {
    const fresh = await newPasswords(home)
    const create = (folder: string) =>
      createCluster(folder, { account, binaries, password: fresh.superuser, quick, log })
    cluster = await placeCluster(home, account, shared, log, create)
    passwords = fresh
  }

  const server = await runServer({ cluster, account, binaries, quick, log, port: options.port ?? null })
  const urls = urlsFor(server.port, passwords)
  try {
    await ensureAppDatabase(urls)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { urls, server }
}
