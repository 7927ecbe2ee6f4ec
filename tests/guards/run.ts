/**
 * npm run test:guards [-- --only word]: takes each guard away in a copy of the tree, one at a time, and demands that the tests
 * named for it fail. Ends with 1 when one stays green, or when tests fail with all guards in place.
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GUARDS, type Guard } from './guards.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const COPIED = [
  'src',
  'tests',
  'prisma',
  'views',
  'public',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]

interface Outcome {
  failed: string[]
  /** Of tests that ran at all: a file that can't be read proves nothing. */
  ran: number
}

/** Of vitest's report, what is read here. */
interface Report {
  numPassedTests?: number
  testResults?: { assertionResults: { fullName: string; status: string }[] }[]
}

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const chosen = GUARDS.filter(({ name }) => name.includes(values.only))
const copy = await mkdtemp(join(tmpdir(), 'sparvana-guards-'))
try {
  for (const part of COPIED) await cp(join(ROOT, part), join(copy, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  const failedBefore = await failedWithAll()
  const unseen = await takeAway(chosen, failedBefore)
  process.exitCode = unseen + failedBefore.length === 0 ? 0 : 1
} finally {
  await rm(copy, { recursive: true, force: true })
}

/** What fails although nothing is missing says nothing about guards. */
async function failedWithAll(): Promise<string[]> {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))]
  const { failed, ran } = await runTests(files, ['--retry=1'])
  console.log(`with all guards: ${ran} tests of ${files.length} files, ${failed.length} of them fail`)
  for (const name of failed) console.error(`  ${name}`)
  return failed
}

/** @returns how many no test noticed. */
async function takeAway(guards: readonly Guard[], failedBefore: readonly string[]): Promise<number> {
  // The first that fails is enough, unless it failed before.
  const more = failedBefore.length === 0 ? ['--bail=1'] : []
  let unseen = 0
  for (const guard of guards) {
    const file = join(copy, guard.file)
    const whole = await readFile(file, 'utf8')
    await writeFile(
      file,
      guard.changes.reduce((text, change) => changed(text, change, guard), whole),
    )
    const { failed, ran } = await runTests(guard.tests, more)
    await writeFile(file, whole)
    const noticed = failed.filter((name) => !failedBefore.includes(name))
    if (noticed.length === 0) unseen += 1
    const said =
      ran === 0 ? 'BROKEN: no test ran' : noticed.length === 0 ? 'STILL GREEN' : `red, after ${ran} tests`
    console.log(`without ${guard.name}: ${said}`)
  }
  console.log(`${guards.length} guards taken away, ${guards.length - unseen} noticed by the tests`)
  return unseen
}

/** @throws when what is to be changed is not there (any more). */
function changed(text: string, [from, to]: Guard['changes'][number], { name, file }: Guard): string {
  const after = typeof from === 'string' ? text.replaceAll(from, () => to) : text.replace(from, () => to)
  if (after === text) throw new Error(`${name}: ${file} has no ${from}`)
  return after
}

async function runTests(files: readonly string[], more: readonly string[]): Promise<Outcome> {
  const report = join(copy, 'report.json')
  await rm(report, { force: true })
  const vitest = join(copy, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', ...files, ...more, '--reporter=json', `--outputFile=${report}`]
  const child = spawn(process.execPath, args, { cwd: copy, stdio: 'ignore' })
  await new Promise((resolve) => child.once('exit', resolve))
  const { numPassedTests = 0, testResults = [] }: Report = JSON.parse(
    await readFile(report, 'utf8').catch(() => '{}'),
  )
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName)
  return { failed, ran: failed.length + numPassedTests }
}
