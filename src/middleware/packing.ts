import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import compression from 'compression'
import type { Request, RequestHandler, Response } from 'express'

/** The smallest first. */
export const ENCODINGS = ['br', 'gzip'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Smaller bodies fit into one packet as they are. */
const LEAST_BYTES = 1_024
/** Several times the largest page there is; more at once would keep everybody else waiting for too long. */
const MOST_BYTES = 1_024 * 1_024

/** Quick rather than small: the next better quality takes twice as long and saves a twentieth. */
const QUICK_BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 16 } }
const QUICKLY: Record<Encoding, (bytes: Buffer) => Buffer> = {
  br: (bytes) => brotliCompressSync(bytes, QUICK_BROTLI),
  gzip: (bytes) => gzipSync(bytes, { level: 3 }),
}

/** Only for answers that are streams: what it wraps around each of them is left to the collector. */
const packAsWritten = compression()

/** A body as it goes over the wire. */
export interface Packed {
  encoding: Encoding
  bytes: Buffer
}

/** For bytes that are kept: what zlib gives, or Buffer.from, is a part of 64 kB, and all of them would stay. */
export function apart(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** @returns null for a body that is better sent as it is, or to somebody who unpacks nothing. */
export function packedFor(req: Request, bytes: Buffer): Packed | null {
  if (!isWorthPacking(bytes)) return null
  const encoding = ENCODINGS.find((each) => req.acceptsEncodings(each))
  return encoding ? { encoding, bytes: QUICKLY[encoding](bytes) } : null
}

function isWorthPacking({ length }: Buffer): boolean {
  return length >= LEAST_BYTES && length <= MOST_BYTES
}

export function sendPacked(res: Response, { encoding, bytes }: Packed): void {
  res.vary('Accept-Encoding')
  res.setHeader('Content-Encoding', encoding)
  if (!res.get('Content-Type')) res.type('html')
  res.send(bytes)
}

/** An answer that is packed while it is written, for what is too long to be held whole. */
export async function sendStream(req: Request, res: Response, parts: AsyncIterable<unknown>): Promise<void> {
  packAsWritten(req, res, () => {})
  await pipeline(Readable.from(parts), res)
}

/**
 * Pages are whole when they are sent, so they are packed in one call: without a stream, without the thread pool that passwords
 * wait for, and with a length. Form tokens are salted anew for each page that is packed, so that nobody learns them from its
 * packed length.
 */
export const packing: RequestHandler = (req, res, next) => {
  const send = res.send
  res.send = (body?: unknown) => {
    if (typeof body !== 'string' || res.get('Content-Encoding') || req.fresh) return send.call(res, body)
    const bytes = Buffer.from(body)
    // Whether it is packed depends on the sender, so that a cache has to know of it in any case.
    if (isWorthPacking(bytes)) res.vary('Accept-Encoding')
    const packed = packedFor(req, bytes)
    if (!packed) return send.call(res, body)
    sendPacked(res, packed)
    return res
  }
  next()
}
