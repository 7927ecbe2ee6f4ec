/**
 * npm run secrets:check: looks for secrets in all files that version control doesn't ignore, and in everything that was ever
 * added to them.
 *
 * Ends with 0 when nothing was found; 1 when something was, with its place and its first letters; 2 when nothing was found
 * but not everything could be looked at: no git on this machine, no repository, or one whose history is cut off.
 */
import { isAllowed } from './secrets-check/allowed.ts'
import {
  filesOf,
  type History,
  historyOf,
  type Line,
  linesOf,
  linesOfHistory,
} from './secrets-check/places.ts'
import { type Hit, hitsIn, isSecretFile } from './secrets-check/rules.ts'

const EXIT = { clean: 0, found: 1, notAllSeen: 2 } as const
const SHOWN = 4
const FILE = 'a file for secrets'

interface Finding extends Hit {
  places: string[]
}

const folder = process.argv[2] ?? process.cwd()
const findings = new Map<string, Finding>()
let lines = 0

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = EXIT.notAllSeen
}

async function run(): Promise<number> {
  const history = await historyOf(folder)
  const files = await filesOf(folder, history)
  for (const file of files) {
    lookAtName(file, 'not kept from version control')
    for await (const line of linesOf(folder, file)) look(line)
  }
  if (history !== 'none') {
    for await (const line of linesOfHistory(folder)) {
      lookAtName(line.file, line.place)
      look(line)
    }
  }
  for (const finding of findings.values()) console.log(told(finding))
  console.log(summary(files.length, history))
  if (findings.size > 0) return EXIT.found
  return history === 'whole' ? EXIT.clean : EXIT.notAllSeen
}

function lookAtName(file: string, place: string): void {
  if (isSecretFile(file)) note({ rule: FILE, value: file }, place)
}

function look({ file, place, text }: Line): void {
  lines += 1
  for (const hit of hitsIn(text)) if (!isAllowed(hit, file)) note(hit, place)
}

/** The same value is one finding, wherever it lies. */
function note(hit: Hit, place: string): void {
  const key = `${hit.rule} ${hit.value}`
  const finding = findings.get(key) ?? { ...hit, places: [] }
  if (!finding.places.includes(place)) finding.places.push(place)
  findings.set(key, finding)
}

/** Enough to recognise it by, too little to use it. */
function told({ rule, value, places }: Finding): string {
  const shown = rule === FILE ? value : `${value.slice(0, SHOWN)}… (${value.length} characters)`
  const others = places.length > 3 ? [`and ${places.length - 3} more`] : []
  return `${rule}: ${shown}\n    ${[...places.slice(0, 3), ...others].join('\n    ')}`
}

function summary(files: number, history: History): string {
  const seen = `${files} files, ${lines} lines`
  const missing = {
    whole: 'history and all',
    'cut off': 'but the history is cut off here: what is missing was not looked at',
    none: 'but there is no history here, or no git to read it: it was not looked at',
  }[history]
  const found = findings.size === 0 ? 'No secrets' : `${findings.size} findings`
  return `${found} in ${seen}, ${missing}.`
}
