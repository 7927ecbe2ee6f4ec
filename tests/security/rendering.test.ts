import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { addressOf, type Cast, newCast, send } from './support/cast.ts'

/** What a template engine would obey if a page were handed all that was sent. */
const OBEYED = [
  'settings[view options][client]=1',
  'settings[view options][escapeFunction]=1;throw new Error("obeyed")',
  'settings[view options][outputFunctionName]=x;throw new Error("obeyed");x',
  'client=1&escapeFunction=x&outputFunctionName=x&localsName=x&_with=1&cache=0&debug=1&delimiter=?',
  'page[title]=obeyed&page[user][isAdmin]=1&errors[]=obeyed&locals[page]=obeyed&layout=../../package.json',
].map((text) => encodeURI(text))

/** Every look of an admin is a line of it, and counted. */
const GROWING = ['GET /admin/audit', 'GET /admin/status']

/** The link to other languages leads back to the page with all that stood in its address, as a query of its own. */
const WAY_BACK = /\/language\?back=[^"]*/

let app: TestApp
let cast: Cast

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
})
afterAll(() => app.close())

describe('a page', () => {
  test('is drawn in one place, and nowhere handed all that was sent', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/^(generated|sandbox)/.test(file))
      .map((file) => ({ file, text: readFileSync(join('src', file), 'utf8') }))
    const drawing = files.filter(({ text }) => /\bres\.render\(/.test(text)).map(({ file }) => file)
    const spreading = files.filter(({ text }) =>
      /(?:\.\.\.|assign\([^)]*)\(?req\.(?:body|query|params)\b/.test(text),
    )
    expect(drawing).toEqual([join('controllers', 'page.ts')])
    expect(spreading.map(({ file }) => file)).toEqual([])
  })

  test.each(OBEYED)('is the same with %s behind its address', async (query) => {
    const { owner, admin } = cast.players
    for (const route of routesOf(app.deps).filter((one) => one.startsWith('GET ') && !one.includes('*'))) {
      const player = route.startsWith('GET /admin') ? admin : owner
      const address = addressOf(route, cast.ids)
      const bare = await send(app, player, address)
      const asked = await send(app, player, `${address}?${query}`)
      const [was, is] = [bare.text, asked.text].map((text) => text.replace(WAY_BACK, '')) as [string, string]
      expect([route, asked.status, is.includes('obeyed')]).toEqual([route, bare.status, false])
      // What a redirect wants to say stands on the next page; it is read here, so that it does not stand on another.
      if (bare.status === 303) await send(app, player, 'GET /profile')
      else if (!GROWING.includes(route)) expect([route, is.length]).toEqual([route, was.length])
    }
  })
})
