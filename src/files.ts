/** Styles, scripts and icons: read, hashed and packed once, and sent out of memory, by name and no other way. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzipSync } from 'node:zlib'
import type { Request, RequestHandler, Response } from 'express'
import { namesIn } from './folder.ts'
import { PUBLIC } from './middleware/authorisation.ts'
import { apart, ENCODINGS, type Encoding } from './middleware/packing.ts'
import type { Route } from './routes.ts'

export interface Files {
  /** Another one as soon as a byte of one of them is. */
  version: string
  /** Where a page finds a file. @param name as in public/, without a slash before it. @throws for one that isn't there. */
  addressOf(name: string): string
  routes: Route[]
  /** Packs them as small as they get, on another thread: a third of a second. Until then there is gzip. */
  pack(): Promise<void>
}

interface File {
  type: string
  bytes: Buffer
  hash: string
  /** Only where it is smaller. */
  packed: Partial<Record<Encoding, Buffer>>
}

const PUBLIC_FILES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'public')
/** One file of them all, in this order: a page that waits for one answer is there before one that waits for eight. */
const STYLES = 'styles.css'
const SHEETS = ['tokens', 'layout', 'forms', 'parts', 'goals', 'today', 'print'].map(
  (name) => `css/${name}.css`,
)

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
}
/** Packed in themselves. */
const PICTURES = ['.png']

const FOR_GOOD = 'public, max-age=31536000, immutable'
const FOR_AN_HOUR = 'public, max-age=3600'
/** Asked about each time, and kept in between. */
const WHILE_IT_IS_THE_SAME = 'no-cache'
const NOT_AT_ALL = 'no-store'

/** @throws when a file is of a kind that has no type here, or a sheet is missing. */
export function readFiles(folder = PUBLIC_FILES): Files {
  const files = new Map(contentsOf(folder).map(([name, bytes]) => [name, fileOf(name, bytes)]))
  const version = hashOf(...[...files].flatMap(([name, { hash }]) => [name, hash]))

  /** Below the version of another process there may be other files than ours: who asks for one is given ours, for once. */
  const sendVersioned: RequestHandler = (req, res, next) => {
    const [, , askedFor = '', ...parts] = req.path.split('/')
    const file = files.get(parts.join('/'))
    if (file) send(req, res, file, askedFor === version ? FOR_GOOD : NOT_AT_ALL)
    else next()
  }
  const named =
    (keep: string): RequestHandler =>
    (req, res, next) => {
      const file = files.get(req.path.slice(1))
      if (file) send(req, res, file, keep)
      else next()
    }

  return {
    version,
    addressOf: (name) => {
      if (!files.has(name)) throw new Error(`there is no file ${name}`)
      return `/files/${version}/${name}`
    },
    routes: [
      ['GET', '/files/*file', PUBLIC, sendVersioned],
      // Browsers and phones look for these by name, and an installed app keeps the names of its icons.
      ['GET', '/favicon.ico', PUBLIC, named(FOR_AN_HOUR)],
      ['GET', '/apple-touch-icon.png', PUBLIC, named(FOR_AN_HOUR)],
      ['GET', '/manifest.webmanifest', PUBLIC, named(FOR_AN_HOUR)],
      ['GET', '/icon.svg', PUBLIC, named(FOR_AN_HOUR)],
      ['GET', '/icons/*file', PUBLIC, named(FOR_AN_HOUR)],
      ['GET', '/sw.js', PUBLIC, named(WHILE_IT_IS_THE_SAME)],
    ],
    pack: async () => {
      // One after the other, so that passwords have the other threads.
      for (const file of files.values()) if (file.packed.gzip) await pack(file)
    },
  }
}

/** What is sent, by name: the styles as one file, everything else as it lies there. */
function contentsOf(folder: string): [name: string, bytes: Buffer][] {
  const read = (name: string) => readFileSync(join(folder, name))
  const pico = readFileSync(createRequire(import.meta.url).resolve('@picocss/pico/css/pico.min.css'))
  return [
    [STYLES, Buffer.concat([pico, ...SHEETS.map(read)])],
    ...namesIn(folder)
      .filter((name) => extname(name) !== '.css')
      .map((name): [string, Buffer] => [name, read(name)]),
  ]
}

function fileOf(name: string, bytes: Buffer): File {
  const type = TYPES[extname(name)]
  if (!type) throw new Error(`nobody has said what kind of file ${name} is`)
  const gzip = PICTURES.includes(extname(name)) ? bytes : gzipSync(bytes, { level: 9 })
  return { type, bytes, hash: hashOf(bytes), packed: gzip.length < bytes.length ? { gzip: apart(gzip) } : {} }
}

/** 64 bits: nobody meets two alike. */
function hashOf(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').slice(0, 16)
}

async function pack(file: File): Promise<void> {
  const br = await promisify(brotliCompress)(file.bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: file.bytes.length,
    },
  })
  if (br.length < file.bytes.length) file.packed.br = apart(br)
}

function send(req: Request, res: Response, file: File, keep: string): void {
  const { encoding, bytes } = formFor(req, file)
  res.setHeader('Cache-Control', keep)
  if (file.packed.gzip) res.vary('Accept-Encoding')
  // Of these very bytes, so packed and unpacked have one each.
  if (keep !== NOT_AT_ALL) res.setHeader('ETag', `"${[file.hash, encoding].filter(Boolean).join('-')}"`)
  if (req.fresh) return void res.status(304).end()
  res.setHeader('Content-Type', file.type)
  res.setHeader('Content-Length', bytes.length)
  if (encoding) res.setHeader('Content-Encoding', encoding)
  res.end(bytes)
}

function formFor(req: Request, { bytes, packed }: File): { encoding: Encoding | null; bytes: Buffer } {
  for (const encoding of ENCODINGS) {
    const form = packed[encoding]
    if (form && req.acceptsEncodings(encoding)) return { encoding, bytes: form }
  }
  return { encoding: null, bytes }
}
