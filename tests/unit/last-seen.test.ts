import { expect, test } from 'vitest'
import { LastSeen, type Seen } from '../../src/models/last-seen.ts'

const at = (ms: number): Seen => ({ at: ms, parts: `{"lastSeenAt":${ms}}`, endsAt: ms / 1_000 })

/** Statements that end when they are told to. */
function slowly() {
  const rounds: { sids: string[]; end: PromiseWithResolvers<void> }[] = []
  const lastSeen = new LastSeen((notes) => {
    const end = Promise.withResolvers<void>()
    rounds.push({ sids: [...notes.keys()], end })
    return end.promise
  })
  const round = async (index: number) => {
    await expect.poll(() => rounds.length, { interval: 1 }).toBeGreaterThan(index)
    return rounds[index] as (typeof rounds)[number]
  }
  return { lastSeen, rounds, round }
}

test('those who come while a statement is under way go together with the next', async () => {
  const { lastSeen, rounds, round } = slowly()
  const first = lastSeen.note('ida', at(1))
  const one = await round(0)
  const others = [lastSeen.note('bo', at(2)), lastSeen.note('liv', at(3)), lastSeen.note('bo', at(4))]
  expect(rounds).toHaveLength(1)
  one.end.resolve()
  await first
  const two = await round(1)
  two.end.resolve()
  await Promise.all(others)
  expect(rounds.map(({ sids }) => sids)).toEqual([['ida'], ['bo', 'liv']])
})

test('what is noted is known until it is written, the latest of it', async () => {
  const { lastSeen, round } = slowly()
  const first = lastSeen.note('ida', at(1))
  const one = await round(0)
  expect(lastSeen.of('ida')?.at).toBe(1)
  const second = lastSeen.note('ida', at(2))
  expect(lastSeen.of('ida')?.at).toBe(2)
  one.end.resolve()
  await first
  expect(lastSeen.of('ida')?.at).toBe(2)
  const two = await round(1)
  two.end.resolve()
  await second
  expect(lastSeen.of('ida')).toBeUndefined()
})

test('of two answers the later look counts, whichever was ready first', async () => {
  const { lastSeen, round } = slowly()
  const first = lastSeen.note('ida', at(5))
  const one = await round(0)
  const second = lastSeen.note('ida', at(3))
  expect(lastSeen.of('ida')?.at).toBe(5)
  const third = lastSeen.note('ida', at(4))
  lastSeen.note('ida', at(2)).catch(() => {})
  one.end.resolve()
  await first
  expect(lastSeen.of('ida')?.at).toBe(4)
  const two = await round(1)
  two.end.resolve()
  await Promise.all([second, third])
})

test('a statement that fails is told to those it was for, and the next goes on', async () => {
  const { lastSeen, round } = slowly()
  const lost = lastSeen.note('ida', at(1))
  const one = await round(0)
  const kept = lastSeen.note('bo', at(2))
  one.end.reject(new Error('no room left'))
  await expect(lost).rejects.toThrow('no room left')
  expect(lastSeen.of('ida')).toBeUndefined()
  const two = await round(1)
  two.end.resolve()
  await kept
})

test('it is settled once all that was noted is written or lost', async () => {
  const { lastSeen, round } = slowly()
  await lastSeen.settled()
  lastSeen.note('ida', at(1)).catch(() => {})
  const one = await round(0)
  lastSeen.note('bo', at(2)).catch(() => {})
  let isSettled = false
  const settled = lastSeen.settled().then(() => {
    isSettled = true
  })
  one.end.reject(new Error('no room left'))
  const two = await round(1)
  expect(isSettled).toBe(false)
  two.end.resolve()
  await settled
})
