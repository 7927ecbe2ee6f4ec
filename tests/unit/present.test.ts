import { expect, test } from 'vitest'
import { Present } from '../../src/present.ts'
import { dice } from '../support/dice.ts'

test('whoever has come and not yet left is present, whatever the order in which others leave', () => {
  const seed = Date.now()
  console.log(`seed ${seed}`)
  const random = dice(seed)
  const present = new Present<number>()
  const expected = new Map<number, () => void>()
  for (let step = 0; step < 5_000; step += 1) {
    const isComing = expected.size === 0 || (expected.size < 40 && random() < 0.5)
    if (isComing) expected.set(step, present.add(step))
    else {
      const [who, leave] = [...expected][Math.floor(random() * expected.size)] as [number, () => void]
      expected.delete(who)
      leave()
      if (random() < 0.2) leave()
    }
    expect(present.size).toBe(expected.size)
    expect([...present].sort((a, b) => a - b)).toEqual([...expected.keys()])
  }
})

test('the same one can be present twice, and leaves each time by itself', () => {
  const present = new Present<string>()
  const first = present.add('somebody')
  const second = present.add('somebody')
  first()
  first()
  expect([...present]).toEqual(['somebody'])
  second()
  expect([...present]).toEqual([])
})
