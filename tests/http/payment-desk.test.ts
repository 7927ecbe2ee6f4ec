/** What admins do about payments: look, call off, try again, mark. What is paid, only the bank says. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import type { Payment } from '../../src/generated/client.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  newAdmin,
  newHabit,
  newLinkedSaver,
  type Person,
  type PersonWithFactor,
  postWithCode,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let admin: PersonWithFactor
let saver: Person
let payment: Payment

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
})
afterAll(() => app.close())
beforeEach(async () => {
  app.sandbox.control.clearFaults()
  saver = await newLinkedSaver(app)
  await checkOff(app, saver, await newHabit(app, saver, { name: 'A private habit' }))
  payment = await app.deps.db.prisma.payment.findFirstOrThrow({ where: { userId: saver.user.id } })
})

const now = () => app.deps.db.prisma.payment.findUniqueOrThrow({ where: { id: payment.id } })
const pageOf = (id = payment.id) => admin.visitor.get(`/admin/payments/${id}`)

async function act(deed: string, fields: Record<string, string> = {}) {
  await pageOf()
  clock.advance(MINUTE / 2)
  const { status, text } = await postWithCode(admin, `/admin/payments/${payment.id}/${deed}`, fields)
  return { status, text, said: textOf((await pageOf()).text) }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    clock.advance(MINUTE)
    await app.settleDue()
  }
}

describe('payments, as admins see them', () => {
  test('are listed and narrowed by state, saver and reference', async () => {
    const idsOf = async (query: string) =>
      [
        ...(await admin.visitor.get(`/admin/payments?${query}`)).text.matchAll(
          /"\/admin\/payments\/([0-9a-f-]{36})"/g,
        ),
      ].map(([, id]) => id)
    expect(await idsOf(`reference=${payment.reference.toLowerCase()}`)).toEqual([payment.id])
    expect(await idsOf(`saver=${saver.user.id}&state=SCHEDULED`)).toEqual([payment.id])
    expect(await idsOf(`saver=${saver.user.id}&state=PAID`)).toEqual([])
  })

  test('tell the whole story and nothing of what they are for', async () => {
    await settle()
    const page = await pageOf()
    for (const state of ['SCHEDULED', 'SENDING', 'INITIATED', 'CONFIRMING', 'ACCEPTED', 'PAID'])
      expect(page.text).toContain(`(${state})`)
    expect(page.text).not.toContain('A private habit')
  })

  test('have no way to be called paid by a person', async () => {
    const page = await pageOf()
    expect(
      [...page.text.matchAll(/action="([^"]+)"/g)]
        .map(([, action]) => action)
        .filter((a) => a?.includes(payment.id)),
    ).toEqual(['look', 'cancel', 'mark'].map((deed) => `/admin/payments/${payment.id}/${deed}`))
    const answer = await admin.visitor.post(`/admin/payments/${payment.id}/paid`, { state: 'PAID' })
    expect(answer.status).toBe(404)
  })
})

describe('calling a payment off', () => {
  test('that is not sent yet cancels it, and its saver can have it paid again', async () => {
    expect((await act('cancel')).said).toContain('Called off before it was sent.')
    expect(await now()).toMatchObject({ state: 'CANCELLED', reason: 'cancelled-by-us' })
    const shown = textOf((await saver.visitor.get(`/payments/${payment.id}`)).text)
    expect(shown).toContain('Sparvana has called this payment off')
    expect((await saver.visitor.post(`/payments/${payment.id}/again`)).status).toBe(303)
    await settle()
    expect(await app.deps.db.prisma.payment.count({ where: { userId: saver.user.id, state: 'PAID' } })).toBe(
      1,
    )
  })

  test('comes too late for an order at the bank', async () => {
    await settle()
    expect((await act('cancel')).said).toContain('Too late')
    expect((await now()).state).toBe('PAID')
  })

  test('and sending it at one moment: one of the two', async () => {
    clock.advance(2 * MINUTE)
    const by = { kind: 'admin', id: admin.user.id, ip: null, requestId: null } as const
    const [cancelled] = await Promise.all([
      app.deps.models.paymentDesk.cancel(payment.id, by),
      app.settleDue(),
    ])
    await settle()
    expect((await now()).state).toBe(cancelled === 'taken-back' ? 'CANCELLED' : 'PAID')
    const orders = app.sandbox.control
      .payments()
      .filter(({ externalId }) => externalId === payment.externalId)
    expect(orders).toHaveLength(cancelled === 'taken-back' ? 0 : 1)
  })
})

describe('trying again', () => {
  test('makes one new payment, and does not tell the bank where the admin is', async () => {
    await act('cancel')
    expect((await act('again')).said).toContain('A new payment carries it on.')
    expect((await act('again')).said).toContain('carries it on already')
    const [newer, ...more] = await app.deps.db.prisma.payment.findMany({
      where: { userId: saver.user.id, id: { not: payment.id } },
    })
    expect([more.length, newer?.askedFromIp]).toEqual([0, null])
  })

  test('does nothing for one that was paid', async () => {
    await settle()
    expect((await act('again')).said).toContain('has not ended without moving money')
    expect(await app.deps.db.prisma.payment.count({ where: { userId: saver.user.id } })).toBe(1)
  })
})

describe('looking again', () => {
  test('brings a waiting payment’s turn forward', async () => {
    await app.deps.models.savings.pause(saver.user, null, {
      kind: 'saver',
      id: saver.user.id,
      ip: null,
      requestId: null,
    })
    await settle()
    expect(await now()).toMatchObject({ state: 'BLOCKED', reason: 'savings-paused' })
    expect((await now()).nextActionAt?.getTime()).toBeGreaterThan(clock.now().getTime() + MINUTE)
    expect((await act('look')).said).toContain('looks at it at its next turn')
    expect((await now()).nextActionAt?.getTime()).toBeLessThanOrEqual(clock.now().getTime())
  })

  test('shortens no undo window', async () => {
    const { dueAt } = payment
    expect((await act('look')).said).toContain('There is nothing to look for')
    expect((await now()).nextActionAt).toEqual(dueAt)
  })
})

describe('a mark for review', () => {
  test('holds the saver’s payments until it is taken off, and stands in the list', async () => {
    expect((await act('mark', { reason: 'Looks odd' })).said).toContain('Marked.')
    expect(textOf((await admin.visitor.get('/admin/review')).text)).toMatch(/marked-for-review.* Looks odd/)
    await settle()
    expect(await now()).toMatchObject({ state: 'BLOCKED', reason: 'under-review' })
    expect((await act('mark', { reason: 'Again' })).said).toContain('It is marked already.')
    expect((await act('unmark')).said).toContain('The mark is off.')
    await settle()
    expect((await now()).state).toBe('PAID')
    expect(textOf((await admin.visitor.get('/admin/review')).text)).not.toContain('Looks odd')
    const trail = await app.deps.db.prisma.auditEvent.findMany({
      where: { objectId: payment.id, action: { in: ['payment.marked', 'payment.unmarked'] } },
      orderBy: { at: 'asc' },
    })
    expect(trail.map(({ action, actorId }) => [action, actorId])).toEqual([
      ['payment.marked', admin.user.id],
      ['payment.unmarked', admin.user.id],
    ])
  })

  test('needs a reason, and says so at the field', async () => {
    const { status, text } = await act('mark', { reason: '' })
    expect([status, /id="reason-error"/.test(text)]).toEqual([422, true])
  })

  test('outlives the nightly comparison', async () => {
    await act('mark', { reason: 'Stays' })
    await app.deps.models.reconciliation.compareBooks({ kind: 'worker', id: null, ip: null, requestId: null })
    expect(textOf((await admin.visitor.get('/admin/review')).text)).toMatch(/marked-for-review.* Stays/)
    await act('unmark')
  })
})
