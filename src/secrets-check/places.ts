/** Where secrets could lie: in the files that git knows or would take, and in everything that was ever added to them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface Line {
  /** Path below the folder. */
  file: string
  /** File and line number, or commit and file. */
  place: string
  text: string
}

/** Nothing of these is ours, or under version control. */
const NOT_OURS = /^(node_modules|\.git|\.data|\.tmp|coverage|src\/generated)$/
/** Longer lines are data, not written by anybody; their beginning says what they are. */
const LONGEST_LINE = 100_000
/** What git ends with where there is none. */
const NO_REPOSITORY = 128

export type History = 'whole' | 'cut off' | 'none'

/** How much of its history a folder has with it, and this machine can read. */
export async function historyOf(folder: string): Promise<History> {
  const args = ['rev-parse', '--show-cdup', '--is-shallow-repository']
  const said = collect(git(folder, args, [0, NO_REPOSITORY]))
  const [above, isShallow] = await said.catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  // Inside somebody else's repository nothing of ours is tracked, which would look clean.
  if (above !== '') return 'none'
  return isShallow === 'true' ? 'cut off' : 'whole'
}

/** What is under version control or could be tomorrow; without a history, every file there is. */
export async function filesOf(folder: string, history: History): Promise<string[]> {
  if (history === 'none') return allFiles(folder)
  return collect(git(folder, ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate']))
}

/** None of a file that isn't text, or that is tracked and not there. */
export async function* linesOf(folder: string, file: string): AsyncGenerator<Line> {
  const path = join(folder, file)
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isFile) return
  let number = 0
  for await (const text of linesIn(createReadStream(path))) {
    number += 1
    if (text.includes('\0')) return
    yield { file, place: `${file}:${number}`, text }
  }
}

/** Every line that a commit on any branch added, and the words of the commits. */
export async function* linesOfHistory(folder: string): AsyncGenerator<Line> {
  const args = [
    'log',
    '--all',
    '-p',
    '-U0',
    '-m',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--no-renames',
  ]
  let commit = ''
  let file = ''
  let isWords = true
  for await (const line of git(folder, [...args, '--format=%x01%h%n%B%n%an %ae'])) {
    if (line.startsWith('\x01')) {
      commit = line.slice(1)
      file = ''
      isWords = true
    } else if (line.startsWith('diff --git ')) {
      isWords = false
    } else if (isWords) {
      yield { file, place: `${commit} (its words)`, text: line }
    } else if (line.startsWith('+++ b/')) {
      // A name with spaces ends with a tab.
      file = line.slice(6).replace(/\t$/, '')
    } else if (line.startsWith('+')) {
      yield { file, place: `${commit} ${file}`, text: line.slice(1) }
    }
  }
}

async function allFiles(folder: string): Promise<string[]> {
  const found: string[] = []
  const open = [folder]
  for (let next = open.pop(); next; next = open.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true })) {
      const path = join(next, entry.name)
      const name = relative(folder, path)
      if (NOT_OURS.test(name)) continue
      if (entry.isDirectory()) open.push(path)
      else if (entry.isFile()) found.push(name)
    }
  }
  return found.sort()
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

async function* git(folder: string, args: string[], fine = [0]): AsyncGenerator<string> {
  const child = spawn('git', ['-c', 'core.quotePath=false', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  // Without git it fails before it is waited for.
  ended.catch(() => {})
  yield* linesIn(child.stdout)
  const [code] = await ended
  if (!fine.includes(code)) throw new Error(`git ${args[0]} ended with ${code}`)
}

async function* linesIn(stream: Readable): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity }))
    yield line.slice(0, LONGEST_LINE)
}
