/** Back from the bank's approval page, however one gets there, and what the dashboard says before. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import type { Payment } from '../../src/generated/client.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const RETURN = '/payments/return'
const clock = new ManualClock(new Date())
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
beforeEach(() => app.sandbox.control.setApproval('always'))
afterEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.setSettleDelay(0)
})
afterAll(() => app.close())

interface Waiting {
  saver: Person
  payments: Payment[]
  approvalUrl: string
}

/** A saver whose payments all wait for one approval. */
async function waiting(count = 3, saver?: Person): Promise<Waiting> {
  const person = saver ?? (await newLinkedSaver(app))
  for (let index = 0; index < count; index += 1)
    await checkOff(app, person, await newHabit(app, person, { name: `Habit ${index} ${randomUUID()}` }))
  clock.advance(MINUTE)
  await app.settleDue()
  const payments = (await paymentsOf(person)).filter(({ state }) => state === 'AWAITING_APPROVAL')
  return { saver: person, payments, approvalUrl: payments.at(-1)?.approvalUrl ?? '' }
}

function paymentsOf({ user }: Person): Promise<Payment[]> {
  return app.deps.db.prisma.payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })
}

/** Answers at the bank. @returns the path it sends the browser back to. */
async function answerAtBank(url: string, answer: 'approve' | 'refuse'): Promise<string> {
  const reply = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ answer }),
    redirect: 'manual',
  })
  const back = new URL(reply.headers.get('location') ?? '')
  expect(back.origin).toBe(app.baseUrl)
  return back.pathname + back.search
}

async function follow(): Promise<void> {
  for (let look = 0; look < 3; look += 1) {
    await app.settleDue()
    clock.advance(5 * SECOND)
  }
}

const statesOf = async (saver: Person) => (await paymentsOf(saver)).map(({ state }) => state)
const asksItself = (html: string) => /data-refresh-seconds/.test(html)
const refreshIn = (html: string) => /<noscript><meta http-equiv="refresh" content="([^"]+)">/.exec(html)?.[1]
const looksAt = (payments: readonly Payment[]) =>
  app.sandbox.control
    .requests()
    .filter(
      ({ method, path }) =>
        method === 'GET' && payments.some((each) => path.endsWith(`/${each.bankPaymentId}`)),
    )

describe('back from the bank', () => {
  test('after an approval the page lists all it was for, follows them, and ends when they have arrived', async () => {
    const { saver, payments, approvalUrl } = await waiting()
    const back = await answerAtBank(approvalUrl, 'approve')
    expect(back).toContain(`state=${payments[0]?.id}`)
    const first = await saver.visitor.get(back)
    expect(first.status).toBe(200)
    for (const { id } of payments) expect(first.text).toContain(`href="/payments/${id}"`)
    expect(textOf(first.text)).toContain('We are asking Nordea how it went.')
    expect(asksItself(first.text)).toBe(true)
    expect(refreshIn(first.text)).toBe('5; url=/payments/return?look=1&amp;auto=1')
    // What the browser said is not believed: nothing has changed before the bank was asked.
    expect(await statesOf(saver)).toEqual(payments.map(() => 'AWAITING_APPROVAL'))
    await follow()
    const last = await saver.visitor.get(`${RETURN}?look=1`)
    for (const { id } of payments) expect(last.text).toContain(`href="/payments/${id}"`)
    expect(textOf(last.text).split('Saved').length - 1).toBe(3)
    expect(textOf(last.text)).toContain('Nordea has told us how it went.')
    expect([asksItself(last.text), refreshIn(last.text)]).toEqual([false, undefined])
  })

  test('after a refusal it says so, and each payment leads to where it can be tried again', async () => {
    const { saver, payments, approvalUrl } = await waiting(2)
    const back = await answerAtBank(approvalUrl, 'refuse')
    await saver.visitor.get(back)
    await follow()
    const page = await saver.visitor.get(back)
    expect(textOf(page.text).split('The approval was cancelled at Nordea.').length - 1).toBe(2)
    expect(asksItself(page.text)).toBe(false)
    expect((await saver.visitor.get(`/payments/${payments[0]?.id}`)).text).toContain('Try again')
  })

  test('too late it says that the approval did not come in time', async () => {
    const { saver, payments } = await waiting(1)
    clock.advance(11 * MINUTE)
    await saver.visitor.get(`${RETURN}?state=${payments[0]?.id}&success=true`)
    await follow()
    const page = await saver.visitor.get(`${RETURN}?state=${payments[0]?.id}&success=true`)
    expect(textOf(page.text)).toContain('Expired The approval did not come in time.')
  })

  test('without having answered it says what is still wanted, with the way there', async () => {
    const { saver, payments, approvalUrl } = await waiting(2)
    const page = await saver.visitor.get(`${RETURN}?state=${payments[0]?.id}&success=true`)
    expect(textOf(page.text)).toContain('Nordea wants your approval: 2 payments, 50.00')
    expect(page.text).toContain(`href="${approvalUrl}"`)
    await follow()
    expect(await statesOf(saver)).toEqual(['AWAITING_APPROVAL', 'AWAITING_APPROVAL'])
  })

  test('with one of two pages answered it shows what became of those, and that the others still wait', async () => {
    const first = await waiting(2)
    const second = await waiting(1, first.saver)
    expect(second.payments).toHaveLength(3)
    const back = await answerAtBank(first.approvalUrl, 'approve')
    await first.saver.visitor.get(back)
    await follow()
    const page = await first.saver.visitor.get(back)
    expect(textOf(page.text).split('Saved').length - 1).toBe(2)
    expect(textOf(page.text)).toContain('Nordea wants your approval: 25.00')
    expect(page.text).toContain(`href="${second.approvalUrl}"`)
    expect(asksItself(page.text)).toBe(true)
  })

  test('opened again long after, it leads to the payment or to the list, and asks the bank nothing', async () => {
    const { saver, payments, approvalUrl } = await waiting(2)
    const back = await answerAtBank(approvalUrl, 'approve')
    await saver.visitor.get(back)
    await follow()
    expect(await statesOf(saver)).toEqual(['PAID', 'PAID'])
    clock.advance(HOUR)
    app.sandbox.control.clearRequests()
    const replay = await saver.visitor.get(back)
    expect([replay.status, replay.headers.location]).toEqual([303, `/payments/${payments[0]?.id}`])
    const page = await saver.visitor.get(`/payments/${payments[0]?.id}`)
    expect(textOf(page.text)).toContain('Nothing waits for your approval. Here is where it stands.')
    for (const query of ['', `?state=${randomUUID()}`, '?state=x&success=true']) {
      const answer = await saver.visitor.get(RETURN + query)
      expect([answer.status, answer.headers.location]).toEqual([303, '/payments'])
    }
    await app.settleDue()
    expect(looksAt(payments)).toEqual([])
  })

  test('with the state of somebody else it shows one’s own, and touches nothing of theirs', async () => {
    const theirs = await waiting(1)
    const own = await waiting(1)
    const before = await paymentsOf(theirs.saver)
    for (const state of [theirs.payments[0]?.id, randomUUID(), 'x', '']) {
      const page = await own.saver.visitor.get(`${RETURN}?state=${state}&success=true`)
      expect(page.status).toBe(200)
      expect(page.text).toContain(`href="/payments/${own.payments[0]?.id}"`)
      // The link to the languages leads back to the very address that was asked for.
      const shown = page.text.replaceAll(/href="\/language[^"]*"/g, '')
      expect(shown).not.toContain(theirs.payments[0]?.id)
      expect(shown).not.toContain(theirs.approvalUrl)
    }
    expect(await paymentsOf(theirs.saver)).toEqual(before)
    const stranger = await new Visitor(app).get(`${RETURN}?state=${theirs.payments[0]?.id}`)
    expect([stranger.status, stranger.headers.location]).toEqual([303, '/login'])
  })

  test('however often it is opened, the bank is asked once in five seconds for each payment', async () => {
    const { saver, payments } = await waiting(2)
    app.sandbox.control.clearRequests()
    const reload = async () => {
      for (let time = 0; time < 5; time += 1) {
        await Promise.all([saver.visitor.get(RETURN), saver.visitor.get(RETURN)])
        await app.settleDue()
      }
      return looksAt(payments).length
    }
    clock.advance(5 * SECOND)
    expect(await reload()).toBe(2)
    clock.advance(4_999)
    expect(await reload()).toBe(2)
    clock.advance(1)
    expect(await reload()).toBe(4)
  })

  test('tells the bank that the saver is there', async () => {
    const { saver } = await waiting(1)
    await app.deps.db.prisma.payment.updateMany({
      where: { userId: saver.user.id },
      data: { askedFromIp: null, askedOn: null },
    })
    await saver.visitor.get(RETURN)
    await app.settleDue()
    const [call] = await app.deps.models.bankCalls.latest(1)
    expect(call).toMatchObject({ onBehalfOfId: saver.user.id, method: 'GET', attended: true })
  })

  test('stops asking by itself after a while; a made-up count does not make it go on', async () => {
    const { saver } = await waiting(1)
    const refreshAt = async (look: string) =>
      refreshIn((await saver.visitor.get(`${RETURN}?look=${look}`)).text)
    expect(await refreshAt('22')).toBe('5; url=/payments/return?look=23&amp;auto=1')
    for (const look of ['23', '24', '-1', '1.5', 'x', '9e99', '1&look=2'])
      expect(await refreshAt(look), look).toBeUndefined()
    expect((await saver.visitor.get(`${RETURN}?look=23`)).text).toContain('Check again')
  })
})

describe('the dashboard', () => {
  const notices = (html: string) =>
    [...html.matchAll(/<section class="notice notice--\w+">[\s\S]*?<\/section>/g)].map(([notice]) => notice)

  test('says once for each approval page what the bank wants, with the way there', async () => {
    const first = await waiting(3)
    const one = notices((await first.saver.visitor.get('/dashboard')).text)
    expect(one).toHaveLength(1)
    expect(textOf(one[0] ?? '')).toContain('Nordea wants your approval: 3 payments, 75.00')
    expect(one[0]).toContain(`href="${first.approvalUrl}"`)
    const second = await waiting(1, first.saver)
    const two = notices((await first.saver.visitor.get('/dashboard')).text)
    expect(two).toHaveLength(2)
    expect(textOf(two[1] ?? '')).toContain('Nordea wants your approval: 25.00')
    expect(two[1]).toContain(`href="${second.approvalUrl}"`)
    await answerAtBank(first.approvalUrl, 'approve')
    await first.saver.visitor.get(RETURN)
    await follow()
    expect(notices((await first.saver.visitor.get('/dashboard')).text)).toHaveLength(1)
  })

  test('says of a payment that the bank holds back without a page what it says, and leads to the payment', async () => {
    app.sandbox.control.setApproval('never')
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    const [payment] = await paymentsOf(saver)
    const by = { kind: 'worker', id: null, ip: null, requestId: null } as const
    clock.advance(MINUTE)
    const { payments } = app.deps.models
    const [claim] = await payments.claimDue(saver.user.id)
    if (!claim) throw new Error('nothing is due')
    const lookAgainAt = new Date(clock.now().getTime() + HOUR)
    let held = await payments.move(claim, { to: 'SENDING', keepLease: true }, by)
    held = await payments.move(held, { to: 'INITIATED', bankPaymentId: randomUUID(), keepLease: true }, by)
    held = await payments.move(held, { to: 'CONFIRMING', keepLease: true }, by)
    await payments.move(held, { to: 'AWAITING_APPROVAL', reason: 'bank-on-hold', lookAgainAt }, by)
    const [notice, ...more] = notices((await saver.visitor.get('/dashboard')).text)
    expect(more).toEqual([])
    expect(textOf(notice ?? '')).toContain('Nordea is having a closer look at this payment.')
    expect(notice).toContain(`href="/payments/${payment?.id}"`)
  })
})
