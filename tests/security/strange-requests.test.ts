import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Cast, newCast, type Player, send } from './support/cast.ts'

let app: TestApp
let cast: Cast
let admin: Player

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
  admin = cast.players.admin
})
afterAll(() => app.close())

/** Found by the fuzz: the database takes no NUL, and the audit trail was asked to keep one. */
describe('an order of the console', () => {
  test.each(['%00', 'a%00b', '%0d%0a', '%20', '%C3%A6', '%F0%9F%8F%83'])(
    'whose id has what no id has (%s) is not found, and asking to confirm it is not noted',
    async (id) => {
      const before = await snapshot(app)
      const shown = await send(app, admin, `GET /admin/sandbox/payments/${id}`)
      const body = `_csrf=${encodeURIComponent(admin.token)}&order=${id}`
      const confirmed = await send(app, admin, 'POST /admin/sandbox/calls/order-confirm', { body })
      expect([shown.status, confirmed.status]).toEqual([404, 422])
      expect(await snapshot(app)).toEqual(before)
    },
  )
})

/** Written by hand, since no client would send them. */
describe('what is no HTTP', () => {
  const host = () => `Host: ${new URL(app.baseUrl).host}`
  const form = 'Content-Type: application/x-www-form-urlencoded'
  test.each<[string, () => string[]]>([
    ['a tunnel', () => ['CONNECT localhost:5432 HTTP/1.1', host()]],
    ['a method that nobody knows', () => ['BREW / HTTP/1.1', host()]],
    ['a version that nobody speaks', () => ['GET / HTTP/9.9', host()]],
    ['no host', () => ['GET / HTTP/1.1']],
    ['two lengths', () => ['POST /login HTTP/1.1', host(), form, 'Content-Length: 1', 'Content-Length: 2']],
    [
      'a length and pieces',
      () => ['POST /login HTTP/1.1', host(), form, 'Content-Length: 6', 'Transfer-Encoding: chunked'],
    ],
    ['pieces that are none', () => ['POST /login HTTP/1.1', host(), form, 'Transfer-Encoding: x', '', 'zz']],
    ['a NUL in a header', () => ['GET / HTTP/1.1', host(), 'X-Nul: a\0b']],
    ['a line feed in a header', () => ['GET / HTTP/1.1', host(), 'X-Feed: a\nSet-Cookie: x=1\n\nx']],
    ['a space before a colon', () => ['GET / HTTP/1.1', host(), 'Cookie : sparvana=x']],
    ['nothing that could be read', () => ['\x16\x03\x01\x02\0\x01']],
  ])('%s is turned away before anybody reads on', async (_name, lines) => {
    const answer = await raw(lines().join('\r\n'))
    expect(answer).toMatch(/^$|^HTTP\/1\.1 (400|404|405|501) /)
    expect(answer).not.toMatch(/set-cookie|\bat \S+ \(/i)
    expect((await send(app, admin, 'GET /admin')).status).toBe(200)
  })
})

/** @returns everything that comes back until the other side has nothing more to say. */
function raw(head: string): Promise<string> {
  const { hostname, port } = new URL(app.baseUrl)
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(Number(port), hostname)
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (part) => {
      answer += part.toString('latin1')
    })
    // A connection that is cut off is an answer too.
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.write(`${head}\r\nConnection: close\r\n\r\n`, 'latin1')
  })
}
