import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { catalogues } from '../../src/language.ts'
import { type EveryPlace, everyPlace } from '../e2e/support/places.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

/** A language that exists only here: each message stands between marks, so that what is not a message stands out. */
const MARKED = new Proxy(
  {},
  { get: (_, message) => (typeof message === 'string' ? `⟦${message}⟧` : undefined) },
)

const clock = new ManualClock(new Date())
let app: TestApp
let world: EveryPlace

beforeAll(async () => {
  app = await startTestApp({ clock, sandbox: { approval: 'always' } })
  world = await everyPlace(app, clock)
  catalogues.fi = MARKED
  const ids = [world.saver.user.id, world.admin.user.id]
  await app.deps.db.prisma.user.updateMany({ where: { id: { in: ids } }, data: { locale: 'fi' } })
})

afterAll(() => app.close())

test.each(['visitor', 'saver', 'admin'] as const)(
  'on no page of the %s is a word of ours that is not a message',
  async (who) => {
    const visitor = who === 'visitor' ? new Visitor(app, { 'Accept-Language': 'fi' }) : world[who].visitor
    for (const place of world.places[who]) {
      const { text } = await visitor.get(place)
      expect.soft(strayWords(text), place).toEqual([])
    }
  },
)

/** What a person reads or hears that stands outside the marks, without what is data. */
function strayWords(html: string): string[] {
  const shown = html
    .replaceAll(/<(script|style|code|pre|svg)\b.*?<\/\1>/gs, ' ')
    .replaceAll(/<[^>]*\b(?:aria-label|alt|placeholder|title)="([^"]*)"[^>]*>/g, '\n$1\n')
    .replaceAll(/<[^>]+>/g, '\n')
  return [...new Set(shown.split('\n').map(withoutMarks).filter(isWords))].filter((text) => !isData(text))
}

/** Innermost first, for messages have messages in them. */
function withoutMarks(text: string): string {
  const without = text.replaceAll(/⟦[^⟦⟧]*⟧/g, ' ')
  return without === text ? text.trim() : withoutMarks(without)
}

function isWords(text: string): boolean {
  return /\p{L}{2}/u.test(text)
}

/** Names that people, banks and we have given, and what `Intl` writes in Finnish. */
const DATA = [
  /\b(?:Sparvana|sparvana|Nordea|API|kr|UTC|Ida Berg|Loop|CSV|PDF)\b/g,
  /[\w.+-]+@[\w.-]+/g,
  /\b\d+(?:[.,: {2}-]\d+)*\b/g,
]

function isData(text: string): boolean {
  return !isWords(DATA.reduce((rest, pattern) => rest.replaceAll(pattern, ' '), text))
}
