/**
 * SQL injection in the manner of sqlmap: what breaks a statement, pairs of conditions of which one holds, and sleeps. The
 * database is listened to as well: no text of a statement may hold anything that was typed.
 */
import type { Answer } from '../client.ts'
import type { Desk } from '../target.ts'
import type { Place } from './places.ts'

/** In every payload of this file, and nowhere else. */
const MARK = 'sqz7'
const SLEEP_SECONDS = 2
/** What a sleep must be longer than the same request without one, seconds. */
const LONGER_SECONDS = 1.5
const REPEATS = 3
/** Which condition is sent when: in no rhythm, so that a page that changes by itself doesn't keep step with it. */
const TURNS = [1, 2, 2, 1, 2, 1, 1, 2] as const

const BREAKING = [
  `${MARK}'`,
  `${MARK}"`,
  `${MARK}\\`,
  `${MARK}')/*`,
  `${MARK}';--`,
  `1;${MARK}`,
  `'||(SELECT 1)||'${MARK}`,
  `$$${MARK}`,
  `1::${MARK}`,
  `CAST('${MARK}' AS int)`,
  `{"${MARK}":1}`,
  `-1/*${MARK}*/`,
]

/** The second differs from the first only in what it says is true. @param good what stands there otherwise. */
const CONDITIONS: ((good: string, digit: 1 | 2) => string)[] = [
  (good, digit) => `${good}' AND '1'='${digit}'/*${MARK}*/--`,
  (good, digit) => `${good}' OR '1'='${digit}'/*${MARK}*/--`,
  (good, digit) => `${good}' AND 1=${digit}--${MARK}`,
  (good, digit) => `${good} AND 1=${digit}/*${MARK}*/`,
  (good, digit) => `${good} OR 1=${digit}/*${MARK}*/`,
  (good, digit) => `${good}') OR ('1'='${digit}'/*${MARK}*/)--`,
]

const SLEEPS: ((seconds: number) => string)[] = [
  (seconds) => `';SELECT pg_sleep(${seconds})--${MARK}`,
  (seconds) => `1;SELECT pg_sleep(${seconds})--${MARK}`,
  (seconds) => `'||pg_sleep(${seconds})::text||'${MARK}`,
  (seconds) => `1 AND 1=(SELECT 1 FROM pg_sleep(${seconds}))--${MARK}`,
  (seconds) => `${MARK}' OR EXISTS(SELECT pg_sleep(${seconds}))--`,
]

/** @param isQuick a few of each. */
export async function injectSql(desk: Desk, places: readonly Place[], isQuick: boolean): Promise<void> {
  const some = <T>(all: readonly T[], count: number) => (isQuick ? all.slice(0, count) : all)
  for (const place of places) {
    // The first sleep ends a text as well, and breaks what it stands in.
    for (const payload of some(BREAKING, 0)) await place.send(payload)
    for (const condition of some(CONDITIONS, 1)) await compare(desk, place, condition)
    for (const sleep of some(SLEEPS, 1)) await time(desk, place, sleep)
    for (const text of await desk.target.statements()) {
      if (text.toLowerCase().includes(MARK)) desk.found('sql-text', place.name, excerptOf(text))
    }
  }
}

async function compare({ found }: Desk, place: Place, condition: (typeof CONDITIONS)[number]): Promise<void> {
  const answers = { 1: new Set<string>(), 2: new Set<string>() }
  for (const digit of TURNS) {
    answers[digit].add(bareOf(await place.send(condition(place.good, digit))))
    // One that differs among equals, or is equal among those that should differ, has another reason than the condition.
    if (answers[1].size > 1 || answers[2].size > 1 || [...answers[1]].some((one) => answers[2].has(one)))
      return
  }
  found('sql-condition', place.name, `answers differ by whether ${condition('x', 1)} holds`)
}

async function time({ found }: Desk, place: Place, sleep: (typeof SLEEPS)[number]): Promise<void> {
  for (let turn = 0; turn < REPEATS; turn += 1) {
    const { tookMs } = await place.send(sleep(SLEEP_SECONDS))
    if (tookMs < LONGER_SECONDS * 1_000) return
    const awake = await place.send(sleep(0))
    if (tookMs - awake.tookMs < LONGER_SECONDS * 1_000) return
  }
  found('sql-time', place.name, `sleeps when told ${sleep(SLEEP_SECONDS)}`)
}

/** Without what is new in every answer, and without digits, by which alone the two conditions differ. */
function bareOf({ status, headers, text }: Answer): string {
  const bare = text
    .replace(/(?:value|data-[\w-]+|action|href)="[^"]*"/g, '')
    .replace(/<code>.*?<\/code>/g, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')
    .replace(/\d+/g, '#')
  return [status, (headers.location ?? '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ''), bare].join('\n')
}

function excerptOf(text: string): string {
  const at = text.toLowerCase().indexOf(MARK)
  return text.slice(Math.max(0, at - 60), at + 40).replace(/\s+/g, ' ')
}
