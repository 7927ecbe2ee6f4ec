/**
 * A PDF file, written page by page (ISO 32000-1): tagged for screen readers, with title and language, in Helvetica, which every
 * reader brings along. Only where each object begins is kept; the pages themselves leave as they are made, but for their feet:
 * those say how many pages there are.
 */
import { deflateSync } from 'node:zlib'

/** A4, in points. */
export const PAGE = { width: 595.28, height: 841.89 } as const

/** A piece of text on its line; `x` is its beginning, or its end where it is set to the right. */
export interface Words {
  text: string
  x: number
  /** From the lower edge. */
  y: number
  size: number
  bold?: true
  right?: true
}

export type Block =
  | { kind: 'heading' | 'paragraph'; words: readonly Words[] }
  | { kind: 'row'; isHead?: true; cells: readonly Words[] }

export interface PdfPage {
  blocks: readonly Block[]
  /** What is repeated on pages, and lines: not read out. */
  beside: readonly Words[]
  lines: readonly { y: number; from: number; to: number }[]
}

const [CATALOG, PAGES, INFO, REGULAR, BOLD, STRUCTURE, DOCUMENT, TABLE, PARENTS] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const LAST_FIXED = 9
const TAGS = { heading: 'H1', paragraph: 'P' } as const

export function pdfDocument(about: { title: string; language: string; madeAt: Date }) {
  const offsets = new Map<number, number>()
  const pages: number[] = []
  const feet: number[] = []
  const parents: number[] = []
  const inDocument: number[] = []
  const rows: number[] = []
  let hasTable = false
  let written = 0
  let objects = LAST_FIXED

  return {
    begin: (): Buffer => emit(Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')),

    page({ blocks, beside, lines }: PdfPage): Buffer {
      const [page, content, foot, parentList] = [next(), next(), next(), next()]
      const marks: number[] = []
      const drawn = [
        ...blocks.map((block) => drawBlock(block, page, marks)),
        ...beside.map((words) => ({ code: unread(words), objects: [] })),
      ]
      const rules = lines.map(
        ({ y, from, to }) => `/Artifact BMC\n0.5 w ${from} ${y} m ${to} ${y} l S\nEMC\n`,
      )
      const parts = [
        ...drawn.flatMap((one) => one.objects),
        stream(content, [...drawn.map((one) => one.code), ...rules].join('')),
        object(
          page,
          `<< /Type /Page /Parent ${ref(PAGES)} /Contents [${ref(content)} ${ref(foot)}] /StructParents ${pages.length} /Tabs /S >>`,
        ),
        object(parentList, `[${marks.map(ref).join(' ')}]`),
      ]
      pages.push(page)
      feet.push(foot)
      parents.push(parentList)
      return Buffer.concat(parts)
    },

    /** @param footOf what stands at the foot of a page, the first being 1. */
    end(footOf: (page: number, pages: number) => readonly Words[]): Buffer {
      if (hasTable) inDocument.push(TABLE)
      const parentTree = parents.map((list, page) => `${page} ${ref(list)}`).join(' ')
      const parts = [
        ...feet.map((foot, index) =>
          stream(
            foot,
            footOf(index + 1, feet.length)
              .map(unread)
              .join(''),
          ),
        ),
        object(
          CATALOG,
          `<< /Type /Catalog /Pages ${ref(PAGES)} /Lang ${textString(about.language)} /MarkInfo << /Marked true >> /StructTreeRoot ${ref(STRUCTURE)} /ViewerPreferences << /DisplayDocTitle true >> >>`,
        ),
        object(
          PAGES,
          `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map(ref).join(' ')}] /MediaBox [0 0 ${PAGE.width} ${PAGE.height}] /Resources << /Font << /F1 ${ref(REGULAR)} /F2 ${ref(BOLD)} >> >> >>`,
        ),
        object(
          INFO,
          `<< /Title ${textString(about.title)} /Producer (Sparvana) /CreationDate (${pdfDate(about.madeAt)}) >>`,
        ),
        object(REGULAR, fontCalled('Helvetica')),
        object(BOLD, fontCalled('Helvetica-Bold')),
        object(
          STRUCTURE,
          `<< /Type /StructTreeRoot /K ${ref(DOCUMENT)} /ParentTree ${ref(PARENTS)} /ParentTreeNextKey ${pages.length} >>`,
        ),
        object(DOCUMENT, element('Document', STRUCTURE, inDocument.map(ref))),
        object(TABLE, element('Table', DOCUMENT, rows.map(ref))),
        object(PARENTS, `<< /Nums [${parentTree}] >>`),
      ]
      return Buffer.concat([...parts, crossReferences()])
    },
  }

  function drawBlock(block: Block, page: number, marks: number[]): { code: string; objects: Buffer[] } {
    if (block.kind !== 'row') {
      const id = next()
      inDocument.push(id)
      const tag = TAGS[block.kind]
      const first = marks.length
      const code = block.words.map((words) => marked(tag, marks.push(id) - 1, words)).join('')
      const kids = block.words.map((_, index) => String(first + index))
      return { code, objects: [object(id, element(tag, DOCUMENT, kids, page))] }
    }
    hasTable = true
    const row = next()
    rows.push(row)
    const cells = block.cells.map((words) => {
      const id = next()
      const mark = marks.push(id) - 1
      const tag = block.isHead ? 'TH' : 'TD'
      const scope = block.isHead ? ' /A << /O /Table /Scope /Column >>' : ''
      const code = marked(tag, mark, words)
      return { id, code, object: object(id, element(tag, row, [String(mark)], page, scope)) }
    })
    const own = object(
      row,
      element(
        'TR',
        TABLE,
        cells.map(({ id }) => ref(id)),
        page,
      ),
    )
    return {
      code: cells.map(({ code }) => code).join(''),
      objects: [...cells.map((cell) => cell.object), own],
    }
  }

  function next(): number {
    objects += 1
    return objects
  }

  function object(id: number, body: string): Buffer {
    return beginning(id, Buffer.from(`${id} 0 obj\n${body}\nendobj\n`, 'latin1'))
  }

  function stream(id: number, code: string): Buffer {
    const content = deflateSync(Buffer.from(code, 'latin1'))
    const head = Buffer.from(
      `${id} 0 obj\n<< /Length ${content.length} /Filter /FlateDecode >>\nstream\n`,
      'latin1',
    )
    return beginning(id, Buffer.concat([head, content, Buffer.from('\nendstream\nendobj\n', 'latin1')]))
  }

  function beginning(id: number, bytes: Buffer): Buffer {
    offsets.set(id, written)
    return emit(bytes)
  }

  function emit(bytes: Buffer): Buffer {
    written += bytes.length
    return bytes
  }

  function crossReferences(): Buffer {
    const start = written
    const entries = Array.from({ length: objects }, (_, index) => {
      const offset = offsets.get(index + 1)
      if (offset === undefined) throw new Error(`object ${index + 1} of the file was never written`)
      return `${String(offset).padStart(10, '0')} 00000 n \n`
    })
    const size = objects + 1
    return Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${entries.join('')}trailer\n<< /Size ${size} /Root ${ref(CATALOG)} /Info ${ref(INFO)} >>\nstartxref\n${start}\n%%EOF\n`,
      'latin1',
    )
  }
}

function ref(id: number): string {
  return `${id} 0 R`
}

function element(tag: string, parent: number, kids: readonly string[], page?: number, more = ''): string {
  const place = page === undefined ? '' : ` /Pg ${ref(page)}`
  return `<< /Type /StructElem /S /${tag} /P ${ref(parent)}${place} /K [${kids.join(' ')}]${more} >>`
}

function fontCalled(name: string): string {
  return `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`
}

/** What Helvetica has no letter for is drawn as a question mark, and read out and copied as it is. */
function marked(tag: string, mark: number, words: Words): string {
  const isWhole = [...words.text.normalize('NFC')].every((letter) => codeOf(letter) !== null)
  const actual = isWhole ? '' : ` /ActualText ${textString(words.text)}`
  return `/${tag} << /MCID ${mark}${actual} >> BDC\n${show(words)}EMC\n`
}

/** Drawn, and not read out. */
function unread(words: Words): string {
  return `/Artifact BMC\n${show(words)}EMC\n`
}

function show({ text, x, y, size, bold, right }: Words): string {
  const left = right ? x - widthOf(text, size) : x
  const codes = [...text.normalize('NFC')].map((letter) => codeOf(letter) ?? 0x3f)
  const hex = Buffer.from(codes).toString('hex')
  return `BT /F${bold ? 2 : 1} ${size} Tf 1 0 0 1 ${left.toFixed(2)} ${y.toFixed(2)} Tm <${hex}> Tj ET\n`
}

/** UTF-16 with its mark, as text outside of pages is written. */
function textString(text: string): string {
  return `<feff${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`
}

function pdfDate(at: Date): string {
  return `D:${at.toISOString().replace(/\D/g, '').slice(0, 14)}Z`
}

/** The 27 characters that Windows-1252 has where Latin-1 has none, from 0x80 on. */
const WINDOWS = '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ'
/** Blanks of any width, and hyphens that don't break, are plain ones on paper. */
const PLAIN: Record<string, string> = { '\u202f': ' ', '\u00a0': ' ', '\u2009': ' ', '\u2011': '-', '−': '-' }

function codeOf(letter: string): number | null {
  const plain = PLAIN[letter] ?? letter
  const code = plain.codePointAt(0) ?? 0
  if ((code >= 0x20 && code < 0x7f) || (code > 0xa0 && code <= 0xff)) return code
  const place = code === 0 ? -1 : WINDOWS.indexOf(plain)
  return place === -1 ? null : 0x80 + place
}

/** Of Helvetica's letters from the blank on, in thousandths of the size. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]
const WIDER: Record<string, number> = { æ: 889, Æ: 1000, ø: 611, Ø: 778, '…': 1000, '—': 1000, '·': 278 }

/** In points, of the regular letters; a letter with a mark is as wide as the one without. */
export function widthOf(text: string, size: number): number {
  let thousandths = 0
  for (const letter of text.normalize('NFC')) {
    const plain = (PLAIN[letter] ?? letter).normalize('NFD')
    thousandths += WIDER[letter] ?? WIDTHS[(plain.codePointAt(0) ?? 0) - 0x20] ?? 556
  }
  return (thousandths * size) / 1_000
}

/** As much of it as fits, with dots where something is left out. */
export function fitting(text: string, size: number, width: number): string {
  if (widthOf(text, size) <= width) return text
  const letters = [...text]
  while (letters.length > 0 && widthOf(`${letters.join('')}…`, size) > width) letters.pop()
  return `${letters.join('').trimEnd()}…`
}
