import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsSchema } from '../../src/config.ts'
import { paths } from '../../src/paths.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const guide = read('docs/operate.md')

/** What stands in code quotes. */
const quotedIn = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')

test('the guide says who answers for what, also in an incident and for personal data (S-081, S-090)', () => {
  for (const role of [
    'Owner',
    'Developer on duty',
    'Operator',
    'Security lead',
    'Data protection contact',
    'Support',
  ])
    expect(guide).toMatch(new RegExp(`\\| \\*\\*${role}\\*\\* \\| \\S`))
  for (const part of ['## When something has gone wrong', '72 hours', 'Template', 'Who else processes data'])
    expect(guide).toContain(part)
})

test('has its assessment, processors, transfers, and both letters of a breach (S-090)', () => {
  for (const part of [
    'Impact assessment',
    'what could happen to people | how likely, how bad | against it | what is left',
    'who | what for | where | contract kept by',
    '**Transfers.**',
    'Template for the authority',
    'Template for the people concerned',
  ])
    expect(guide).toContain(part)
  const report = guide.slice(
    guide.indexOf('Template for the authority'),
    guide.indexOf('Template for the people'),
  )
  for (const asked of ['What happened', 'Whose data', 'Contact', 'may lead to', 'has been done'])
    expect(report).toContain(asked)
})

test('the guide says what support never asks for, and how somebody who writes is known (S-082)', () => {
  const support = guide.slice(guide.indexOf('## Support'))
  for (const never of ['password', 'a code', 'backup code', 'payment']) expect(support).toContain(never)
  expect(support).toContain('Who writes is known by')
})

test.each(['docs/operate.md', 'docs/deploy.md'])(
  'every command, setting and address in %s exists',
  (name) => {
    const quoted = quotedIn(read(name))
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const commands = quoted
      .filter((text) => text.startsWith('npm run '))
      .map((text) => text.split(' ')[2] ?? '')
    expect(commands.length).toBeGreaterThan(1)
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
    const settings = quoted.filter((text) => /^[A-Z][A-Z_]{4,}$/.test(text))
    expect(settings.length).toBeGreaterThan(3)
    expect(settings.filter((name) => !(name in settingsSchema.shape))).toEqual([])
    const addresses = quoted.filter((text) => text.startsWith('/'))
    const known = Object.values(paths).filter((path) => typeof path === 'string')
    expect(addresses.length).toBeGreaterThan(2)
    expect(addresses.filter((path) => !known.includes(path as never))).toEqual([])
  },
)
