import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

const PAGE = '/admin/payments/stop'

let app: TestApp
let admin: Person
const clock = new ManualClock('2026-06-17T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
  await admin.visitor.get(PAGE)
})
afterAll(() => app.close())

const page = async ({ visitor }: Person, path: string) => textOf((await visitor.get(path)).text)

async function press(path: string, fields: Record<string, string> = {}): Promise<string> {
  const answer = await admin.visitor.post(path, fields)
  expect([answer.status, answer.headers.location]).toEqual([303, PAGE])
  return admin.visitor.flashes(PAGE)
}

async function settle(): Promise<void> {
  clock.advance(2 * MINUTE)
  await app.settleDue()
}

describe('stopping all payments', () => {
  test('needs a reason, and says so at the field', async () => {
    const before = await snapshot(app)
    for (const reason of ['', '   ', 'x'.repeat(301), 'a\nb']) {
      const { status, text } = await admin.visitor.post(PAGE, { reason })
      expect(status).toBe(422)
      expect(text).toContain('href="#reason"')
      expect(text).toMatch(/id="reason"[^>]*aria-invalid="true"/)
    }
    const { text } = await admin.visitor.post(PAGE, { reason: `<b>${'x'.repeat(300)}` })
    expect(text).toContain('value="&lt;b&gt;xxx')
    expect(await snapshot(app)).toEqual(before)
  })

  test('holds back what isn’t sent, tells savers, and lets it go on when it ends', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    expect((await admin.visitor.get('/admin')).text).toContain(`href="${PAGE}"`)
    expect(await page(admin, '/admin')).not.toContain('All payments are stopped')

    expect(await press(PAGE, { reason: 'Nordea books twice' })).toContain('All payments are stopped.')
    await settle()
    const [payment] = await app.deps.db.prisma.payment.findMany({ where: { userId: saver.user.id } })
    expect(payment).toMatchObject({ state: 'BLOCKED', reason: 'payments-stopped' })

    const shown = await page(admin, PAGE)
    expect(shown).toContain('Since 17 Jun 2026, 12:00 By Aino Lind Why Nordea books twice')
    expect(shown).toContain('Payments not sent yet 1 Held back by a stop 1')
    expect(await page(admin, '/admin')).toContain(
      'All payments are stopped Since 17 Jun 2026, 12:00 by Aino Lind: Nordea books twice',
    )

    const today = await page(saver, '/dashboard')
    expect(today).toContain('Sparvana has paused all payments Habits go on, and nothing is lost.')
    expect(today.match(/Sparvana has paused all payments/g)).toHaveLength(1)
    expect(today).not.toContain('Nordea books twice')
    expect(await page(saver, `/payments/${payment?.id}`)).toContain(
      'Sparvana has paused all payments. Nothing is lost',
    )

    expect(await press(`${PAGE}/end`)).toContain('Payments go on.')
    await app.settleDue()
    const [after] = await app.deps.db.prisma.payment.findMany({ where: { userId: saver.user.id } })
    expect(after?.state).not.toBe('BLOCKED')
    expect(await page(saver, '/dashboard')).not.toContain('Sparvana has paused all payments')
  })

  test('twice says that it is stopped already, and keeps the first reason', async () => {
    await press(PAGE, { reason: 'first' })
    expect(await press(PAGE, { reason: 'second' })).toContain('Payments were stopped already')
    expect(await page(admin, PAGE)).toContain('Why first')
    expect(await press(`${PAGE}/end`)).toContain('Payments go on.')
    expect(await press(`${PAGE}/end`)).toContain('Payments were not stopped.')
  })

  test('shows what is at the bank, by currency', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver, { amount: '40' }))
    app.sandbox.control.setApproval('always')
    await settle()
    app.sandbox.control.setApproval('never')
    expect(await page(admin, PAGE)).toMatch(/At the bank, not settled \(DKK\) [\d.]+.kr of 1.000.000\.00.kr/)
  })

  test('is not open to savers', async () => {
    const { visitor } = await newLinkedSaver(app)
    const before = await snapshot(app)
    expect((await visitor.get(PAGE)).status).toBe(403)
    expect((await visitor.post(PAGE, { reason: 'mischief' })).status).toBe(403)
    expect((await visitor.post(`${PAGE}/end`)).status).toBe(403)
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('the overview', () => {
  test('says how many payments are due, and when nobody takes them', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    expect(await page(admin, '/admin')).toContain('Payments due 0')
    clock.advance(2 * MINUTE)
    expect(await page(admin, '/admin')).toMatch(/Payments due [1-9]/)
    expect(await page(admin, '/admin')).not.toContain('Is the worker running?')
    clock.advance(10 * MINUTE)
    expect(await page(admin, '/admin')).toContain('Is the worker running?')
  })
})
