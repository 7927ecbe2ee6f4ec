/** The version before: out of git, into a folder of its own. */
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MIGRATIONS = 'prisma/migrations'
const run = promisify(execFile)

/** There is nothing to compare with; the message says why. */
export class NoEarlierVersion extends Error {}

export interface Earlier {
  migration: string
  commit: string
  subject: string
}

/** The last version that knew nothing of the newest migration. @throws NoEarlierVersion */
export async function findEarlier(): Promise<Earlier> {
  const entries = await readdir(join(ROOT, MIGRATIONS), { withFileTypes: true })
  const migration =
    entries
      .flatMap((entry) => (entry.isDirectory() ? entry.name : []))
      .sort()
      .at(-1) ?? ''
  await git('rev-parse', '--git-dir').catch(() => {
    throw new NoEarlierVersion('There is no git history here, so there is no version before this one.')
  })
  const path = `${MIGRATIONS}/${migration}`
  const added = await git('log', '--diff-filter=A', '--format=%H', '-1', '--', path)
  // Not committed yet: the version before is the one that lies there committed.
  const commit = added === '' ? 'HEAD' : `${added}^`
  const subject = await git('log', '-1', '--format=%h %s', commit).catch(() => {
    throw new NoEarlierVersion(
      `The history does not go back to before ${migration}; fetch all of it: git fetch --unshallow`,
    )
  })
  return { migration, commit, subject }
}

/** Its files, ready to run with the packages that are installed here. @returns the folder; who asked removes it. */
export async function unpack({ commit }: Earlier): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-upgrade-'))
  await chmod(folder, 0o711)
  // An index of its own, so that the one of whoever works here stays as it is.
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, '.index') }
  await run('git', ['read-tree', commit], { cwd: ROOT, env })
  await run('git', ['checkout-index', '--all', `--prefix=${folder}/`], { cwd: ROOT, env })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await run(process.execPath, ['prisma/generate.mjs'], { cwd: folder })
  return folder
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: ROOT })
  return stdout.trim()
}
