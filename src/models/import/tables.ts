/**
 * Texts of lines: Loop Habit Tracker's Habits.csv and Checkmarks.csv, and our own statement. Several can follow each other in one
 * text: each begins with the line that names its columns.
 */
import { type Currency, fromDecimal, isCurrency, MAX_AMOUNT_MINOR } from '../../money.ts'
import { type CsvRecord, csvRecords, unguarded } from '../csv.ts'
import { habitName } from './columns.ts'
import {
  MOST_ROWS,
  NotReadable,
  type PlainDay,
  type PlainHabit,
  type Reading,
  type RowRefusal,
} from './shape.ts'

type Part = 'loop-habits' | 'loop-marks' | 'statement'

const LOOP_HABITS = ['Name', 'FrequencyNumerator', 'FrequencyDenominator']
const STATEMENT = ['Habit', 'Day', 'Kind', 'Amount', 'Currency', 'Recorded', 'Counts']
/** Of a Loop habit that is done or not: what the app shows as a tick, and all that is none (Loop 1 wrote numbers). */
const DONE = ['YES_MANUAL', '2']
const NOT_DONE = ['YES_AUTO', '1', 'NO', '0', 'UNKNOWN', '-1', 'SKIP', '3', '-3', '']
const DAY = /^\d{4}-\d{2}-\d{2}$/

/** @throws NotReadable unless each part has a first line that we know. */
export function readTables(text: string): Reading {
  const firstLine = text.trimStart().split(/\r?\n/, 1)[0] ?? ''
  const separator = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ','
  const book = newBook()
  let head: { part: Part; columns: string[] } | null = null
  let rows = 0
  for (const record of csvRecords(text, separator)) {
    const part = partBegunBy(record)
    if (part) {
      head = { part, columns: withoutLastEmpty(record.fields) }
      if (part === 'statement') book.format = 'statement'
      continue
    }
    if (!head) throw new NotReadable('unknown-format', record.line)
    rows += head.part === 'loop-marks' ? head.columns.length - 1 : 1
    if (rows > MOST_CELLS || book.days > MOST_ROWS) throw new NotReadable('too-many-rows', record.line)
    READERS[head.part](book, head.columns, record)
  }
  return book.close()
}

/** Of Loop's lists most cells say that nothing was done. */
const MOST_CELLS = 20 * MOST_ROWS

function partBegunBy({ fields, line }: CsvRecord): Part | null {
  const has = (names: readonly string[]) => names.every((name) => fields.includes(name))
  if (has(STATEMENT)) return 'statement'
  if (has(LOOP_HABITS)) return 'loop-habits'
  if (fields[0] !== 'Date') return null
  if (fields[1] === 'Value') throw new NotReadable('one-habit-of-loop', line)
  if (fields[1] === 'Score') throw new NotReadable('scores-of-loop', line)
  return 'loop-marks'
}

/** Loop ends each line of its lists with a comma. */
function withoutLastEmpty(fields: string[]): string[] {
  return fields.at(-1) === '' ? fields.slice(0, -1) : fields
}

type Reader = (book: Book, columns: readonly string[], record: CsvRecord) => void

const READERS: Record<Part, Reader> = {
  'loop-habits': (book, columns, { line, fields }) => {
    const field = (name: string) => fields[columns.indexOf(name)] ?? ''
    const [frequency, interval] = [Number(field('FrequencyNumerator')), Number(field('FrequencyDenominator'))]
    const habit = book.habit(field('Name'), line)
    if (!habit) return
    habit.line = line
    if (field('Type') === 'NUMERICAL') return book.leaveOut(habit, 'counts-amounts', line)
    if (!isSchedule(frequency, interval)) return book.leaveOut(habit, 'no-schedule', line)
    Object.assign(habit, { frequency, interval, isArchived: field('Archived?') === 'true' })
  },

  'loop-marks': (book, columns, { line, fields }) => {
    const marks = fields.length > columns.length ? withoutLastEmpty(fields) : fields
    const [day = '', ...values] = marks
    if (marks.length !== columns.length) return book.refuse(line, 'wrong-number-of-fields')
    if (!isDay(day)) return book.refuse(line, 'no-day')
    values.forEach((value, index) => {
      const habit = book.habit(columns[index + 1] ?? '', line)
      if (!habit || book.isLeftOut(habit)) return
      if (DONE.includes(value.trim()))
        book.add(habit, { table: null, line, day, at: null, amountMinor: null, currency: null })
      else if (!NOT_DONE.includes(value.trim())) book.refuse(line, 'unknown-value')
    })
  },

  statement: (book, columns, { line, fields }) => {
    const field = (name: string) => fields[columns.indexOf(name)] ?? ''
    if (fields.length !== columns.length) return book.refuse(line, 'wrong-number-of-fields')
    if (field('Kind') !== 'saving' || field('Counts') !== 'yes') return
    const money = moneyOf(field('Amount'), field('Currency'))
    const [day, at] = [field('Day'), instantOf(field('Recorded'))]
    if (!isDay(day) || !at) return book.refuse(line, 'no-day')
    if (!money) return book.refuse(line, 'no-amount')
    const habit = book.habit(unguarded(field('Habit')), line)
    if (habit) book.add(habit, { table: null, line, day, at, ...money })
  },
}

type Book = ReturnType<typeof newBook>

/** What has been read so far; habits are known by their names, whatever their case. */
function newBook() {
  const habits = new Map<string, PlainHabit>()
  const leftOut = new Set<PlainHabit>()
  const refused: Reading['refused'] = []
  return {
    format: 'loop' as Reading['format'],
    days: 0,

    refuse(line: number, because: RowRefusal): void {
      refused.push({ table: null, line, because })
    },

    /** @returns null, and refuses the line, where that is no name of a habit. */
    habit(written: string, line: number): PlainHabit | null {
      const name = habitName.safeParse(written)
      if (!name.success) {
        this.refuse(line, 'no-name')
        return null
      }
      const key = nameKey(name.data)
      const known = habits.get(key)
      if (known) return known
      const plain = { kind: 'plain', table: null, line, name: name.data } as const
      const habit: PlainHabit = { ...plain, frequency: null, interval: null, isArchived: false, days: [] }
      habits.set(key, habit)
      return habit
    },

    add(habit: PlainHabit, day: PlainDay): void {
      habit.days.push(day)
      this.days += 1
    },

    leaveOut(habit: PlainHabit, because: RowRefusal, line: number): void {
      leftOut.add(habit)
      this.refuse(line, because)
    },

    isLeftOut: (habit: PlainHabit): boolean => leftOut.has(habit),

    close(): Reading {
      const kept = [...habits.values()].filter((habit) => !leftOut.has(habit))
      return { format: this.format, settings: null, habits: kept, beside: null, refused }
    },
  }
}

/** By which a habit is found again, here and among those the saver has. */
export function nameKey(name: string): string {
  return name.trim().normalize('NFC').toLowerCase()
}

function isSchedule(frequency: number, interval: number): boolean {
  const areWhole = Number.isInteger(frequency) && Number.isInteger(interval)
  const inRange = frequency >= 1 && frequency <= 100 && interval >= 1 && interval <= 366
  return areWhole && inRange && frequency <= 10 * interval
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00.000Z`)
  return (
    DAY.test(text) && text >= '1970-01-01' && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
  )
}

function instantOf(text: string): string | null {
  const at = new Date(text)
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) && !Number.isNaN(at.getTime()) ? at.toISOString() : null
}

/** Spreadsheets of the north write a comma. */
function moneyOf(amount: string, currency: string): { amountMinor: number; currency: Currency } | null {
  if (!isCurrency(currency) || !/^\d{1,7}([.,]\d{1,2})?$/.test(amount)) return null
  const amountMinor = fromDecimal(amount.replace(',', '.'))
  return amountMinor >= 1 && amountMinor <= MAX_AMOUNT_MINOR ? { amountMinor, currency } : null
}
