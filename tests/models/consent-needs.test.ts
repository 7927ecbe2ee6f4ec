/** What the app needs of a consent comes from its settings; consents stay as they were given. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../../src/db.ts'
import { standingOf } from '../../src/models/consent/standing.ts'
import { grantTo, newUser, ownDatabase, tokens, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})
afterAll(() => close())

const START = '2026-06-17T10:00:00.000Z'
const unused = async () => {
  throw new Error('the bank was asked although the consent may not be used')
}

test('started with another version or more scopes on the same database, the app gives no access by older consents', async () => {
  const before = worldAt(db, START)
  const user = await newUser(before)
  await grantTo(before, user.id, tokens('first', 30))
  const needs = before.context.rules.consentNeeds
  const after = [
    worldAt(db, START, { consentNeeds: { ...needs, profile: 'paper' } }),
    worldAt(db, START, { consentNeeds: { ...needs, scopes: [...needs.scopes, 'ACCOUNTS_TRANSACTIONS'] } }),
  ]
  for (const world of after) {
    expect(await world.models.consents.accessFor(user.id, unused)).toEqual({ kind: 'outdated' })
    expect(await world.models.consents.accessFor(user.id, unused, 'upkeep')).toEqual({ kind: 'outdated' })
  }
  const back = worldAt(db, START)
  expect(await back.models.consents.accessFor(user.id, async () => tokens('second'))).toMatchObject({
    kind: 'access',
  })
})

test.each([
  ['the same', 'current', ['A', 'B'], 'good'],
  ['the same in another order', 'current', ['B', 'A'], 'good'],
  ['more', 'current', ['A', 'B', 'C'], 'good'],
  ['less', 'current', ['A'], 'outdated'],
  ['another version', 'paper', ['A', 'B'], 'outdated'],
] as const)('given for %s', (_name, profile, scopes, standing) => {
  const now = new Date(START)
  const needs = { profile: 'current', scopes: ['A', 'B'] }
  const consent = { profile, scopes: [...scopes], expiresAt: new Date(now.getTime() + 1) }
  expect(standingOf(consent, needs, now)).toBe(standing)
  expect(standingOf({ ...consent, expiresAt: now }, needs, now)).toBe('expired')
})
