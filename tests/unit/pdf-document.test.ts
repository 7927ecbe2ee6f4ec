import { describe, expect, test } from 'vitest'
import { fitting, pdfDocument, type Words, widthOf } from '../../src/controllers/view-models/pdf-document.ts'
import { formatDay, formatInstant, formatMoney } from '../../src/format.ts'
import { inLanguage, LANGUAGES } from '../../src/language.ts'
import { readPdf } from '../support/pdf.ts'

const at = (text: string): Words => ({ text, x: 50, y: 700, size: 10 })

function fileOf(...texts: string[]): Buffer {
  const pdf = pdfDocument({ title: 'Årsopgørelse', language: 'en', madeAt: new Date('2026-06-17T10:00:00Z') })
  const begin = pdf.begin()
  const pages = texts.map((text) =>
    pdf.page({
      blocks: [
        { kind: 'heading', words: [at('A heading')] },
        { kind: 'row', isHead: true, cells: [at('Name')] },
        { kind: 'row', cells: [at(text)] },
      ],
      beside: [at('Beside it')],
      lines: [{ y: 10, from: 1, to: 2 }],
    }),
  )
  return Buffer.concat([begin, ...pages, pdf.end((page, all) => [at(`${page}/${all}`)])])
}

describe('a PDF file', () => {
  test('has each object where its table says, and a title and a language', () => {
    const { catalog, info, pages } = readPdf(fileOf('one', 'two'))
    expect(catalog).toContain('/Lang <feff0065006e>')
    expect(catalog).toContain('/MarkInfo << /Marked true >>')
    expect(catalog).toContain('/DisplayDocTitle true')
    expect(info).toContain('Årsopgørelse')
    expect(pages.length).toBe(2)
  })

  test('is read aloud in order, without what is repeated on every page', () => {
    expect(readPdf(fileOf('one', 'two')).readAloud).toEqual([
      { tag: 'H1', text: 'A heading' },
      { tag: 'H1', text: 'A heading' },
      { tag: 'TH', text: 'Name' },
      { tag: 'TD', text: 'one' },
      { tag: 'TH', text: 'Name' },
      { tag: 'TD', text: 'two' },
    ])
  })

  test('says at the foot of each page how many there are, and does not read that out', () => {
    const { pages, readAloud } = readPdf(fileOf('one', 'two'))
    expect(pages.map((page) => page.split('\n').at(-1))).toEqual(['1/2', '2/2'])
    expect(readAloud.map(({ text }) => text).join()).not.toContain('/2')
  })

  test.each(LANGUAGES)('draws amounts and times as %s writes them', (language) => {
    const at = new Date('2026-05-17T19:30:00Z')
    const text = inLanguage(language, () =>
      [
        formatMoney(-123_456_789, 'SEK'),
        formatMoney(99, 'EUR'),
        formatDay(at),
        formatInstant(at, 'UTC'),
      ].join(),
    )
    const [page] = readPdf(fileOf(text)).pages
    expect(page).toContain(text.replace(/[\u00a0\u202f]/g, ' ').replaceAll('\u2212', '-'))
  })

  test.each(['å ä ö æ ø Å Ä Ö Æ Ø é ü ß', 'Š š Ž ž “quoted” – €', ') Tj (\\ >> endobj', 'a\u0308 is ä'])(
    'draws %s as it is',
    (text) => {
      const { pages, readAloud } = readPdf(fileOf(text))
      expect(pages[0]).toContain(text.normalize('NFC'))
      expect(readAloud.at(-1)?.text).toBe(text.normalize('NFC'))
    },
  )

  test('draws a question mark for what the letters don’t have, and says it as it is', () => {
    const { pages, readAloud } = readPdf(fileOf('Löpa 🏃 żółw'))
    expect(pages[0]).toContain('Löpa ? ?ó?w')
    expect(readAloud.at(-1)?.text).toBe('Löpa 🏃 żółw')
  })
})

test('letters are as wide as Helvetica’s', () => {
  expect(widthOf('AVA', 10)).toBeCloseTo(20.01)
  expect(widthOf('1 234.50', 10)).toBeCloseTo(38.92)
  expect(widthOf('åäö', 10)).toBe(widthOf('aao', 10))
})

test('what is too long ends in dots and fits', () => {
  const long = 'Read a rather long book before going to bed'
  const cut = fitting(long, 9, 100)
  expect(cut.endsWith('…')).toBe(true)
  expect(widthOf(cut, 9)).toBeLessThanOrEqual(100)
  expect(fitting('Run', 9, 100)).toBe('Run')
})
