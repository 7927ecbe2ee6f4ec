/** Comma-separated text as RFC 4180 has it: written strictly, read with either separator. */

/** What a spreadsheet would take for a formula; an apostrophe before it makes it text, and one before that brings it back. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/
const TO_BE_QUOTED = /[",;\r\n]|^\s|\s$/

/** So that spreadsheets read it as UTF-8. */
export const BYTE_ORDER_MARK = '\ufeff'

/** A figure or a code of ours, which no guard may touch. */
export interface Exact {
  exactly: string
}

/** One line with its end; text that somebody else has written is guarded against being run. */
export function csvLine(fields: readonly (string | Exact)[]): string {
  return `${fields.map((field) => (typeof field === 'string' ? quoted(guarded(field)) : quoted(field.exactly))).join(',')}\r\n`
}

/** Undoes the guard of our own files. */
export function unguarded(text: string): string {
  return text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text
}

function guarded(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return TO_BE_QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export interface CsvRecord {
  /** Of the text, the first is 1; where the record begins. */
  line: number
  fields: string[]
}

/** It ended inside quotes, or something stood behind closing ones. */
export class CsvBroken extends Error {
  readonly line: number
  constructor(line: number) {
    super(`line ${line} is no line of a CSV file`)
    this.name = 'CsvBroken'
    this.line = line
  }
}

/**
 * Reads record by record; empty lines are passed over. @param firstLine the number of the first line of this text.
 * @throws CsvBroken for text whose quotes don't close.
 */
export function* csvRecords(text: string, separator: ',' | ';', firstLine = 1): Generator<CsvRecord> {
  let at = 0
  let line = firstLine
  while (at < text.length) {
    const begins = line
    const fields: string[] = []
    for (;;) {
      const field = text[at] === '"' ? quotedField(text, at, line) : plainField(text, at, separator)
      fields.push(field.value)
      at = field.end
      line += field.lineBreaks
      if (text[at] !== separator) break
      at += 1
    }
    if (text[at] === '\r') at += 1
    if (text[at] === '\n') at += 1
    line += 1
    if (fields.length > 1 || fields[0] !== '') yield { line: begins, fields }
  }
}

interface Field {
  value: string
  /** Where it ends in the text: at a separator, a line's end or the text's. */
  end: number
  lineBreaks: number
}

function plainField(text: string, start: number, separator: string): Field {
  let end = start
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1
  return { value: text.slice(start, end), end, lineBreaks: 0 }
}

function quotedField(text: string, start: number, line: number): Field {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2)
  const after = text[end + 1]
  const isClosed = end !== -1 && (after === undefined || [',', ';', '\r', '\n'].includes(after))
  if (!isClosed) throw new CsvBroken(line)
  const value = text.slice(start + 1, end).replaceAll('""', '"')
  return { value, end: end + 1, lineBreaks: value.split('\n').length - 1 }
}
