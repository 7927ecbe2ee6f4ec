import { formatInstant, formatMoney } from '../../format.ts'
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
const SIZE = 9
const ROW_HEIGHT = 16
const COLUMNS = [
  { label: 'Date', x: LEFT, width: 66 },
  { label: 'Habit', x: LEFT + 70, width: 160 },
  { label: 'State', x: LEFT + 234, width: 96 },
  { label: 'Reference', x: LEFT + 334, width: 78 },
  { label: 'Amount', x: RIGHT, width: 84, right: true },
] as const

/** A4, page by page. */
export async function* statementPdf(
  about: StatementAbout,
  pages: AsyncIterable<readonly StatementRow[]>,
): AsyncGenerator<Buffer> {
  const title = `Sparvana statement, ${periodText(about.wish)}`
  const document = pdfDocument({ title, language: 'en', madeAt: about.madeAt })
  yield document.begin()
  let page = firstPage(about)
  let number = 1
  for await (const rows of pages) {
    for (const row of rows) {
      if (page.y < BOTTOM) {
        yield document.page(finished(page, about, number))
        number += 1
        page = furtherPage()
      }
      page.blocks.push({ kind: 'row', cells: cellsOf(row, about.timezone, page.y) })
      page.y -= ROW_HEIGHT
    }
  }
  yield document.page(finished(page, about, number))
  yield document.end()
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
  page.blocks.push({ kind: 'heading', words: [{ text: 'Statement', x: LEFT, y: TOP, size: 20, bold: true }] })
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
    ...(habit ? [`Habit: ${habit}`] : []),
    ...(accounts ? [`From ${accounts.from} to ${accounts.to}`] : []),
    `Made ${formatInstant(madeAt, timezone)}, times in ${timezone}`,
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
    const place = { text: column.label, x: column.x, y: page.y, size: SIZE, bold: true } as const
    return 'right' in column ? { ...place, right: true } : place
  })
  if (isRead) page.blocks.push({ kind: 'row', isHead: true, cells })
  else page.beside.push(...cells)
  page.lines.push({ y: page.y - 5, from: LEFT, to: RIGHT })
  page.y -= ROW_HEIGHT + 2
}

function cellsOf(row: StatementRow, timezone: string, y: number): Words[] {
  const texts = [
    formatInstant(row.at, timezone).split(',')[0] ?? '',
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

function finished(page: OpenPage, { saver }: StatementAbout, number: number): PdfPage {
  const y = 40
  return {
    ...page,
    beside: [
      ...page.beside,
      { text: `Sparvana · ${fitting(saver, 8, 300)}`, x: LEFT, y, size: 8 },
      { text: `Page ${number}`, x: RIGHT, y, size: 8, right: true },
    ],
    lines: [...page.lines, { y: y + 14, from: LEFT, to: RIGHT }],
  }
}
