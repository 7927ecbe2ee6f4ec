/** A strict reader of the PDF files that the app writes: it follows the table of objects, and nothing else. */
import { inflateSync } from 'node:zlib'

export interface ReadPdf {
  objects: Map<number, string>
  /** What is drawn on each page, in order. */
  pages: string[]
  /** What a screen reader comes by, with its tag, in the order of the tree. */
  readAloud: { tag: string; text: string }[]
  catalog: string
  info: string
}

/** @throws when an object isn't where the table says, or the tree leads nowhere. */
export function readPdf(file: Buffer): ReadPdf {
  const text = file.toString('latin1')
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1])
  const table = /^xref\n0 (\d+)\n/.exec(text.slice(start))
  if (!text.startsWith('%PDF-1.7\n') || !table) throw new Error('this is no PDF file')
  const count = Number(table[1])
  const first = start + table[0].length
  const objects = new Map<number, string>()
  for (let id = 1; id < count; id += 1) {
    const entry = text.slice(first + id * 20, first + id * 20 + 20)
    if (!/^\d{10} 00000 n \n$/.test(entry)) throw new Error(`the entry of object ${id} is not 20 bytes`)
    const body = text.slice(Number(entry.slice(0, 10)))
    if (!body.startsWith(`${id} 0 obj\n`)) throw new Error(`object ${id} is not where the table says`)
    objects.set(id, body.slice(`${id} 0 obj\n`.length, body.indexOf('\nendobj\n')))
  }
  const of = (id: number) => {
    const body = objects.get(id)
    if (body === undefined) throw new Error(`there is no object ${id}`)
    return body
  }
  const trailer = text.slice(start).split('trailer')[1] ?? ''
  const refIn = (body: string, name: string) => Number(new RegExp(`/${name} (\\d+) 0 R`).exec(body)?.[1])
  const catalog = of(refIn(trailer, 'Root'))
  const pageIds = refsIn(/\/Kids \[([^\]]*)\]/.exec(of(refIn(catalog, 'Pages')))?.[1] ?? '')
  const contentsOf = (id: number) => refsIn(/\/Contents \[([^\]]*)\]/.exec(of(id))?.[1] ?? '')
  const codes = new Map(
    pageIds.map((id) => [
      id,
      contentsOf(id)
        .map((part) => contentOf(of(part)))
        .join(''),
    ]),
  )
  const readAloud: ReadPdf['readAloud'] = []
  const walk = (id: number): void => {
    const body = of(id)
    const tag = /\/S \/(\w+)/.exec(body)?.[1] ?? ''
    const [, kids = ''] = /\/K \[([^\]]*)\]/.exec(body) ?? []
    const children = refsIn(kids)
    for (const child of children) walk(child)
    if (children.length > 0) return
    const code = codes.get(refIn(body, 'Pg')) ?? ''
    const marks = kids.split(' ').filter(Boolean)
    readAloud.push({ tag, text: marks.map((mark) => markedIn(code, mark)).join(' ') })
  }
  walk(refIn(of(refIn(catalog, 'StructTreeRoot')), 'K'))
  return {
    objects,
    pages: [...codes.values()].map(drawn),
    readAloud,
    catalog,
    info: textStrings(of(refIn(trailer, 'Info'))),
  }
}

function refsIn(text: string): number[] {
  return [...text.matchAll(/(\d+) 0 R/g)].map(([, id]) => Number(id))
}

function contentOf(body: string): string {
  const length = Number(/\/Length (\d+)/.exec(body)?.[1])
  const begins = body.indexOf('stream\n') + 'stream\n'.length
  const bytes = Buffer.from(body.slice(begins, begins + length), 'latin1')
  if (bytes.length !== length || !body.endsWith('\nendstream')) throw new Error('a stream has another length')
  return inflateSync(bytes).toString('latin1')
}

function markedIn(code: string, mark: string): string {
  const found = new RegExp(`/MCID ${mark}( /ActualText <feff([0-9a-f]*)>)? >> BDC\\n(.*)\\nEMC`).exec(code)
  if (!found) throw new Error(`nothing on the page has the mark ${mark}`)
  const [, , actual, shown = ''] = found
  return actual === undefined ? drawn(shown) : Buffer.from(actual, 'hex').swap16().toString('utf16le')
}

function drawn(code: string): string {
  return [...code.matchAll(/<([0-9a-f]*)> Tj/g)]
    .map(([, hex = '']) => new TextDecoder('windows-1252').decode(Buffer.from(hex, 'hex')))
    .join('\n')
}

function textStrings(body: string): string {
  return body.replace(/<feff([0-9a-f]*)>/g, (_whole, hex) =>
    Buffer.from(hex, 'hex').swap16().toString('utf16le'),
  )
}
