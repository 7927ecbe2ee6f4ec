import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { SECOND } from '../../src/clock.ts'
import { createGuesser } from '../../src/models/password/guesser.ts'

const LIMITS = { restMs: 60 * SECOND, waiting: 2 }
const OF_FORM = { password: 'P@ssw0rd123!', about: [] }
const LONG = { password: 'a1B2'.repeat(25), about: [] }

afterEach(() => {
  vi.useRealTimers()
  process.removeAllListeners('worker')
})

test('while a long password is judged, the process does other things', async () => {
  let others = 0
  let isJudged = false
  const judged = createGuesser(LIMITS)
    .judge(LONG)
    .finally(() => {
      isJudged = true
    })
  while (!isJudged) {
    await new Promise((resolve) => setImmediate(resolve))
    others += 1
  }
  expect((await judged).score).toBeLessThan(3)
  expect(others).toBeGreaterThan(50)
})

test('answers go to those who asked, in their order', async () => {
  const guesser = createGuesser(LIMITS)
  const judged = await Promise.all([
    guesser.judge(OF_FORM),
    guesser.judge({ password: 'Quiet-otter-39-lakes', about: [] }),
  ])
  expect(judged).toEqual([
    { score: 1, warning: 'similarToCommon' },
    { score: 4, warning: null },
  ])
})

test('when no more passwords come the thread ends, and the next one begins another', async () => {
  const begun = watchThreads()
  const guesser = createGuesser(LIMITS)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await guesser.judge(OF_FORM)
  vi.advanceTimersByTime(LIMITS.restMs - 1)
  await guesser.judge(OF_FORM)
  expect(begun).toHaveLength(1)
  vi.advanceTimersByTime(LIMITS.restMs - 1)
  expect(begun[0]?.threadId).toBeGreaterThan(0)
  const ended = new Promise((resolve) => begun[0]?.once('exit', resolve))
  vi.advanceTimersByTime(1)
  await ended
  expect((await guesser.judge(OF_FORM)).score).toBe(1)
  expect(begun).toHaveLength(2)
})

test('more than may wait are refused, and those that wait are answered', async () => {
  const guesser = createGuesser(LIMITS)
  const asked = [guesser.judge(OF_FORM), guesser.judge(OF_FORM)]
  await expect(guesser.judge(OF_FORM)).rejects.toThrow('too many passwords wait')
  expect((await Promise.all(asked)).map(({ score }) => score)).toEqual([1, 1])
  expect((await guesser.judge(OF_FORM)).score).toBe(1)
})

test('of a password whose thread has ended nothing is known, and the next one is judged', async () => {
  const begun = watchThreads()
  const guesser = createGuesser(LIMITS)
  const asked = guesser.judge(OF_FORM)
  await once(process, 'worker')
  begun[0]?.terminate()
  await expect(asked).rejects.toThrow('has ended')
  expect((await guesser.judge(OF_FORM)).score).toBe(1)
})

/** Every thread that this process begins from now on. */
function watchThreads(): Worker[] {
  const begun: Worker[] = []
  process.on('worker', (worker) => begun.push(worker))
  return begun
}
