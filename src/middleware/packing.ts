import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { RequestHandler } from 'express'

/** The smallest first. */
export const ENCODINGS = ['br', 'gzip'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Smaller bodies fit into one packet as they are. */
const LEAST_BYTES = 1_024
/** More at once would keep everybody else waiting; the stream after this takes what is larger. */
const MOST_BYTES = 128 * 1_024

/** Quick rather than small: the next better quality takes four times as long and saves a tenth. */
const QUICK_BROTLI = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    [constants.BROTLI_PARAM_LGWIN]: 16,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
  },
}
const QUICK_GZIP = { level: 1 }

/**
 * Pages are whole when they are sent, so they are packed in one call: without a stream, without the thread pool that passwords
 * wait for, and with a length. Form tokens are salted anew for each page, so that nobody learns them from its packed length.
 */
export const packing: RequestHandler = (req, res, next) => {
  const send = res.send
  res.send = (body?: unknown) => {
    if (typeof body !== 'string' || res.get('Content-Encoding') || req.fresh) return send.call(res, body)
    if (!res.get('Content-Type')) res.type('html')
    const bytes = Buffer.from(body)
    if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) return send.call(res, bytes)
    res.vary('Accept-Encoding')
    const encoding = ENCODINGS.find((each) => req.acceptsEncodings(each))
    if (!encoding) return send.call(res, bytes)
    res.setHeader('Content-Encoding', encoding)
    return send.call(
      res,
      encoding === 'br' ? brotliCompressSync(bytes, QUICK_BROTLI) : gzipSync(bytes, QUICK_GZIP),
    )
  }
  next()
}
