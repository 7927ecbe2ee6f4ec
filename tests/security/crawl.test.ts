/** Every page as everybody: headers and cookies of whatever comes back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { MAY_BE_KEPT, objectionsTo } from '../scan/checks/answers.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { addressOf, type Cast, newCast, PARTS, send } from './support/cast.ts'

/** A page of these has nothing of anybody, and no form. */
const BARE = /^GET \/(?:healthz|readyz|metrics)$|\/\.well-known\/|\.(?:svg|css)$|\/\*file$/
const INLINE = /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:/i

let app: TestApp
let cast: Cast
let routes: string[]

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
  routes = routesOf(app.deps).filter((route) => route.startsWith('GET '))
})
afterAll(() => app.close())

describe.each(PARTS)('as %s', (part) => {
  test('every page keeps the browser on a short leash, and is kept by nobody', async () => {
    const objections: string[] = []
    for (const route of routes) {
      const answer = await send(app, cast.players[part], addressOf(route, cast.ids))
      const looked = objectionsTo({ ...answer, tookMs: 0 }, { https: false, isFile: MAY_BE_KEPT.test(route) })
      objections.push(...looked.map((objection) => `${route}: ${objection.join(' ')}`))
      if (!BARE.test(route) && INLINE.test(answer.text))
        objections.push(`${route}: a style or script of its own`)
    }
    expect(objections).toEqual([])
    expect(routes.length).toBeGreaterThan(40)
  })

  test('signed-in or not, nothing comes back for another method, another host or no page that is less', async () => {
    const { cookie } = cast.players[part]
    for (const [method, path, headers] of [
      ['PUT', '/', {}],
      ['GET', '/nothing', {}],
      ['GET', '/habits/%ff', {}],
      ['POST', '/settings', { 'content-type': 'application/json' }],
      ['GET', '/', { host: 'evil.example' }],
    ] as const) {
      const answer = await ask(app, method, path, { headers: { cookie, ...headers } })
      expect([path, objectionsTo({ ...answer, tookMs: 0 }, { https: false, isFile: false })]).toEqual([
        path,
        [],
      ])
    }
  })
})
