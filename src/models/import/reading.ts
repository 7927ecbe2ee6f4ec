import { CsvBroken } from '../csv.ts'
import { readOwnExport } from './own-export.ts'
import { MOST_TEXT, NotReadable, type Reading } from './shape.ts'
import { readTables } from './tables.ts'

/** @throws NotReadable when the text as a whole is nothing that can be imported. */
export function readText(text: string): Reading {
  if (text.length > MOST_TEXT) throw new NotReadable('too-long')
  const plain = text.replace(/^\ufeff/, '')
  if (plain.trim() === '') throw new NotReadable('empty')
  try {
    return plain.trimStart().startsWith('{') ? readOwnExport(plain) : readTables(plain)
  } catch (error) {
    throw error instanceof CsvBroken ? new NotReadable('broken', error.line) : error
  }
}
