import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Import, objectionTo } from './rooms.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

test('every file of src/ imports only what its room may', () => {
  const imports = sourceFiles().flatMap(importsOf)
  expect(imports.length).toBeGreaterThan(200)
  expect(imports.map(objectionTo).filter((objection) => objection !== null)).toEqual([])
})

test.each<[string, Import]>([
  ['a model that calls the bank', own('src/models/payment.ts', 'src/bank/index.ts')],
  ['a model that knows Express', foreign('src/models/payment.ts', 'express')],
  ['a controller that reads the database', own('src/controllers/main/habits.ts', 'src/db.ts')],
  [
    'a controller of one router that uses another router',
    own('src/controllers/main/habits.ts', 'src/controllers/auth/sessions.ts'),
  ],
  ['an app that knows the emulator', own('src/deps.ts', 'src/sandbox/index.ts')],
  [
    'somebody who goes round the door of the bank',
    own('src/jobs/handlers/settle-payment.ts', 'src/bank/nordea/client.ts'),
  ],
  ['a second place that names pg-boss', foreign('src/models/payment.ts', 'pg-boss')],
  ['an emulator that borrows from the app', own('src/sandbox/payments.ts', 'src/models/payment.ts')],
  ['a leaf that is none', own('src/money.ts', 'src/db.ts')],
  ['a file in no room', own('src/utils/helpers.ts', 'src/money.ts')],
])('the table refuses %s', (_what, planted) => {
  expect(objectionTo(planted)).not.toBeNull()
})

test('only config.ts is handed the environment, by the programs that start', () => {
  const readers = sourceFiles().filter((file) =>
    /process\.env\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  )
  expect(
    readers.filter(
      (file) =>
        !/^src\/(server|web|worker|reconcile|admin-create|audit-verify|keys-rotate|start)\.ts$|^src\/(sandbox|embedded)\//.test(
          file,
        ),
    ),
  ).toEqual([])
})

test('templates use unescaped output for includes, and sentences with links, only', () => {
  const templates = readdirSync(join(ROOT, 'views'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ejs'),
  )
  const raw = templates.flatMap((file) =>
    [
      ...readFileSync(join(ROOT, 'views', file), 'utf8').matchAll(/<%-(?!\s*(?:include|linked)\()[^%]*%>/g),
    ].map((match) => `${file}: ${match[0]}`),
  )
  expect(templates.length).toBeGreaterThan(30)
  expect(raw).toEqual([])
})

test('no raw SQL is built from strings', () => {
  const unsafe = sourceFiles().filter((file) =>
    /\$(queryRaw|executeRaw)Unsafe/.test(readFileSync(join(ROOT, file), 'utf8')),
  )
  expect(unsafe).toEqual([])
})

test('nothing is kept beside an object in a weak table, which would hold it until all of the heap is collected', () => {
  const weak = sourceFiles().filter((file) =>
    /new Weak(Map|Set|Ref)\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  )
  expect(weak).toEqual([])
})

function own(from: string, to: string): Import {
  return { from, to, isOwn: true, isTypeOnly: false }
}

function foreign(from: string, to: string): Import {
  return { from, to, isOwn: false, isTypeOnly: false }
}

function sourceFiles(): string[] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
    .map((file) => join('src', file))
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|(?<!typeof\s)\bimport\(['"]([^'"]+)['"]\)/gm

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(STATEMENT)]
    .map(([, type, named, later]) => ({ type, target: named ?? later ?? '' }))
    .filter(({ target }) => !target.startsWith('node:'))
    .map(({ type, target }) => {
      const isOwn = target.startsWith('.')
      return {
        from: file,
        to: isOwn ? relative(ROOT, join(ROOT, dirname(file), target)) : target,
        isOwn,
        isTypeOnly: type !== undefined,
      }
    })
}
