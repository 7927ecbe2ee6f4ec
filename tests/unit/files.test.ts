import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readFiles } from '../../src/files.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'))
  cpSync('public', folder, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the version of the files', () => {
  test('is the same wherever and whenever they are read', () => {
    expect(readFiles(folder).version).toBe(readFiles().version)
    expect(readFiles().version).toMatch(/^[0-9a-f]{16}$/)
  })

  test.each(['css/today.css', 'js/push.js', 'sw.js', 'icons/icon-192.png', 'favicon.svg'])(
    'is another one as soon as a byte of %s is',
    (name) => {
      const before = readFiles(folder).version
      writeFileSync(join(folder, name), Buffer.concat([readFileSync(join(folder, name)), Buffer.from(' ')]))
      expect(readFiles(folder).version).not.toBe(before)
    },
  )

  test('is another one when one has another name, or is new', () => {
    const before = readFiles(folder).version
    cpSync(join(folder, 'js/push.js'), join(folder, 'js/pull.js'))
    const withOneMore = readFiles(folder).version
    rmSync(join(folder, 'js/push.js'))
    expect(new Set([before, withOneMore, readFiles(folder).version]).size).toBe(3)
  })
})

test('a page can name no file that isn’t there', () => {
  const { addressOf, version } = readFiles()
  expect(addressOf('js/push.js')).toBe(`/files/${version}/js/push.js`)
  for (const name of ['js/nothing.js', 'css/tokens.css', '../package.json', '', 'constructor'])
    expect(() => addressOf(name)).toThrow('there is no file')
})

test('a file of a kind that nobody has thought of stops the start', () => {
  writeFileSync(join(folder, 'js/notes.txt'), 'to do')
  expect(() => readFiles(folder)).toThrow('js/notes.txt')
})

test('every script stands by itself: none asks for another by an address', () => {
  const scripts = readdirSync('public/js').map((name) => readFileSync(join('public/js', name), 'utf8'))
  expect(scripts.length).toBeGreaterThan(5)
  expect(scripts.filter((text) => /^\s*(?:import|export)\b|\bimport\(/m.test(text))).toEqual([])
})
