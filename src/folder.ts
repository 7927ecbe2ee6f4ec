import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** @returns every file's path below the folder, with slashes, in the same order on every machine. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/'))
    .sort()
}
