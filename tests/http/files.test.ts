import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFiles } from '../../src/files.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newSaver } from '../support/people.ts'
import { ask, askForBytes, type Bytes, cookieOf } from './support/ask.ts'
import { turnsToDatabase } from './support/turns.ts'

const files = readFiles()
const STYLES = files.addressOf('styles.css')
const ICON = files.addressOf('apple-touch-icon.png')
const FOR_GOOD = 'public, max-age=31536000, immutable'

let app: TestApp

beforeAll(async () => {
  await files.pack()
  app = await startTestApp({ files })
})
afterAll(() => app.close())

const fetched = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  askForBytes(app, method, path, { headers })

function unpacked({ headers, bytes }: Bytes): Buffer {
  if (headers['content-encoding'] === 'br') return brotliDecompressSync(bytes)
  return headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
}

describe('what a page asks for', () => {
  test('may be kept for good, by everybody, and sets no cookie', async () => {
    const { text } = await ask(app, 'GET', '/signup')
    const addresses = [...text.matchAll(/(?:href|src|data-worker)="(\/files\/[^"]+)"/g)].map(
      ([, address = '']) => address,
    )
    expect(addresses.length).toBeGreaterThan(7)
    for (const address of addresses) {
      const { status, headers, bytes } = await fetched(address)
      expect([address, status, headers['cache-control']]).toEqual([address, 200, FOR_GOOD])
      expect(headers).not.toHaveProperty('set-cookie')
      expect(headers['content-length']).toBe(String(bytes.length))
    }
  })

  test('comes without a look at the database, also for who has a session', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor)
    expect(await turnsToDatabase(app, () => fetched(STYLES, { cookie }))).toBe(0)
    expect(await turnsToDatabase(app, () => fetched('/favicon.ico', { cookie }))).toBe(0)
  })

  test.each([
    ['styles.css', 'text/css; charset=utf-8'],
    ['js/push.js', 'text/javascript; charset=utf-8'],
    ['favicon.svg', 'image/svg+xml; charset=utf-8'],
    ['favicon.ico', 'image/x-icon'],
    ['apple-touch-icon.png', 'image/png'],
  ])('%s says what it is', async (name, type) => {
    const { headers } = await fetched(files.addressOf(name))
    expect(headers['content-type']).toBe(type)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  test('is the very file', async () => {
    const { bytes } = await fetched(ICON)
    expect(bytes.equals(readFileSync('public/apple-touch-icon.png'))).toBe(true)
    const script = unpacked(await fetched(files.addressOf('js/push.js'), { 'accept-encoding': 'br' }))
    expect(script.equals(readFileSync('public/js/push.js'))).toBe(true)
  })

  test('is one file for all styles, those of the base first', async () => {
    const text = (await fetched(STYLES)).bytes.toString()
    expect(text.startsWith('@charset "UTF-8";')).toBe(true)
    const sheets = readdirSync('public/css')
    for (const sheet of sheets) expect(text).toContain(readFileSync(`public/css/${sheet}`, 'utf8'))
    const { text: page } = await ask(app, 'GET', '/')
    expect(page.match(/rel="stylesheet"/g)).toHaveLength(1)
  })
})

describe('packed', () => {
  test.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1, br;q=0.1', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['identity', undefined],
    ['', undefined],
    ['zstd, x-gzip', undefined],
  ])('for whoever takes “%s” it is %s', async (taken, encoding) => {
    const answer = await fetched(STYLES, { 'accept-encoding': taken })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-encoding']).toBe(encoding)
    expect(answer.headers.vary).toBe('Accept-Encoding')
    expect(unpacked(answer).equals((await fetched(STYLES)).bytes)).toBe(true)
  })

  test('is much smaller, and smallest with Brotli', async () => {
    const [plain, gzip, br] = await Promise.all(
      ['identity', 'gzip', 'br'].map(
        async (taken) => (await fetched(STYLES, { 'accept-encoding': taken })).bytes.length,
      ),
    )
    expect(gzip).toBeLessThan((plain ?? 0) / 5)
    expect(br).toBeLessThan(gzip ?? 0)
  })

  test('are no pictures, which are so in themselves', async () => {
    const { headers } = await fetched(ICON, { 'accept-encoding': 'br, gzip' })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers).not.toHaveProperty('vary')
  })

  test('are those that Brotli has not come to yet with gzip', async () => {
    const other = await startTestApp({ files: readFiles() })
    const answer = await fetch(other.baseUrl + STYLES, { headers: { 'accept-encoding': 'br, gzip' } })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    await other.close()
  })
})

describe('asked about again', () => {
  test('each form has a strong tag of its own, and is not sent twice', async () => {
    const tags = new Set<string>()
    for (const taken of ['identity', 'gzip', 'br']) {
      const first = await fetched(STYLES, { 'accept-encoding': taken })
      const tag = first.headers.etag ?? ''
      expect(tag).toMatch(/^"[\w-]+"$/)
      tags.add(tag)
      const again = await fetched(STYLES, { 'accept-encoding': taken, 'if-none-match': tag })
      expect([again.status, again.bytes.length]).toEqual([304, 0])
      expect(again.headers).toMatchObject({ 'cache-control': FOR_GOOD, etag: tag, vary: 'Accept-Encoding' })
      expect(again.headers).not.toHaveProperty('content-encoding')
    }
    expect(tags.size).toBe(3)
  })

  test('with another tag it is sent', async () => {
    const { status } = await fetched(STYLES, { 'if-none-match': '"another"' })
    expect(status).toBe(200)
  })

  test('for its head alone, that is all that comes', async () => {
    const taken = { 'accept-encoding': 'br' }
    const [head, whole] = await Promise.all([fetched(STYLES, taken, 'HEAD'), fetched(STYLES, taken)])
    const { date: _one, 'x-request-id': _first, ...ofHead } = head.headers
    const { date: _two, 'x-request-id': _second, ...ofWhole } = whole.headers
    expect(ofHead).toEqual(ofWhole)
    expect([head.status, head.bytes.length]).toEqual([200, 0])
  })
})

describe('while versions change', () => {
  const OTHER = '0123456789abcdef'

  test('who asks for a file of the other version gets ours, and nobody keeps it', async () => {
    const answer = await fetched(STYLES.replace(files.version, OTHER), { 'accept-encoding': 'br' })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(answer.headers).not.toHaveProperty('etag')
    expect(unpacked(answer).equals((await fetched(STYLES)).bytes)).toBe(true)
  })

  test('a file that this version does not have is a page that nobody keeps', async () => {
    for (const version of [OTHER, files.version]) {
      const { status, headers } = await fetched(`/files/${version}/js/of-tomorrow.js`)
      expect([status, headers['cache-control']]).toEqual([404, 'no-store'])
    }
  })
})

describe('nothing but what is named', () => {
  test.each([
    '/files',
    '/files/',
    `/files/${files.version}`,
    `/files/${files.version}/`,
    `/files/${files.version}/js`,
    `/files/${files.version}/js/`,
    `/files/${files.version}/css/tokens.css`,
    `/files/${files.version}/../package.json`,
    `/files/${files.version}/../../../../../../etc/passwd`,
    `/files/${files.version}/..%2f..%2fpackage.json`,
    `/files/${files.version}/%2e%2e/%2e%2e/package.json`,
    `/files/${files.version}/js/..\\..\\package.json`,
    `/files/${files.version}/js/push.js%00`,
    `/files/${files.version}/js/push.js%00.css`,
    `/files/${files.version}//js/push.js`,
    `/files/${files.version}/js/./push.js`,
    `/files/${files.version}/JS/PUSH.JS`,
    `/files/${files.version}/.env`,
    `/files/${files.version}/.gitignore`,
    `/files/${files.version}/constructor`,
    `/files/${files.version}/__proto__`,
    '/icons/../sw.js',
    '/icons/',
    '/icons/.htaccess',
    '/FAVICON.ICO',
    '/css/tokens.css',
    '/js/push.js',
    '/vendor/pico/pico.min.css',
  ])('%s is not there', async (path) => {
    const { status, headers } = await ask(app, 'GET', path)
    expect([status, headers['cache-control']]).toEqual([404, 'no-store'])
  })
})

describe('what browsers look for by name', () => {
  test.each([
    '/favicon.ico',
    '/apple-touch-icon.png',
    '/manifest.webmanifest',
    '/icon.svg',
    '/icons/icon-192.png',
  ])('%s is kept for an hour, and then asked about', async (path) => {
    const { status, headers, bytes } = await fetched(path)
    expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=3600'])
    expect(bytes.equals(readFileSync(`public${path}`))).toBe(true)
    expect((await fetched(path, { 'if-none-match': headers.etag ?? '' })).status).toBe(304)
  })

  test('the worker of the installed app is asked for each time', async () => {
    const { headers } = await fetched('/sw.js')
    expect(headers['cache-control']).toBe('no-cache')
    expect((await fetched('/sw.js?v=1', { 'if-none-match': headers.etag ?? '' })).status).toBe(304)
  })

  test('whom to tell of a hole is kept for a day', async () => {
    const { headers } = await fetched('/.well-known/security.txt')
    expect(headers['cache-control']).toBe('public, max-age=86400')
  })
})
