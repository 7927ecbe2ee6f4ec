import { brotliCompressSync } from 'node:zlib'
import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { apart, packing } from '../../src/middleware/packing.ts'

test('bytes that are kept keep nothing alive but themselves', () => {
  const packed = brotliCompressSync(Buffer.from('the same again and again, '.repeat(1_000)))
  expect(packed.buffer.byteLength).toBeGreaterThan(packed.length)
  const kept = apart(packed)
  expect(kept).toEqual(packed)
  expect(kept.buffer.byteLength).toBe(packed.length)
})

test.each([
  ['text', 'åäö '.repeat(60_000)],
  ['bytes', Buffer.from('<p>more of the same</p>'.repeat(9_000))],
])('%s that is too long to be packed in one call is packed while it is written', async (_what, body) => {
  const app = express()
  app.use(packing)
  app.use((_req, res) => res.type('html').send(body))
  const packed = await request(app).get('/').set('Accept-Encoding', 'br')
  expect(packed.headers).toMatchObject({
    'content-encoding': 'br',
    'transfer-encoding': 'chunked',
    vary: 'Accept-Encoding',
  })
  expect(packed.headers).not.toHaveProperty('content-length')
  expect(packed.text).toBe(body.toString())
  const plain = await request(app).get('/').set('Accept-Encoding', 'identity')
  expect(plain.headers).not.toHaveProperty('content-encoding')
  expect(plain.text).toBe(body.toString())
})
