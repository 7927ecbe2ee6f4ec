/** docs/security.md and what it points at: requirements, tests, addresses, scripts, settings, files. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { settingsSchema } from '../../src/config.ts'
import { paths } from '../../src/paths.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const [BEGIN, END] = ['<!-- requirements -->', '<!-- /requirements -->']
const STATUSES = ['done', 'partly', 'open', 'n/a']
/** A path and a part of a title, as the page writes them. */
const REFERENCE = /`(tests\/[\w./-]+)` › “([^”]+)”/g
/** Less than that is no reason. */
const LEAST_REASON = 12

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const document = read('docs/security.md')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const numbered = (letter: string, from: number, to: number, digits: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${letter}-${String(from + at).padStart(digits, '0')}`)
const REQUIRED = [
  ...numbered('S', 1, 91, 3),
  ...numbered('R', 1, 16, 2),
  ...numbered('R', 20, 26, 2),
  ...numbered('R', 30, 54, 2),
]

interface Reference {
  file: string
  title: string
}

interface Row {
  id: string
  short: string
  status: string
  references: Reference[]
  /** What stands beside the references. */
  words: string
}

const between = (begin: string, end: string) => document.split(begin)[1]?.split(end)[0] ?? ''
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const referencesIn = (text: string): Reference[] =>
  [...text.matchAll(REFERENCE)].map(([, file = '', title = '']) => ({ file, title }))

const rows: Row[] = between(BEGIN, END)
  .split('\n')
  .filter((line) => /^\| (?!row|-)/.test(line))
  .map((line) => {
    const [id = '', short = '', status = '', last = '', ...more] = cellsOf(line)
    expect([id, more]).toEqual([id, []])
    return { id, short, status, references: referencesIn(last), words: last.replaceAll(REFERENCE, '') }
  })
const threats = between('### STRIDE', '\n## ')
  .split('\n')
  .filter((line) => /^\| T\d/.test(line))
  .map(cellsOf)

describe('the table of requirements', () => {
  test('has each of them once, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(REQUIRED)
  })

  test.each(rows)('$id: $status', ({ short, status, references, words }) => {
    const reason = (word: string) => words.split(`${word}: `)[1]?.trim() ?? ''
    expect(short).not.toBe('')
    expect(STATUSES).toContain(status)
    expect(references.length > 0, 'names a test').toBe(status === 'done' || status === 'partly')
    expect(words, 'a test without a title').not.toContain('tests/')
    expect(reason('Missing').length >= LEAST_REASON, 'says what is missing').toBe(
      status === 'partly' || status === 'open',
    )
    expect(reason('Reason').length >= LEAST_REASON, 'says why not').toBe(status === 'n/a')
    expect(words.endsWith('Planned.')).toBe(status === 'open')
  })
})

describe('the page', () => {
  test('names no test that there isn’t, and titles as they stand in its source', () => {
    const references = referencesIn(document)
    expect(references.length).toBeGreaterThan(REQUIRED.length)
    expect(document.match(/`tests\/[^`]+`(?= ›)/g)).toHaveLength(references.length)
    const wrong = references.filter(
      ({ file, title }) => !existsSync(join(ROOT, file)) || !withoutImports(read(file)).includes(title),
    )
    expect(wrong).toEqual([])
  })

  test('each threat has its control and its test', () => {
    expect(threats.map(([id]) => id)).toEqual(threats.map((_row, at) => `T${at + 1}`))
    expect(threats.length).toBeGreaterThan(20)
    for (const [id, where, kind = '', threat, risk, control, shown = '', ...more] of threats) {
      expect([id, more]).toEqual([id, []])
      for (const cell of [where, threat, control]) expect(cell, id).not.toBe('')
      expect('STRIDE', id).toContain(kind)
      expect([1, 2, 3, 4, 6, 9], id).toContain(Number(risk))
      expect(referencesIn(shown).length, id).toBeGreaterThan(0)
    }
    expect(new Set(threats.map(([, , kind]) => kind))).toEqual(new Set('STRIDE'))
  })

  test('refers to rows that are in its table', () => {
    const named = document.match(/\b[SR]-\d+\b/g) ?? []
    expect(named.filter((id) => !REQUIRED.includes(id))).toEqual([])
  })

  test('names no address, script, setting or file that there isn’t', () => {
    const quoted = [...document.replaceAll(REFERENCE, '').matchAll(/`([^`\n]+)`/g)].map(
      ([, text = '']) => text,
    )
    const asked = quoted.flatMap((text) => /^(?:(?:GET|POST) )?(\/\S*)$/.exec(text)?.[1] ?? [])
    const run = quoted.flatMap((text) => /^npm (?:run )?([\w:-]+)/.exec(text)?.[1] ?? [])
    const set = quoted.flatMap((text) => /^[A-Z]+(?:_[A-Z]+)+(?==|$)/.exec(text)?.[0] ?? [])
    const files = quoted.filter((text) => /^(src|tests|docs|prisma|bench)\//.test(text))
    const links = [...document.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => `docs/${target}`)
    for (const kind of [asked, run, set, files, links]) expect(kind.length).toBeGreaterThan(0)

    const addresses = new Set(
      Object.values(paths).map((path) => (typeof path === 'string' ? path : decodeURIComponent(path(':id')))),
    )
    expect(asked.filter((address) => !addresses.has(address.replace(/:\w+/, ':id')))).toEqual([])
    expect(run.filter((name) => !(name in scripts))).toEqual([])
    expect(set.filter((name) => !(name in settingsSchema.shape))).toEqual([])
    expect([...files, ...links].filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})

/** A title that stands in a path of an import only would prove nothing. */
function withoutImports(text: string): string {
  return text.replaceAll(/^import[\s\S]*?from '[^']+'$/gm, '')
}
