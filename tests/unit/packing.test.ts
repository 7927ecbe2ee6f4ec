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
  ['long, of few letters', 'page '.repeat(90_000), 'br'],
  ['long, of letters with two bytes', 'åäö'.repeat(100_000), 'br'],
  ['too long to be packed while others wait', 'page '.repeat(210_000), undefined],
])('text that is %s comes whole', async (_what, body, encoding) => {
  const app = express()
  app.use(packing)
  app.use((_req, res) => res.type('html').send(body))
  const packed = await request(app).get('/').set('Accept-Encoding', 'br')
  expect(packed.headers['content-encoding']).toBe(encoding)
  expect(packed.headers).not.toHaveProperty('transfer-encoding')
  expect(packed.text).toBe(body)
  const plain = await request(app).get('/').set('Accept-Encoding', 'identity')
  expect(plain.headers).not.toHaveProperty('content-encoding')
  expect(plain.text).toBe(body)
})
