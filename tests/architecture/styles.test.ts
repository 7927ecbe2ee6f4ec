import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const styles = readdirSync('public/css')
  .map((file) => readFileSync(join('public/css', file), 'utf8'))
  .join('\n')
const ruled = new Set([...styles.matchAll(/\.([a-z][\w-]*)/g)].map(([, name]) => name ?? ''))

const views = readdirSync('views', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ejs'))
  .map((file) => ({ file, text: readFileSync(join('views', file), 'utf8') }))

/** Drawings that tests and the styles of their parts are told apart by. */
const BARE = new Set(['area', 'bars__bar', 'bars__chart'])

test('every class of a view has a style', () => {
  const lacking = views.flatMap(({ file, text }) =>
    namesIn(text)
      .filter((name) => !name.endsWith('-') && !ruled.has(name) && !BARE.has(name))
      .map((name) => `${file}: ${name}`),
  )
  expect([...new Set(lacking)].sort()).toEqual([])
})

test('every family of classes whose last part is chosen at run time has a style', () => {
  const families = views.flatMap(({ file, text }) =>
    namesIn(text).flatMap((name) => (name.endsWith('-') ? [{ file, name }] : [])),
  )
  const lacking = families.filter(({ name }) => ![...ruled].some((rule) => rule.startsWith(name)))
  expect(families.length).toBeGreaterThan(10)
  expect(lacking).toEqual([])
})

/** What ends with a hyphen is completed at run time. */
function namesIn(text: string): string[] {
  const classes = [...text.matchAll(/\bclass="([^"]*)"/g)].map(([, names]) => names ?? '')
  return classes
    .flatMap((names) =>
      names
        .replaceAll(/<% [^%]*%>/g, ' ')
        .replaceAll(/<%=[^%]*%>/g, '¤')
        .split(/\s+/),
    )
    .map((name) => name.replace(/¤.*/, '').trim())
    .filter((name) => /^[a-z]/.test(name))
}
