import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import { ownDatabase, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(22))
})

afterAll(() => close())

describe('tries of one account', () => {
  test('are free five times, then each is followed by a pause twice as long, up to a quarter of an hour', async () => {
    const { models, clock } = worldAt(db)
    const attempt = () => models.throttles.attempt('account', 'ida@example.com')
    for (let turn = 0; turn < 5; turn += 1) expect(await attempt()).toBe(0)
    const pauses: number[] = []
    for (let turn = 0; turn < 8; turn += 1) {
      const waitMs = await attempt()
      pauses.push(waitMs)
      clock.advance(waitMs - 1)
      expect(await attempt()).toBe(SECOND)
      clock.advance(1)
      expect(await attempt()).toBe(0)
    }
    const doubled = [30, 60, 120, 240, 480, 900, 900, 900]
    expect(pauses.map((pause) => pause / SECOND)).toEqual(doubled)
  })

  test('of fifty at one moment from two processes let five through', async () => {
    const worlds = [worldAt(db), worldAt(db)]
    const waits = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        worlds[index % 2]?.models.throttles.attempt('account', 'race@example.com'),
      ),
    )
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
  })

  test('are forgotten after an hour without any, and at once when one is right', async () => {
    const { models, clock } = worldAt(db)
    const attempt = (whose: string) => models.throttles.attempt('account', whose)
    for (let turn = 0; turn < 4; turn += 1) await attempt('rested@example.com')
    clock.advance(HOUR + 1)
    for (let turn = 0; turn < 5; turn += 1) expect(await attempt('rested@example.com')).toBe(0)
    for (let turn = 0; turn < 5; turn += 1) await attempt('right@example.com')
    expect(await attempt('right@example.com')).toBeGreaterThan(0)
    await models.throttles.forget('account', 'right@example.com')
    expect(await attempt('right@example.com')).toBe(0)
  })

  test('are kept under a hash, so that the table tells nobody who tried what', async () => {
    const { models } = worldAt(db)
    await models.throttles.attempt('account', 'secret@example.com')
    expect(JSON.stringify(await db.prisma.throttle.findMany())).not.toContain('secret@')
  })
})

test('what is allowed so often a minute is allowed again when the minute is over', async () => {
  const { models, clock } = worldAt(db)
  const once = () => models.throttles.withinWindow('user 1', 60, MINUTE)
  const waits = await Promise.all(Array.from({ length: 61 }, once))
  expect(waits.filter((wait) => wait > 0)).toEqual([MINUTE])
  clock.advance(MINUTE - 1)
  expect(await once()).toBe(SECOND)
  clock.advance(1)
  expect(await once()).toBe(0)
})
