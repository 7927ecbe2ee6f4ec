// Prisma's client has its query compiler as base64 in a module. In every process that is the text of the module, its one string
// and, where modules are kept compiled, that string again: 7 MB for 1.7 MB that are needed once. Read from a file they are gone
// as soon as the compiler stands.

const BASE64_MODULE =
  /const \{ wasm \} = await import\("(@prisma\/client\/runtime\/[\w.-]+)"\)\n\s*return await decodeBase64AsWasm\(wasm\)/

/** Beside the generated client's class.ts. */
export const COMPILER_FILE = 'query-compiler.wasm'

/**
 * @param {string} source the generated client's class.ts
 * @returns {{ source: string, module: string } | null} the same, reading the compiler from its file, and the name of the module
 *   that has it as base64; null when it is not as this file knows it.
 */
export function compilerFromFile(source) {
  const module = BASE64_MODULE.exec(source)?.[1]
  if (!module) return null
  const reading = [
    `const { readFile } = await import('node:fs/promises')`,
    `return new WebAssembly.Module(await readFile(new URL('./${COMPILER_FILE}', import.meta.url)))`,
  ]
  return { source: source.replace(BASE64_MODULE, reading.join('\n    ')), module }
}
