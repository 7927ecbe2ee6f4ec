/** Whatever the app writes down has a sentence that its saver understands. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  CALL_WORDS,
  callWords,
  EVENT_WORDS,
  eventWords,
} from '../../src/controllers/view-models/activity-words.ts'
import { CALL_KINDS, EVENT_KINDS } from '../../src/models/activity.ts'
import { PaymentState } from '../../src/models/payment/states.ts'

const sourceOf = (pattern: string) =>
  globSync(pattern, { exclude: (name) => String(name).includes('generated') }).map((file) =>
    readFileSync(file, 'utf8'),
  )

/** Where lines of the trail are written, every word with a dot in it is an action. */
const writers = sourceOf('src/{models,controllers,middleware,jobs}/**/*.ts').filter((text) =>
  /\baudit(?:Line)?\(|\bAuditEntry\b/.test(text),
)
const fixed = writers.flatMap((text) =>
  [...text.matchAll(/'([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)'/g)].map(([, action = '']) => action),
)
/** Of actions that are put together, what they can come to. */
const COMPOSED: Record<string, readonly string[]> = {
  'payment.${move.to.toLowerCase()}': Object.values(PaymentState).map(
    (state) => `payment.${state.toLowerCase()}`,
  ),
  'sandbox.${action}-asked': consoleActions().map((action) => `sandbox.${action}-asked`),
}

function consoleActions(): string[] {
  const [, list = ''] =
    /type ConsoleAction =\s*((?:\s*\| '[^']+')+)/.exec(readFileSync('src/models/overview.ts', 'utf8')) ?? []
  return [...list.matchAll(/'([^']+)'/g)].map(([, action = '']) => action)
}

describe('every action of the audit trail', () => {
  const actions = [...new Set([...fixed, ...Object.values(COMPOSED).flat()])].sort()

  test('is found in the source, also those that are put together', () => {
    const composed = writers.flatMap((text) =>
      [...text.matchAll(/action: `([^`]+)`/g)].map(([, template = '']) => template),
    )
    expect([...new Set(composed)].sort()).toEqual(Object.keys(COMPOSED).sort())
    expect(actions.length).toBeGreaterThan(70)
  })

  test('has a sentence', () => {
    expect(actions.filter((action) => !(action in EVENT_WORDS))).toEqual([])
  })

  test('belongs to one of the kinds that the list can be narrowed to', () => {
    const kinds: readonly string[] = Object.values(EVENT_KINDS).flat()
    expect(actions.filter((action) => !kinds.includes(action.split('.')[0] ?? ''))).toEqual([])
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  test('reads as a sentence, and refused ones say so', () => {
    for (const action of actions) {
      expect(eventWords(action, 'done')).toMatch(/^[A-Z][^_]{5,}[^.]$/)
      expect(eventWords(action, 'refused')).toMatch(/^[A-Z][^_]{5,}[^.]$/)
    }
    expect(eventWords('user.sign-in', 'refused')).toBe('A sign-in was refused')
    expect(eventWords('long.gone', 'refused')).toBe('Something was noted, and refused')
  })
})

test('every call that the client makes has its words, and belongs to a kind', () => {
  const calls = sourceOf('src/bank/nordea/*.ts').flatMap((text) =>
    [...text.matchAll(/'((?:authorization|accounts|payments|sandbox)\.[a-z-]+)'/g)].map(
      ([, api = '']) => api,
    ),
  )
  expect(new Set(calls)).toEqual(new Set(Object.keys(CALL_WORDS)))
  const kinds: readonly string[] = [...Object.values(CALL_KINDS).flat(), 'sandbox']
  for (const api of calls) expect(kinds).toContain(api.split('.')[0])
  expect(callWords('long.gone')).toBe('Another call to Nordea')
})
