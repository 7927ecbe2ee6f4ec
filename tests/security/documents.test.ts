/** README, change log and decisions: what they name exists (S-079). docs/security.md and docs/operate.md have tests of their own. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settingsSchema } from '../../src/config.ts'
import { PaymentState } from '../../src/generated/enums.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DECISIONS = 'docs/decisions'
const decisions = readdirSync(join(ROOT, DECISIONS)).filter((name) => /^\d{4}-/.test(name))
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  `${DECISIONS}/README.md`,
  ...decisions.map((name) => `${DECISIONS}/${name}`),
]

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
/** Settings of programs that are no web or worker; of others and of the platform. */
const OTHER_SETTINGS = new Set(
  [
    ...read('.env.example').matchAll(/^#? ?([A-Z][A-Z_]+)=/gm),
    ...read('src/sandbox/main.ts').matchAll(/\b(SANDBOX_[A-Z_]+)\b/g),
    ...read('Procfile').matchAll(/\b([A-Z][A-Z_]+)=/g),
  ].map(([, name]) => name ?? ''),
)
const FOREIGN_SETTINGS = [
  'ENV_FILE',
  'APP_URL',
  'PGSSLMODE',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'UPDATE_DOCS',
  'NODE_OPTIONS',
  'PRISMA_SCHEMA_ENGINE_BINARY',
]
/** Folders that a document means when it names a file without the way to it. */
const FOLDERS = ['', 'src', 'docs', 'tests', 'src/models', 'src/bank', 'src/jobs', 'prisma', 'src/middleware']
/** Made when the app is built or runs, so that they are not in the repository. */
const MADE = /^(\.data|\.env|node_modules|src\/generated|bench\/results|place\.json|secrets\.json)\b/

let app: TestApp
let routes: string[]

beforeAll(async () => {
  app = await startTestApp()
  routes = routesOf(app.deps)
})
afterAll(() => app.close())

interface Named {
  scripts: string[]
  settings: string[]
  files: string[]
  addresses: string[]
  links: string[]
}

function namedIn(file: string): Named {
  const text = read(file)
  const blocks = [...text.matchAll(/```[a-z]*\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const prose = text.replaceAll(/```[\s\S]*?```/g, '')
  const quoted = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, words = '']) => words)
  const code = [...quoted, ...blocks.flatMap((block) => block.split('\n'))]
  return {
    scripts: code.flatMap((line) => [...line.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name)),
    settings: quoted
      .flatMap((words) => /^[A-Z]{2,}(?:_[A-Z]+)+(?==|$)/.exec(words)?.[0] ?? [])
      .filter((name) => !(name in PaymentState)),
    files: quoted
      .filter((words) => /^(?:[\w.@-]+\/)*[\w.@-]+\.(?:ts|mjs|md|json|prisma|ejs|css|js)$/.test(words))
      .filter((words) => /[a-z]/.test(words)),
    addresses: quoted.flatMap(
      (words) => /^(?:(?:GET|POST) )?(\/(?!var\/)[a-z][\w/:.-]*)$/.exec(words)?.[1] ?? [],
    ),
    links: [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target = '']) =>
      join(dirname(file), target),
    ),
  }
}

function isThere(file: string): boolean {
  return MADE.test(file) || FOLDERS.some((folder) => existsSync(join(ROOT, folder, file)))
}

function isRoute(address: string): boolean {
  const shape = address.replace(/:\w+/g, ':id')
  return routes.some((route) => {
    const path = route.split(' ')[1] ?? ''
    return path.replace(/:\w+/g, ':id') === shape || path.startsWith(`${shape}/`)
  })
}

describe.each(DOCUMENTS)('%s', (file) => {
  test('names nothing that there isn’t', () => {
    const named = namedIn(file)
    const known = (name: string) =>
      name in settingsSchema.shape || OTHER_SETTINGS.has(name) || FOREIGN_SETTINGS.includes(name)
    expect({
      scripts: named.scripts.filter((name) => !(name in scripts)),
      settings: named.settings.filter((name) => !known(name)),
      files: named.files.filter((name) => !isThere(name)),
      addresses: named.addresses.filter((address) => !isRoute(address)),
      links: named.links.filter((target) => !existsSync(join(ROOT, target))),
    }).toEqual({ scripts: [], settings: [], files: [], addresses: [], links: [] })
  })
})

test('together they name enough for this to mean something', () => {
  const all = DOCUMENTS.map(namedIn)
  for (const kind of ['scripts', 'settings', 'files', 'addresses', 'links'] as const)
    expect(all.flatMap((named) => named[kind]).length, kind).toBeGreaterThan(10)
})

test('the folder has each decision in its index, and none that there isn’t', () => {
  const indexed = [...read(`${DECISIONS}/README.md`).matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map(
    ([, name]) => name,
  )
  expect(indexed).toEqual([...decisions].sort())
})

test('the change log has days in order, newest first, and parts in each', () => {
  const text = read('CHANGELOG.md')
  const days = [...text.matchAll(/^## (\d{4}-\d{2}-\d{2})$/gm)].map(([, day = '']) => day)
  expect(days.length).toBeGreaterThan(1)
  expect(days).toEqual([...new Set(days)].sort().reverse())
  for (const part of text.split(/^## /m).slice(1)) expect(part).toMatch(/^### \w/m)
})
