import fc from 'fast-check'
import { expect, test } from 'vitest'
import { differencesIn } from './differences.ts'
import { lives } from './lives.ts'

const CASES = 2_000

test('the app and a slow, obvious reference agree about every life', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}: npm run prove:schedules -- --cases ${CASES} --seed ${seed}`)
  fc.assert(
    fc.property(lives, (life) => {
      expect(differencesIn(life)).toEqual([])
    }),
    { numRuns: CASES, seed },
  )
})
