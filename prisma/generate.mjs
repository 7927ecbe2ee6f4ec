// Generates the database client into src/generated. Plain JavaScript: it runs at install time, on whatever Node is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compactGraph } from './compact-graph.mjs'
import { COMPILER_FILE, compilerFromFile } from './compiler-file.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const schema = join(root, 'prisma', 'schema.prisma')
const stamp = join(root, 'src', 'generated', '.schema-hash')

const version = prismaVersion()
const hash = createHash('sha256')
  .update(readFileSync(schema))
  .update(readFileSync(join(root, 'prisma', 'compact-graph.mjs')))
  .update(readFileSync(join(root, 'prisma', 'compiler-file.mjs')))
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(version ?? '')
  .digest('hex')
// A pruned installation has no generator, and no need of one: its client was generated when it was built.
const isCurrent = existsSync(stamp) && (version === null || readFileSync(stamp, 'utf8') === hash)

if (!isCurrent) await generate()

async function generate() {
  if (version === null) {
    console.error(
      'The database client must be generated, and the prisma package is not installed: run npm ci.',
    )
    process.exit(1)
  }
  const cli = join(
    dirname(createRequire(import.meta.url).resolve('prisma/package.json')),
    'build',
    'index.js',
  )
  const run = spawnSync(process.execPath, [cli, 'generate', '--schema', schema], {
    cwd: root,
    encoding: 'utf8',
    // The generator needs no engine, yet looks for one to download; any program that exists stops the search.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  })
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ?? ''}\n`)
    process.exit(1)
  }
  const internal = join(root, 'src', 'generated', 'internal')
  const file = join(internal, 'class.ts')
  compact(file)
  await putCompilerBeside(file)
  for (const name of ['class.ts', 'prismaNamespace.ts']) oneByteEach(join(internal, name))
  writeFileSync(stamp, hash)
}

function compact(file) {
  const compacted = compactGraph(readFileSync(file, 'utf8'))
  if (compacted) writeFileSync(file, compacted)
  else console.warn('Prisma has changed how it describes queries: see prisma/compact-graph.mjs.')
}

async function putCompilerBeside(file) {
  const known = compilerFromFile(readFileSync(file, 'utf8'))
  if (!known)
    return console.warn('Prisma has changed how it keeps its compiler: see prisma/compiler-file.mjs.')
  const { wasm } = await import(known.module)
  writeFileSync(join(dirname(file), COMPILER_FILE), Buffer.from(wasm, 'base64'))
  writeFileSync(file, known.source)
}

// V8 keeps a text in which one character is beyond Latin-1 at two bytes each: here it is a stop sign in a comment, for half a megabyte.
function oneByteEach(file) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[\u0080-\uffff]/g, escaped))
}

function prismaVersion() {
  try {
    return createRequire(import.meta.url)('prisma/package.json').version
  } catch {
    return null
  }
}
