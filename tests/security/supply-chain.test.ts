/** What we did not write: exact, unaltered, from one place, of use, and each with a reason. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REGISTRY = 'https://registry.npmjs.org/'
/** Programs that scripts call by another name than the package's. */
const PROGRAMS: Record<string, string> = {
  '@biomejs/biome': 'biome',
  typescript: 'tsc',
  vitest: 'vitest',
  node: 'node',
}
/** Ended by their makers; the registry's mark does not always come through to the lockfile. */
const RETIRED = ['csurf']

interface Locked {
  version: string
  integrity?: string
  resolved?: string
  link?: boolean
  hasInstallScript?: boolean
  deprecated?: string
  dev?: boolean
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const manifest = JSON.parse(read('package.json'))
const lock = JSON.parse(read('package-lock.json'))
const direct: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies }
const names = Object.keys(direct)
const { '': locksFor, ...byPath } = lock.packages as Record<string, Locked>
const locked = Object.entries(byPath).map(([path, entry]) => ({
  ...entry,
  path,
  name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
}))
const decisions = readdirSync(join(ROOT, 'docs', 'decisions')).map((file) => read(`docs/decisions/${file}`))
const reasons = read('docs/decisions/0002-dependencies.md')

/** The rows of a table: names of packages in the first cell, then the other cells. */
function rowsOf(heading: string): Map<string, string[]> {
  const [, part = ''] = reasons.split(heading)
  const [table = ''] = part.split('\n## ')
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    rows.flatMap((row) => {
      const [first = '', ...rest] = row.split('|').slice(1, -1)
      return [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, rest.map((cell) => cell.trim())])
    }),
  )
}

const isTypes = (name: string) => name.startsWith('@types/')
/** The package that types describe. */
const describedBy = (name: string) => name.slice('@types/'.length)

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs|ejs)$/.test(file) && !file.startsWith('generated'))
    .map((file) => join(folder, file))
}

/** Not ours, and the only place that imports what it is made for. */
const GENERATED_CLIENT = 'src/generated/internal/class.ts'
const code = [
  ...['src', 'prisma', 'tests', 'bench', 'docs', 'views', 'public'].flatMap(filesBelow),
  ...readdirSync(ROOT).filter((file) => file.endsWith('.config.ts')),
].map((file) => ({ file, text: read(file) }))

const IMPORT =
  /^(?:import|export)\s+(?:type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'".][^'"]*)['"]|\bimport\(['"]([^'".][^'"]*)['"]\)/gm

/** The packages a file imports. */
function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)]
    .map(([, plain, dynamic]) => plain ?? dynamic ?? '')
    .filter((target) => !target.startsWith('node:'))
    .map((target) =>
      target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/'),
    )
}

describe('versions', () => {
  test('are exact, those that replace others too', () => {
    const all = Object.entries({ ...direct, ...manifest.overrides.csurf })
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))).toEqual([])
  })

  test('in the lockfile are those of package.json', () => {
    expect(locksFor).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    })
    for (const name of names) expect(byPath[`node_modules/${name}`]?.version, name).toBe(direct[name])
  })

  test('that are installed are those of the lockfile', () => {
    for (const name of names) {
      const { version } = JSON.parse(read(`node_modules/${name}/package.json`))
      expect([name, version]).toEqual([name, direct[name]])
    }
  })
})

describe('each package in the lockfile', () => {
  test('has the hash of what was reviewed', () => {
    expect(locked.length).toBeGreaterThan(300)
    expect(locked.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([])
  })

  test('comes from the registry: no address of anywhere else, no folder, no repository', () => {
    const elsewhere = locked.filter(
      ({ resolved, link }) => link || (resolved && !resolved.startsWith(REGISTRY)),
    )
    expect(elsewhere).toEqual([])
  })
})

describe('install scripts', () => {
  const rules: Record<string, boolean> = manifest.allowScripts
  const reviewed = rowsOf('## What may run while it is installed')
  const scripted = new Set(locked.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name))

  test('are decided on for each package that has one, and for no other', () => {
    expect(Object.keys(rules).sort()).toEqual([...scripted].sort())
  })

  test('are allowed or refused as the decision says, with a reason', () => {
    const decided = [...reviewed].map(([name, [may, reason]]) => [name, may === 'yes' && reason !== ''])
    expect(Object.fromEntries(decided)).toEqual(rules)
  })

  test('of our own are one', () => {
    const ours = Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))
    expect(ours).toEqual(['postinstall'])
  })
})

describe('each direct package', () => {
  test('has its reason, and each reason its package', () => {
    const [, types = ''] = /The packages `@types\/…` of([\s\S]*?)only describe/.exec(reasons) ?? []
    const described = [...types.matchAll(/`([^`]+)`/g)].map(([, name]) => `@types/${name}`)
    const given = [...rowsOf('# 0002').keys(), ...described]
    expect(given.sort()).toEqual([...names].sort())
  })

  test('is used', () => {
    const isUsed = (name: string): boolean => {
      if (isTypes(name) && name !== '@types/node') return isUsed(describedBy(name))
      const program = PROGRAMS[name]
      const quoted = new RegExp(`['"]${name.replaceAll(/[/.]/g, '\\$&')}(/[^'"]*)?['"]`)
      return (
        (program !== undefined && Object.values(manifest.scripts).join(' ').includes(program)) ||
        quoted.test(read(GENERATED_CLIENT)) ||
        code.some(({ file, text }) => file !== 'tests/security/supply-chain.test.ts' && quoted.test(text))
      )
    }
    expect(names.filter((name) => name !== '@types/node' && !isUsed(name))).toEqual([])
  })

  test('that is retired has a decision', () => {
    const marked = locked.filter(({ deprecated }) => deprecated !== undefined).map(({ name }) => name)
    const withReason = rowsOf('## Retired')
    expect(new Set([...marked, ...RETIRED.filter((name) => name in direct)])).toEqual(
      new Set(withReason.keys()),
    )
    for (const [name, [reason = '']] of withReason) {
      const [number = 'no decision'] = /\b00\d\d\b/.exec(reason) ?? []
      expect(
        decisions.some((text) => text.startsWith(`# ${number}`) && text.includes(name)),
        name,
      ).toBe(true)
    }
  })
})

describe('what is imported', () => {
  test('is declared here, and does not only happen to lie there', () => {
    const undeclared = code.flatMap(({ file, text }) =>
      importsOf(text)
        .filter((name) => !names.includes(name))
        .map((name) => `${file}: ${name}`),
    )
    expect(undeclared).toEqual([])
  })

  test('by what runs in production is there in production', () => {
    const runs = code.filter(
      ({ file }) =>
        /^src\/(?!embedded\/|start\.ts)/.test(file) || /^prisma\/(engine|migrate)\.ts$/.test(file),
    )
    expect(runs.length).toBeGreaterThan(100)
    const missing = runs.flatMap(({ file, text }) =>
      importsOf(text)
        .filter((name) => !(name in manifest.dependencies))
        .map((name) => `${file}: ${name}`),
    )
    expect(missing).toEqual([])
  })
})

test('csurf gets a newer cookie than the one it asks for', () => {
  expect(manifest.overrides).toEqual({ csurf: { cookie: '0.7.2' } })
  const fromCsurf = createRequire(createRequire(import.meta.url).resolve('csurf'))
  expect(JSON.parse(readFileSync(fromCsurf.resolve('cookie/package.json'), 'utf8')).version).toBe('0.7.2')
  expect(new Set(locked.filter(({ name }) => name === 'cookie').map(({ version }) => version))).toEqual(
    new Set(['0.7.2']),
  )
})

test('the bill of materials names every package, with its hash', async () => {
  // Not with --omit=dev: that leaves out what production and a development package both need.
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx']
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, maxBuffer: 50_000_000 })
  const { components } = JSON.parse(stdout) as { components: { name: string; hashes?: { alg: string }[] }[] }
  const listed = components.map(({ name }) => name)
  expect(listed).toEqual(expect.arrayContaining(names))
  expect(components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([])
})
