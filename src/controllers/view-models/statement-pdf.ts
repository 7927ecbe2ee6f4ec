import { formatDay, formatInstant, formatIsoDay, formatMoney } from '../../format.ts'
import { currentLanguage, t, term } from '../../language.ts'
import type { StatementRow, StatementSums } from '../../models/statement.ts'
import type { StatementWish } from '../forms/statement-forms.ts'
import { wordsOf } from './payment-words.ts'
import { type Block, fitting, PAGE, type PdfPage, pdfDocument, type Words } from './pdf-document.ts'
import { periodText, signed, statsOf } from './statement-view.ts'

/** What a statement says before its rows. */
export interface StatementAbout {
  saver: string
  timezone: string
  madeAt: Date
  wish: StatementWish
  /** The name of the habit that it was narrowed to. */
  habit: string | null
  /** As the bank masks them; null before any are chosen. */
  accounts: { from: string; to: string } | null
  sums: readonly StatementSums[]
}

const LEFT = 48
const RIGHT = PAGE.width - 48
const TOP = PAGE.height - 64
const BOTTOM = 72
const FOOT = 40
const SIZE = 9
const ROW_HEIGHT = 16
const COLUMNS = [
  { label: term('Date'), x: LEFT, width: 66 },
  { label: term('Habit'), x: LEFT + 70, width: 160 },
  { label: term('State'), x: LEFT + 234, width: 96 },
  { label: term('Reference'), x: LEFT + 334, width: 78 },
  { label: term('Amount'), x: RIGHT, width: 84, right: true },
] as const

/** A4, page by page. */
export async function* statementPdf(
  about: StatementAbout,
  pages: AsyncIterable<readonly StatementRow[]>,
): AsyncGenerator<Buffer> {
  const title = t('Sparvana statement, {period}', { period: periodText(about.wish) })
  const document = pdfDocument({ title, language: currentLanguage(), madeAt: about.madeAt })
  yield document.begin()
  let page = firstPage(about)
  for await (const rows of pages) {
    for (const row of rows) {
      if (page.y < BOTTOM) {
        yield document.page(finished(page))
        page = furtherPage()
      }
      page.blocks.push({ kind: 'row', cells: cellsOf(row, about.timezone, page.y) })
      page.y -= ROW_HEIGHT
    }
  }
  yield document.page(finished(page))
  yield document.end((number, pages) => footOf(about, number, pages))
}

interface OpenPage {
  blocks: Block[]
  /** Repeated on the page, and not read out. */
  beside: Words[]
  lines: { y: number; from: number; to: number }[]
  /** Where the next row stands. */
  y: number
}

function firstPage(about: StatementAbout): OpenPage {
  const page: OpenPage = { blocks: [], beside: [], lines: [], y: TOP }
  page.blocks.push({
    kind: 'heading',
    words: [{ text: t('Statement'), x: LEFT, y: TOP, size: 20, bold: true }],
  })
  page.y -= 26
  for (const text of factsOf(about)) addLine(page, text)
  for (const sums of about.sums) addSums(page, sums, about)
  page.y -= 10
  addHead(page, true)
  return page
}

function furtherPage(): OpenPage {
  const page: OpenPage = { blocks: [], beside: [], lines: [], y: TOP }
  addHead(page, false)
  return page
}

function factsOf({ saver, accounts, wish, habit, madeAt, timezone }: StatementAbout): string[] {
  return [
    saver,
    periodText(wish),
    ...(habit ? [t('Habit: {habit}', { habit })] : []),
    ...(accounts ? [t('From {from} to {to}', accounts)] : []),
    t('Made {time}, times in {timezone}', { time: formatInstant(madeAt, timezone), timezone }),
  ]
}

function addLine(page: OpenPage, text: string): void {
  const words = { text: fitting(text, 10, RIGHT - LEFT), x: LEFT, y: page.y, size: 10 }
  page.blocks.push({ kind: 'paragraph', words: [words] })
  page.y -= 15
}

function addSums(page: OpenPage, sums: StatementSums, { wish }: StatementAbout): void {
  page.y -= 8
  for (const { label, text } of statsOf(sums, Boolean(wish.from || wish.until))) {
    page.blocks.push({
      kind: 'paragraph',
      words: [
        { text: label, x: LEFT, y: page.y, size: 10 },
        { text, x: LEFT + 260, y: page.y, size: 10, right: true },
      ],
    })
    page.y -= 15
  }
}

function addHead(page: OpenPage, isRead: boolean): void {
  const cells = COLUMNS.map((column): Words => {
    const text = fitting(t(column.label), SIZE, column.width)
    const place = { text, x: column.x, y: page.y, size: SIZE, bold: true } as const
    return 'right' in column ? { ...place, right: true } : place
  })
  if (isRead) page.blocks.push({ kind: 'row', isHead: true, cells })
  else page.beside.push(...cells)
  page.lines.push({ y: page.y - 5, from: LEFT, to: RIGHT })
  page.y -= ROW_HEIGHT + 2
}

function cellsOf(row: StatementRow, timezone: string, y: number): Words[] {
  const texts = [
    formatDay(formatIsoDay(row.at, timezone)),
    row.habitName,
    wordsOf(row).label,
    row.reference,
    formatMoney(signed(row), row.currency),
  ]
  return COLUMNS.map((column, index): Words => {
    const text = fitting(texts[index] ?? '', SIZE, column.width)
    const place = { text, x: column.x, y, size: SIZE }
    return 'right' in column ? { ...place, right: true } : place
  })
}

function finished(page: OpenPage): PdfPage {
  return { ...page, lines: [...page.lines, { y: FOOT + 14, from: LEFT, to: RIGHT }] }
}

function footOf({ saver }: StatementAbout, page: number, pages: number): Words[] {
  return [
    { text: `Sparvana · ${fitting(saver, 8, 300)}`, x: LEFT, y: FOOT, size: 8 },
    { text: t('Page {page} of {pages}', { page, pages }), x: RIGHT, y: FOOT, size: 8, right: true },
  ]
}
