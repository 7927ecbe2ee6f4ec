/** What a text says, whatever its format; nothing is looked up yet, and nothing decided. */
import type { Currency } from '../../money.ts'
import type { Day } from '../habit/schedule.ts'
import type {
  BreakColumns,
  CheckOffColumns,
  GoalColumns,
  HabitColumns,
  NoteColumns,
  SettingsColumns,
  TieColumns,
  TimeColumns,
  VersionColumns,
  WishColumns,
} from './columns.ts'

/** Habits, days and rows of one text. */
export const MOST_ROWS = 20_000
/** Characters of one text. */
export const MOST_TEXT = 5_000_000

/** Of a text of lines, the line; of our own export, the row of a table; the first is 1. */
export interface Spot {
  table: string | null
  line: number
}

/** Why a row stays out. */
export type RowRefusal =
  | 'not-readable'
  | 'wrong-number-of-fields'
  | 'no-day'
  | 'in-future'
  | 'unknown-value'
  | 'no-name'
  | 'no-schedule'
  | 'no-amount'
  | 'counts-amounts'
  | 'twice'
  | 'unknown-habit'
  | 'before-start'
  | 'put-away'
  | 'enough'
  | 'too-many-habits'
  | 'too-many-breaks'
  | 'too-many-goals'
  | 'unknown-goal'
  | 'saves-elsewhere'

export interface Refusal extends Spot {
  because: RowRefusal
}

/** A day on which something was done, as plain lists know it. */
export interface PlainDay extends Spot {
  day: Day
  /** When it was recorded, where the list says so: ISO, UTC. */
  at: string | null
  amountMinor: number | null
  currency: Currency | null
}

/** A habit of a plain list; what the list doesn't say is null. */
export interface PlainHabit extends Spot {
  kind: 'plain'
  name: string
  frequency: number | null
  interval: number | null
  isArchived: boolean
  days: PlainDay[]
}

/** A habit of our own export, as it was there. */
export interface WholeHabit extends Spot {
  kind: 'whole'
  habit: HabitColumns
  versions: VersionColumns[]
  checkOffs: Row<CheckOffColumns>[]
}

/** A row of a table of our own export, as it was there. */
export type Row<T> = Spot & { columns: T }

/** What our own export has beside habits. */
export interface Beside {
  breaks: Row<BreakColumns>[]
  notes: Row<NoteColumns>[]
  goals: Row<GoalColumns>[]
  ties: Row<TieColumns>[]
  times: Row<TimeColumns>[]
  wish: WishColumns | null
}

export interface Reading {
  format: 'loop' | 'statement' | 'export'
  settings: SettingsColumns | null
  habits: (PlainHabit | WholeHabit)[]
  /** Null in lists, which know of nothing else. */
  beside: Beside | null
  refused: Refusal[]
}

/** Why a whole text is refused. */
export type TextRefusal =
  | 'empty'
  | 'too-long'
  | 'too-many-rows'
  | 'unknown-format'
  | 'one-habit-of-loop'
  | 'scores-of-loop'
  | 'broken'
  | 'not-our-export'

export class NotReadable extends Error {
  readonly because: TextRefusal
  readonly line: number | null
  constructor(because: TextRefusal, line: number | null = null) {
    super(because)
    this.name = 'NotReadable'
    this.because = because
    this.line = line
  }
}
