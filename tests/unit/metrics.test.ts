/** What a page can tell of the requests of its process, as near as the histogram's bounds allow. */
import { expect, test } from 'vitest'
import { createRequestMetrics } from '../../src/metrics.ts'

const PAGE = { method: 'GET', route: '/dashboard' }

function figuresOf(durationsMs: readonly number[], status = 200) {
  const metrics = createRequestMetrics()
  for (const ms of durationsMs) metrics.observe({ ...PAGE, status, ms })
  return metrics.byRoute()[0]
}

test('counts and errors are exact, by route, the most asked first', () => {
  const metrics = createRequestMetrics()
  for (const status of [200, 303, 404, 500]) metrics.observe({ ...PAGE, status, ms: 1 })
  metrics.observe({ method: 'PATCH', route: '(none)', status: 405, ms: 1 })
  expect(metrics.byRoute()).toMatchObject([
    { ...PAGE, count: 4, refused: 1, errors: 1 },
    { method: 'other', route: '(none)', count: 1, refused: 1, errors: 0 },
  ])
})

test('nothing is told before anything was asked', () => {
  expect(createRequestMetrics().byRoute()).toEqual([])
})

test.each([
  // All within 5 ms: half of the way to the bound, and 95 hundredths of it.
  ['the first bound', Array(100).fill(3), 0.0025, 0.00475],
  // 50 and 100 ms are bounds; spread evenly in between.
  ['two bounds', Array(100).fill(80), 0.075, 0.0975],
  // A tenth is slow: half is found among the quick ones, 95 of 100 in the middle of the slow ones.
  ['some slow ones', [...Array(90).fill(3), ...Array(10).fill(700)], 0.005 * (50 / 90), 0.75],
  // Beyond 30 seconds nothing more is known.
  ['what never ends', Array(10).fill(45_000), 30, 30],
])('times are estimated from %s', (_what, durationsMs, median, slow) => {
  const figures = figuresOf(durationsMs)
  expect(figures?.median).toBeCloseTo(median, 6)
  expect(figures?.slow).toBeCloseTo(slow, 6)
})
