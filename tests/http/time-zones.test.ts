/** A saver who changes the time zone goes through some days twice, and no period pays twice. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR, ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'

const clock = new ManualClock(new Date('2026-06-17T21:30:00.000Z'))
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

async function moveTo(saver: Person, timezone: string): Promise<void> {
  await saver.visitor.get('/settings')
  const wish = { fullName: 'Ida Berg', timezone, dayStartHour: '0', weekStart: '1', locale: 'en' }
  const answer = await saver.visitor.post('/settings', wish)
  expect(answer.status).toBe(303)
}

const daysPaid = async (saver: Person) =>
  (
    await app.deps.db.prisma.checkOff.findMany({
      where: { userId: saver.user.id, paymentId: { not: null } },
      orderBy: { at: 'asc' },
      include: { payment: true },
    })
  ).map(({ day, payment }) => [day.toISOString().slice(0, 10), payment?.amountMinor])

test('a check-off on each side of a change of time zone is one of each day, and none of a day that comes again', async () => {
  const saver = await newLinkedSaver(app)
  await moveTo(saver, 'Europe/Copenhagen')
  const habitId = await newHabit(app, saver)
  const offer = await offerOf(app, saver, habitId)
  expect(offer.day).toBe('2026-06-17')
  await checkOff(app, saver, habitId)

  await moveTo(saver, 'Pacific/Auckland')
  expect((await offerOf(app, saver, habitId)).day).toBe('2026-06-18')
  await checkOff(app, saver, habitId)

  for (const timezone of [
    'Europe/Copenhagen',
    'Pacific/Honolulu',
    'Pacific/Kiritimati',
    'Europe/Copenhagen',
  ]) {
    await moveTo(saver, timezone)
    await expect(offerOf(app, saver, habitId)).rejects.toThrow('nothing to check off')
    for (const day of ['2026-06-16', '2026-06-17', '2026-06-18', '2026-06-19'])
      await saver.visitor.post(`/habits/${habitId}/checkoff`, { ...offer, day })
  }

  // Midnight of the day that was checked off ahead, and then one that is new.
  clock.advance(3 * HOUR)
  await expect(offerOf(app, saver, habitId)).rejects.toThrow('nothing to check off')
  clock.advance(24 * HOUR)
  await saver.visitor.post('/login', { email: saver.email, password: 'Quiet-otter-39-lakes' })
  expect((await offerOf(app, saver, habitId)).day).toBe('2026-06-19')
  expect(await daysPaid(saver)).toEqual([
    ['2026-06-17', 2_500],
    ['2026-06-18', 2_500],
  ])
})

test.each([
  ['spring', '2027-03-28', '2027-03-27T23:30:00.000Z'],
  ['autumn', '2026-10-25', '2026-10-24T22:30:00.000Z'],
])(
  'the night in which clocks change in %s has one day, however often its hours are counted',
  async (_when, day, begin) => {
    const own = new ManualClock(new Date(begin))
    const other = await startTestApp({ clock: own })
    try {
      const saver = await newLinkedSaver(other)
      const habitId = await newHabit(other, saver)
      const offer = await offerOf(other, saver, habitId)
      expect(offer.day).toBe(day)
      await checkOff(other, saver, habitId)
      for (let hour = 0; hour < 5; hour += 1) {
        own.advance(HOUR)
        await expect(offerOf(other, saver, habitId)).rejects.toThrow('nothing to check off')
        const { status } = await saver.visitor.post(`/habits/${habitId}/checkoff`, offer)
        expect(status).toBe(303)
      }
      expect(await other.deps.db.prisma.payment.count({ where: { userId: saver.user.id } })).toBe(1)
    } finally {
      await other.close()
    }
  },
)
