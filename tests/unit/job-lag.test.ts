/** When a job that the worker should be doing is late. */
import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import { type Known, lagsOf } from '../../src/models/desk/job-lag.ts'

const NOW = new Date('2026-06-17T12:00:00.000Z')
const ago = (ms: number) => new Date(NOW.getTime() - ms)
const run = (name: string, ms: number) => ({ name, startedOn: ago(ms), finishedOn: ago(ms) })
const planned = (name: string, cron: string, createdOn = ago(30 * DAY)) => ({ name, cron, createdOn })

function lagOf(name: string, known: Partial<Known>) {
  const all = lagsOf({ runs: [], schedules: [], queues: [], oldestPaymentDueOn: null, now: NOW, ...known })
  return all.find((lag) => lag.name === name)
}

test.each([
  ['just now', 0, false],
  ['two minutes ago', 2 * MINUTE, false],
  ['longer ago', 2 * MINUTE + SECOND, true],
])('a round that ended %s', (_when, behindMs, isLate) => {
  expect(lagOf('seal', { runs: [run('seal', behindMs)] })).toMatchObject({ behindMs, isLate })
})

test('a round that was never seen is late', () => {
  expect(lagOf('detect', {})).toMatchObject({ behindMs: null, isLate: true })
})

test.each([
  ['25 hours ago', '17 3 * * *', 25 * HOUR, false],
  ['longer ago', '17 3 * * *', 25 * HOUR + SECOND, true],
  ['20 minutes ago', '*/10 * * * *', 20 * MINUTE, false],
  ['over 20 minutes ago', '*/10 * * * *', 20 * MINUTE + SECOND, true],
])('a job of the calendar that last began %s, planned at %s', (_when, cron, behindMs, isLate) => {
  const known = { runs: [run('care', behindMs)], schedules: [planned('care', cron)] }
  expect(lagOf('care', known)).toMatchObject({ behindMs, isLate })
})

test('one that is running just now is not late, however long ago it last began', () => {
  const known = { runs: [run('care', 3 * DAY)], schedules: [planned('care', '23 5 * * *')] }
  expect(lagOf('care', known)?.isLate).toBe(true)
  const queues = [{ name: 'care' as const, active: 1, oldestDueOn: null }]
  expect(lagOf('care', { ...known, queues })?.isLate).toBe(false)
})

test('one that has never run has until its first time, counted from when it was planned', () => {
  const of = (createdOn: Date) => lagOf('care', { schedules: [planned('care', '23 5 * * *', createdOn)] })
  expect(of(ago(HOUR))).toMatchObject({ behindMs: null, isLate: false })
  expect(of(ago(26 * HOUR))).toMatchObject({ behindMs: null, isLate: true })
})

test('payments and mails are as far behind as the oldest that is due', () => {
  expect(lagOf('settle', {})).toMatchObject({ behindMs: 0, isLate: false })
  expect(lagOf('settle', { oldestPaymentDueOn: ago(6 * MINUTE) })).toMatchObject({ isLate: true })
  const queues = [{ name: 'send-mail' as const, active: 0, oldestDueOn: ago(4 * MINUTE) }]
  expect(lagOf('send-mail', { queues })).toMatchObject({ behindMs: 4 * MINUTE, isLate: false })
})
