import { formatIsoDay } from '../../format.ts'
import { BYTE_ORDER_MARK, csvLine } from '../../models/csv.ts'
import { type StatementRow, standingOf } from '../../models/statement.ts'
import { toDecimal } from '../../money.ts'
import type { StatementAbout } from './statement-pdf.ts'
import { signed } from './statement-view.ts'

/** Names and words of the file never change with the language of the pages: programs read them, our own import too. */
export const STATEMENT_COLUMNS = [
  'Date',
  'Habit',
  'Day',
  'Kind',
  'State',
  'Amount',
  'Currency',
  'Reference',
  'Booked',
  'Recorded',
  'Counts',
] as const

const exactly = (text: string) => ({ exactly: text })

/** RFC 4180, the newest first: amounts are exact decimals with a point, instants are in UTC. */
export async function* statementCsv(
  { timezone }: Pick<StatementAbout, 'timezone'>,
  pages: AsyncIterable<readonly StatementRow[]>,
): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csvLine(STATEMENT_COLUMNS)
  for await (const rows of pages) yield rows.map((row) => lineOf(row, timezone)).join('')
}

function lineOf(row: StatementRow, timezone: string): string {
  return csvLine([
    formatIsoDay(row.at, timezone),
    row.habitName,
    row.day.toISOString().slice(0, 10),
    row.kind === 'SAVING' ? 'saving' : 'money back',
    standingOf(row.state),
    exactly(toDecimal(signed(row))),
    row.currency,
    row.reference,
    row.at.toISOString(),
    row.recordedAt.toISOString(),
    row.counts ? 'yes' : 'no',
  ])
}
