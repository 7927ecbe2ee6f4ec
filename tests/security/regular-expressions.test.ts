import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isExponential, literalsIn } from './support/regular-expressions.ts'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
  .map((file) => join('src', file))

/** Paths of routes, names of fields and settings, what our own tokens look like. */
const OWN_TEXTS = [
  'src/bank/nordea/redact.ts',
  'src/crypto.ts',
  'src/middleware/api/requests.ts',
  'src/routes.ts',
  'src/secrets-check/rules.ts',
]

describe('the checker', () => {
  test.each([
    /(a+)+$/,
    /(a*)*b/,
    /(a|a)*$/,
    /(a|ab|b)*c/,
    /^(\w+\s?)*$/,
    /(x+x+)+y/,
    /(.*)*=/,
    /([a-z]+)*\d/,
    /((a{1,9})b?)+$/,
  ])('finds %s', (pattern) => expect(isExponential(pattern)).toBe(true))

  test.each([
    /^a+$/,
    /^[\w.]+@\w+$/,
    /^(?:\d{1,3}\.){3}\d{1,3}$/,
    /^a+(?:-a+)*$/,
    /(?:ab|c)*d/,
    /^(?:[a-f]{2})+$/,
    /\s+$/,
  ])('has nothing against %s', (pattern) => expect(isExponential(pattern)).toBe(false))

  test('reads expressions out of a file, and neither divisions nor texts nor comments', () => {
    const file =
      "const a = b / c / d // /no/\nconst e = '/no/'\nreturn /yes[/]\\/x/gi.test(f) && (/too/u)\nx = y ? /and/ : 1 /* /no/ */"
    expect(literalsIn(file).map(String)).toEqual(['/yes[/]\\/x/gi', '/too/u', '/and/'])
  })
})

describe('of our own regular expressions', () => {
  const all = sources.flatMap((file) =>
    literalsIn(readFileSync(file, 'utf8')).map((pattern) => ({ file, pattern })),
  )

  test('none can take exponential time', () => {
    console.log(`${all.length} regular expressions in ${new Set(all.map(({ file }) => file)).size} files`)
    expect(all.length).toBeGreaterThan(60)
    expect(
      all.filter(({ pattern }) => isExponential(pattern)).map(({ file, pattern }) => `${file}: ${pattern}`),
    ).toEqual([])
  })

  test('those that are made out of texts are made out of our own', () => {
    const making = sources.filter((file) => /\bnew RegExp\(/.test(readFileSync(file, 'utf8')))
    expect(making.filter((file) => !file.startsWith('src/sandbox/')).sort()).toEqual(OWN_TEXTS)
  })
})

/** Longer than any form may be: the rest would be cut off before it is read. */
const LONGEST = 16_384
const MOST_MS = 50
const REPEATS = 5

const NASTY = [
  'a',
  ' ',
  '9',
  '0',
  '-',
  '.',
  ',',
  'a@',
  'a.',
  '@a.',
  'a-',
  '1,',
  '\t ',
  'é',
  'e\u0301',
  '\u202e',
  '\0',
  '{"a":',
  '[',
  'A:b/',
]
const worst = NASTY.flatMap((part) => {
  const long = part.repeat(Math.floor(LONGEST / part.length))
  return [long, `${long.slice(0, -2)}!`, `x${long.slice(0, -2)}\n`]
})

/** Processor time of the quickest of some runs, so that a busy machine is no slow form. */
function leastMs(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < REPEATS && least > MOST_MS / 10; run += 1) {
    const begun = process.cpuUsage()
    work()
    least = Math.min(least, process.cpuUsage(begun).user / 1_000)
  }
  return least
}

describe('a form', async () => {
  const modules = await Promise.all(
    readdirSync('src/controllers/forms').map((file) => import(resolve('src/controllers/forms', file))),
  )
  const forms = modules.flatMap((module) =>
    Object.entries(module as Record<string, unknown>).filter(
      (entry): entry is [string, z.ZodObject] => entry[1] instanceof z.ZodObject,
    ),
  )

  test('is found, and there are many', () => expect(forms.length).toBeGreaterThan(12))

  test.each(forms)('%s is read within 50 ms, whatever is typed into it', (_name, form) => {
    for (const field of Object.keys(form.shape)) {
      for (const text of worst) {
        const fields = {
          ...Object.fromEntries(Object.keys(form.shape).map((name) => [name, 'x'])),
          [field]: text,
        }
        expect(
          leastMs(() => form.safeParse(fields)),
          `${field}: ${JSON.stringify(text.slice(0, 8))}`,
        ).toBeLessThan(MOST_MS)
      }
    }
  })
})
