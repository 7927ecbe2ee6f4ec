import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newWindow } from '../support/browser.ts'
import { startWorld, type World } from './support/places.ts'
import { signIn } from './support/signing-in.ts'

/** Bytes, with the heads of the answers: pages, styles, scripts, icons, and what the installed part fetches. */
const MOST_FIRST = 60 * 1_024
const MOST_NEXT = 15 * 1_024

let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world.close())

test.each(['visitor', 'saver', 'admin'] as const)(
  'no page of the %s is heavy, on a first visit and on the next, and none asks another site for anything',
  async (who) => {
    const door = await newWindow(world.browser)
    if (who !== 'visitor') await signIn(world.app, await door.newPage(), world[who])
    const state = await door.storageState()
    const weights: { place: string; first: number; next: number }[] = []
    const elsewhere: string[] = []
    for (const place of world.places[who]) {
      // Knows who is signed in, and has kept nothing.
      const window = await world.browser.newContext({ storageState: state, locale: 'en-GB' })
      window.on('request', (request) => {
        if (!request.url().startsWith(world.app.baseUrl)) elsewhere.push(request.url())
      })
      const first = await weightOf(window, place)
      const next = await weightOf(window, place)
      weights.push({ place, first, next })
      await window.close()
    }
    const heaviest = weights.toSorted((one, other) => other.first - one.first)[0]
    const heaviestNext = weights.toSorted((one, other) => other.next - one.next)[0]
    console.log(
      `${weights.length} pages of the ${who}; heaviest at first ${heaviest?.place}: ${heaviest?.first} bytes; at the next visit ${heaviestNext?.place}: ${heaviestNext?.next} bytes`,
    )
    expect(weights.filter(({ first, next }) => first > MOST_FIRST || next > MOST_NEXT)).toEqual([])
    expect(weights.every(({ first, next }) => first > next && next > 500)).toBe(true)
    expect(elsewhere).toEqual([])
    await door.close()
  },
  240_000,
)

/** What the server sends until the page has all it asks for. */
async function weightOf(window: BrowserContext, place: string): Promise<number> {
  const before = world.app.bytesSent()
  const page = await window.newPage()
  await page.goto(world.app.baseUrl + place)
  // It fetches what is shown without a connection.
  await page.evaluate('navigator.serviceWorker.ready.then(() => true)')
  await page.close()
  return world.app.bytesSent() - before
}
