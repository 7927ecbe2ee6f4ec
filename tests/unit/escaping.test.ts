import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ejs from 'ejs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { composeLetter } from '../../src/jobs/handlers/letters.ts'

/** What somebody may type, with what means something in HTML far more often than by chance. */
const typed = fc
  .array(
    fc.oneof(
      fc.constantFrom('<', '>', '"', "'", '&', '&lt;', '&#60;', '<script>', '-->', ']]>', '`'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''))

const NAMED: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&' }

/** As a browser reads what stands between tags: once, from left to right. */
function read(html: string): string {
  return html.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
    code ? String.fromCharCode(Number(code)) : (NAMED[name] ?? whole),
  )
}

const MEANS_SOMETHING = /[<>"']/

describe('whatever is typed', () => {
  test('stands in a page as text, between tags and in an attribute', () => {
    const template = '<p title="<%= locals.typed %>"><%= locals.typed %></p>'
    const page = ejs.compile(template, { _with: false, localsName: 'locals', strict: true })
    fc.assert(
      fc.property(typed, (text) => {
        const [, inAttribute = '', between = ''] =
          /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(page({ typed: text })) ?? []
        expect([inAttribute, between]).not.toEqual(text === '' ? [] : ['', ''])
        for (const shown of [inAttribute, between]) {
          expect(shown).not.toMatch(MEANS_SOMETHING)
          expect(read(shown)).toBe(text)
        }
      }),
    )
  })

  test('stands in every part of a letter as text', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const action = { label: text, href: `https://sparvana.example/${text}` }
        const { html } = composeLetter('ida@example.com', {
          subject: 's',
          paragraphs: [text, text],
          action,
          ending: text,
        })
        const [, address = ''] = /<a href="([^"]*)"/.exec(html) ?? []
        const shown = [...html.matchAll(/<(?:p|a)(?: [^>]*)?>([^<]*)<\/(?:p|a)>/g)].map(
          ([, part = '']) => part,
        )
        expect(shown).toHaveLength(5)
        expect(read(address)).toBe(action.href)
        for (const part of shown.slice(0, 4)) {
          expect(part).not.toMatch(MEANS_SOMETHING)
          expect(read(part)).toBe(text)
        }
      }),
    )
  })
})

test('attributes of pages stand in double quotes, so that what is in them stays in them', () => {
  const files = readdirSync('views', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ejs'),
  )
  const bare = files.filter((file) => {
    const page = readFileSync(join('views', file), 'utf8')
      .replace(/<%=[\s\S]*?%>/g, '§')
      .replace(/<%[\s\S]*?%>/g, '')
    return /=\s*(?:'[^']*)?§/.test(page.replace(/"[^"]*"/g, ''))
  })
  expect(files.length).toBeGreaterThan(30)
  expect(bare).toEqual([])
})
