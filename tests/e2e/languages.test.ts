import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogues, inLanguage, type Language, t } from '../../src/language.ts'
import { newWindow } from '../support/browser.ts'
import { troubleOn } from './support/axe.ts'
import { type EveryPlace, startWorld, type World } from './support/places.ts'
import { signIn } from './support/signing-in.ts'

/** What fades from one theme to the other would be judged half way. */
const NARROW = { width: 320, height: 800, reducedMotion: 'reduce' } as const
const LANGUAGES = Object.keys(catalogues) as Exclude<Language, 'en'>[]

let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world.close())

/** English is in tests/e2e/accessibility.test.ts. Words are longer elsewhere: the narrowest screen shows it. */
describe.each(LANGUAGES)('in %s', (language) => {
  test.each(['visitor', 'saver', 'admin'] as const)(
    'every page of the %s passes axe in both themes and fits a small screen',
    async (who) => {
      // Who signs in does so in English, and has another language set.
      const window = await newWindow(world.browser, {
        ...NARROW,
        locale: who === 'visitor' ? language : 'en-GB',
      })
      const page = await window.newPage()
      await speak(page, who, language)
      for (const place of world.places[who]) {
        await page.goto(world.app.baseUrl + place)
        expect.soft(await page.locator('html').getAttribute('lang'), place).toBe(language)
        await page.emulateMedia({ colorScheme: 'light' })
        expect.soft(await troubleOn(page), `${place}, light`).toEqual([])
        await page.emulateMedia({ colorScheme: 'dark' })
        // The same page in other colours.
        expect
          .soft(await troubleOn(page, ['color-contrast', 'link-in-text-block']), `${place}, dark`)
          .toEqual([])
      }
      await window.close()
    },
    120_000,
  )
})

async function speak(page: Page, who: keyof EveryPlace['places'], language: Language): Promise<void> {
  if (who === 'visitor') return
  const { id } = world[who].user
  await world.app.deps.db.prisma.user.update({ where: { id }, data: { locale: language } })
  await signIn(world.app, page, world[who])
  expect(await page.title()).toContain(inLanguage(language, () => t(who === 'saver' ? 'Today' : 'Overview')))
}
