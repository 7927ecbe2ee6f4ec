import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readViews } from '../../src/views.ts'

let folder = ''

function viewsOf(files: Record<string, string>) {
  folder = mkdtempSync(join(tmpdir(), 'sparvana-views-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return readViews(folder)
}

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a view', () => {
  test('escapes what it shows, and puts in parts as they are', () => {
    const views = viewsOf({
      'page.ejs': "<p><%= locals.text %></p><%- include('parts/mark', { text: locals.text }) %>",
      'parts/mark.ejs': '<b><%= locals.text %></b>',
    })
    expect(views.render('page', { text: '<i>' })).toBe('<p>&lt;i&gt;</p><b>&lt;i&gt;</b>')
  })

  test('names its parts as seen from its own folder', () => {
    const views = viewsOf({
      'main/page.ejs': "<%- include('../parts/one') %>",
      'parts/one.ejs': "<%- include('two') %>",
      'parts/two.ejs': 'two',
    })
    expect(views.render('main/page', {})).toBe('two')
  })

  test('gives a part the props that stand there, and none of its own', () => {
    const views = viewsOf({
      'page.ejs': "<%- include('part', { own: 1 }) %>",
      'part.ejs': '<%= Object.keys(locals).join() %>',
    })
    expect(views.render('page', { secret: 2 })).toBe('own')
  })

  test('has sentences and links at hand, and nothing that was never given', () => {
    const views = viewsOf({
      'said.ejs': "<%= t('Sign in') %> <%- linked('<a1>here</a1>', { a1: '/x' }) %>",
      'unknown.ejs': '<%= nobody %>',
    })
    expect(views.render('said', {})).toBe('Sign in <a href="/x">here</a>')
    expect(() => views.render('unknown', { nobody: 1 })).toThrow(ReferenceError)
  })

  test('that is not there, or no view at all, is an error', () => {
    const views = viewsOf({ 'page.ejs': "<%- include('../../etc/passwd') %>" })
    expect(() => views.render('page', {})).toThrow('there is no view')
    expect(() => views.render('other', {})).toThrow('there is no view other')
    expect(() => viewsOf({ 'broken.ejs': '<% if ( %>' })).toThrow(SyntaxError)
  })
})
