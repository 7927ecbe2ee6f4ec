import { brotliCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { apart } from '../../src/middleware/packing.ts'

test('bytes that are kept keep nothing alive but themselves', () => {
  const packed = brotliCompressSync(Buffer.from('the same again and again, '.repeat(1_000)))
  expect(packed.buffer.byteLength).toBeGreaterThan(packed.length)
  const kept = apart(packed)
  expect(kept).toEqual(packed)
  expect(kept.buffer.byteLength).toBe(packed.length)
})
