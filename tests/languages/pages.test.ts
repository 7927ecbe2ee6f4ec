import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { asBeginning, weekdayName } from '../../src/format.ts'
import { catalogues, inLanguage } from '../../src/language.ts'
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
  // What is said once, on the next page, was said in English.
  await world.saver.visitor.get('/dashboard')
  await world.admin.visitor.get('/admin')
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
      expect.soft(strayWords(text, who), place).toEqual([])
    }
  },
)

/** What a person reads or hears that stands outside the marks, without what is data. */
function strayWords(html: string, who: string): string[] {
  const shown = html
    .replaceAll(/<(script|style|code|pre|svg)\b.*?<\/\1>/gs, ' ')
    // What programs are told is told in English.
    .replaceAll(/<(\w+)[^>]*\blang="(?!fi")\w+"[^>]*>.*?<\/\1>/gs, ' ')
    .replaceAll(/<[^>]*\b(?:aria-label|alt|placeholder|title)="([^"]*)"[^>]*>/g, '\n$1\n')
    .replaceAll(/<select id="timezone".*?<\/select>/gs, ' ')
    // A link may stand in the middle of a sentence.
    .replaceAll(/<\/?(?:a|strong|span)\b[^>]*>/g, ' ')
    .replaceAll(/<[^>]+>/g, '\n')
    .replaceAll('&#39;', '’')
  const lines = withoutMarks(shown).split('\n')
  return [...new Set(lines.map((line) => withoutData(line, who)))].filter((line) => /\p{L}{2}/u.test(line))
}

/** Innermost first, for messages have messages in them. */
function withoutMarks(text: string): string {
  const without = text.replaceAll(/⟦[^⟦⟧]*⟧/g, ' ')
  return without === text ? text : withoutMarks(without)
}

/** Names that people and banks have given. */
const NAMES = [
  ...['Ida Berg', 'Aino Lind', 'Run', 'Walk', 'Read a rather long book before going to bed'],
  ...['Bicycle', 'A small one', 'A present', 'Everyday account', 'Holiday account', 'Household account'],
  ...[
    'Sparvana',
    'sparvana',
    'Nordea',
    'Loop Habit Tracker',
    'API',
    'Your bank',
    'Firefox',
    'Linux',
    'UTC',
    'GMT',
  ],
  ...['DKK', 'SEK', 'NOK', 'EUR', 'Svenska', 'Suomi', 'Norsk bokmål', 'English', 'Dansk', 'no such mailbox'],
]
/** What actors, objects, jobs and faults are called in code; admins see them so. */
const CODES =
  /\b(?:admin|saver|visitor|worker|person|user|habit|goal|consent|payment|care|erase|reconcile|retention|detect|remind|seal|settle|delay|status|ok|none|current)\b/g
const WEEKDAYS = Array.from({ length: 7 }, (_, day) => inLanguage('fi', () => weekdayName(day + 1))).flatMap(
  (name) => [name, inLanguage('fi', () => asBeginning(name))],
)
/** As they stand in dates ("marraskuuta"), then by themselves ("marraskuu"). */
const MONTHS = [{ month: 'long', day: 'numeric' }, { month: 'long' }].flatMap((options) =>
  Array.from({ length: 12 }, (_, month) =>
    new Intl.DateTimeFormat('fi', { ...(options as Intl.DateTimeFormatOptions), timeZone: 'UTC' })
      .format(Date.UTC(2026, month, 1))
      .replace(/^\d\S* /, ''),
  ),
)
const DATA = [
  // Addresses of pages and mails, ids, what calls and events are called in code, instants.
  /\S*\/\S*/g,
  /\S+@\S+/g,
  /…?\b[0-9a-f]+(?:-[0-9a-f]+)+\b|…[0-9a-f]{6,}/g,
  /\b[A-Z0-9]{10,}\b/g,
  /\b(?:GET|POST|PUT|DELETE)\b/g,
  /\b[a-z_]+(?:[.-][a-z_]+)+\b/g,
  /\b[A-Z]{2} ••••/g,
  /\b[A-Z_]{4,}\b/g,
  /\bklo \d/g,
  /\b(?:kr|km|ms)\b/g,
]

function withoutData(text: string, who: string): string {
  const withoutNames = [...NAMES, ...WEEKDAYS, ...MONTHS].reduce(
    (rest, name) => rest.replaceAll(name, ' '),
    text,
  )
  const patterns = who === 'admin' ? [...DATA, CODES] : DATA
  return patterns.reduce((rest, pattern) => rest.replaceAll(pattern, ' '), withoutNames)
}
