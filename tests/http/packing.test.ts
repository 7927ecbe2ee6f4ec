import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { ask, askForBytes, type Bytes, cookieOf } from './support/ask.ts'

let app: TestApp
let saver: Person

beforeAll(async () => {
  app = await startTestApp()
  saver = await newLinkedSaver(app)
  for (const name of ['Run', 'Read', 'Walk']) await newHabit(app, saver, { name })
})
afterAll(() => app.close())

/** As the saver, byte by byte; a form goes with a good token. */
async function fetched(path: string, taken: string, method = 'GET', body = ''): Promise<Bytes> {
  const cookie = await cookieOf(saver.visitor, '/password/forgot')
  const fields = method === 'POST' ? `_csrf=${encodeURIComponent(saver.visitor.token)}&${body}` : ''
  const headers = { cookie, 'accept-encoding': taken }
  return askForBytes(app, method, path, { headers, ...(fields ? { body: fields } : {}) })
}

const UNPACK = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  identity: (bytes: Buffer) => bytes,
} as const

describe('a page', () => {
  test.each(['br', 'gzip', 'identity'] as const)('comes whole and with its length, for %s', async (taken) => {
    const { headers, bytes } = await fetched('/dashboard', taken)
    expect(headers['content-encoding']).toBe(taken === 'identity' ? undefined : taken)
    expect(headers['content-length']).toBe(String(bytes.length))
    expect(headers).not.toHaveProperty('transfer-encoding')
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      vary: 'Accept-Encoding',
      connection: 'keep-alive',
    })
    const page = UNPACK[taken](bytes).toString()
    expect(page).toContain('>Run<')
    expect(page.trimEnd().endsWith('</html>')).toBe(true)
  })

  test('is less than a third of its size, packed', async () => {
    const [plain, gzip, br] = await Promise.all(
      ['identity', 'gzip', 'br'].map(async (taken) => (await fetched('/dashboard', taken)).bytes.length),
    )
    expect(gzip).toBeLessThan((plain ?? 0) / 3)
    expect(br).toBeLessThan((plain ?? 0) / 3)
  })

  test('that is private is not reckoned through for a tag that nobody asks about', async () => {
    for (const path of ['/dashboard', '/payments', '/settings', '/login']) {
      const { headers } = await fetched(path, 'br')
      expect([path, headers['cache-control'], headers.etag]).toEqual([path, 'no-store', undefined])
    }
  })

  test('has other form tokens each time it is shown, so that its packed length tells nothing of them', async () => {
    const tokensIn = ({ bytes }: Bytes) =>
      [...bytes.toString().matchAll(/name="_csrf" value="([^"]+)"/g)].map(([, token]) => token)
    const first = tokensIn(await fetched('/dashboard', 'identity'))
    const second = tokensIn(await fetched('/dashboard', 'identity'))
    expect(first.length).toBeGreaterThan(3)
    expect(second.filter((token) => first.includes(token))).toEqual([])
  })

  test('that is refused is packed too', async () => {
    const { status, headers, bytes } = await fetched('/settings', 'br', 'POST', 'fullName=')
    expect([status, headers['content-encoding']]).toEqual([422, 'br'])
    expect(brotliDecompressSync(bytes).toString()).toContain('error-summary')
  })

  test('asked for by its head alone says the same and sends nothing', async () => {
    const { headers, bytes } = await fetched('/dashboard', 'br', 'HEAD')
    expect([headers['content-encoding'], bytes.length]).toEqual(['br', 0])
  })
})

test('what fits into one packet anyway goes as it is', async () => {
  const redirect = await fetched('/login', 'br')
  const other = await ask(app, 'GET', '/healthz', { headers: { 'accept-encoding': 'br' } })
  for (const { headers } of [redirect, other]) {
    expect(headers).not.toHaveProperty('content-encoding')
    expect(Number(headers['content-length'])).toBeLessThan(200)
  }
  expect([redirect.status, other.status]).toEqual([303, 200])
})

describe('a download', () => {
  test.each(['br', 'gzip'] as const)('is packed while it is written, for %s', async (taken) => {
    const { status, headers, bytes } = await fetched('/settings/data/export', taken, 'POST')
    expect([status, headers['content-encoding']]).toEqual([200, taken])
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked', 'cache-control': 'no-store' })
    expect(JSON.parse(UNPACK[taken](bytes).toString()).tables.User).toMatchObject([{ email: saver.email }])
  })

  test('is the file itself for who takes nothing packed', async () => {
    const { headers, bytes } = await fetched('/settings/data/export', 'identity', 'POST')
    expect(headers).not.toHaveProperty('content-encoding')
    expect(JSON.parse(bytes.toString()).tables.User).toMatchObject([{ email: saver.email }])
  })
})
