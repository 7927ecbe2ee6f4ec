import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const { COMPILER_FILE, compilerFromFile } = await import(
  new URL('../../prisma/compiler-file.mjs', import.meta.url).href
)
const GENERATED = new URL('../../src/generated/internal/', import.meta.url)
const MODULE = '@prisma/client/runtime/query_compiler_small_bg.postgresql.wasm-base64.mjs'

test('the client reads its compiler from the file beside it, and no longer from the text of a module', () => {
  const before = `async () => {
    const { wasm } = await import("@prisma/client/runtime/query_compiler_small_bg.postgresql.wasm-base64.mjs")
    return await decodeBase64AsWasm(wasm)
  },`
  const { source, module } = compilerFromFile(before)
  expect(module).toBe(MODULE)
  expect(source).toContain(`readFile(new URL('./${COMPILER_FILE}', import.meta.url))`)
  expect(source).not.toContain('base64')
  expect(readFileSync(new URL('class.ts', GENERATED), 'utf8')).toContain(COMPILER_FILE)
})

test('the file has what the module has, byte for byte', async () => {
  const { wasm } = await import(MODULE)
  expect(readFileSync(new URL(COMPILER_FILE, GENERATED)).equals(Buffer.from(wasm, 'base64'))).toBe(true)
})

test('a client that is not as it knows it is left alone', () => {
  expect(compilerFromFile('return await decodeBase64AsWasm(wasm)')).toBeNull()
})
