/** The bank wants the saver's approval: from being asked for it, over the mails, to what comes of it. */
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { Payment } from '../../src/generated/client.ts'
import { linkBank, newAdmin, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import {
  answerApproval,
  type Bench,
  CONFIRM,
  callsSeen,
  type Pledge,
  paymentOf,
  pledge,
  pledgeOf,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

const current = useBench({ settings: { APPROVAL_REMINDER_MINUTES: '5' } })
const paper = useBench({ settings: { NORDEA_PROFILE: 'paper' } })
const control = () => current.app.sandbox.control

/** Several check-offs of one saver, due at the same moment. */
async function pledges(bench: Bench, count: number): Promise<{ saver: Person; all: Pledge[] }> {
  const saver = await newLinkedSaver(bench.app)
  const all: Pledge[] = []
  for (let index = 0; index < count; index += 1) all.push(await pledgeOf(bench, saver, String(10 + index)))
  return { saver, all }
}

/** One look of a worker at the moment the last of them is due. */
async function lookTogether(
  bench: Bench,
  all: readonly Pledge[],
  settle = worker(bench),
): Promise<Payment[]> {
  for (const each of all) await toNextAction(bench, each)
  const [first] = all
  if (first) await settle(first)
  return Promise.all(all.map((each) => paymentOf(bench, each)))
}

/** Takes new mails to this saver out of the queue, over SMTP. */
async function mailsTo(bench: Bench, { email }: Person) {
  await bench.app.sendMails()
  return bench.app.mail
    .messages()
    .filter(({ to, subject }) => to.includes(email) && /approval/.test(subject))
    .reverse()
}

const statesIn = (payments: readonly Payment[]) => payments.map(({ state }) => state)
const bySaver = ({ saver }: Pledge) =>
  ({ kind: 'saver', id: saver.user.id, ip: null, requestId: null }) as const

describe('when the bank wants an approval', () => {
  test('is the bank’s decision: never, always, or above an amount', async () => {
    control().setApproval('never')
    expect(await statesOf(current, await settled(await pledge(current)))).not.toContain('AWAITING_APPROVAL')
    control().setApproval('always')
    await settleUntil(current, await pledge(current), 'AWAITING_APPROVAL')
    control().setApproval({ aboveMinor: 2_500 })
    await settled(await pledge(current, '25'))
    await settleUntil(current, await pledge(current, '25,01'), 'AWAITING_APPROVAL')
  })

  test('of two that are due together, the one above the amount waits and the other is paid', async () => {
    control().setApproval({ aboveMinor: 1_000 })
    const { all } = await pledges(current, 2)
    await lookTogether(current, all)
    const states = statesIn(await lookTogether(current, all))
    expect(states).toEqual(['PAID', 'AWAITING_APPROVAL'])
  })

  async function settled(pledged: Pledge): Promise<Pledge> {
    await settleUntil(current, pledged, 'PAID')
    return pledged
  }
})

describe('payments that are due together', () => {
  test.each([2, 5])('are confirmed in one call, and one approval is enough for all %d', async (count) => {
    control().setApproval('always')
    const { saver, all } = await pledges(current, count)
    control().clearRequests()
    const waiting = await lookTogether(current, all)
    expect(new Set(statesIn(waiting))).toEqual(new Set(['AWAITING_APPROVAL']))
    expect(new Set(waiting.map(({ approvalUrl }) => approvalUrl)).size).toBe(1)
    expect(callsSeen(current).filter((call) => call === 'confirm')).toHaveLength(1)
    expect(callsSeen(current).filter((call) => call === 'list accounts')).toHaveLength(1)
    expect(await mailsTo(current, saver)).toHaveLength(1)
    await answerApproval(waiting[0]?.approvalUrl ?? '', 'approve')
    for (const each of all) await settleUntil(current, each, 'PAID')
    expect(await mailsTo(current, saver)).toHaveLength(1)
  })

  test.each([2, 5])('are confirmed and approved each by its own with version 3, all %d', async (count) => {
    const { control } = paper.app.sandbox
    control.setApproval('always')
    const { saver, all } = await pledges(paper, count)
    control.clearRequests()
    const waiting = await lookTogether(paper, all)
    const pages = new Set(waiting.map(({ approvalUrl }) => approvalUrl))
    expect(pages.size).toBe(count)
    expect(callsSeen(paper).filter((call) => call === 'confirm')).toHaveLength(count)
    expect(await mailsTo(paper, saver)).toHaveLength(count)
    const [first, ...others] = all
    await answerApproval(waiting[0]?.approvalUrl ?? '', 'approve')
    if (first) await settleUntil(paper, first, 'PAID')
    for (const other of others) expect((await paymentOf(paper, other)).state).toBe('AWAITING_APPROVAL')
    for (const { approvalUrl } of waiting.slice(1)) await answerApproval(approvalUrl ?? '', 'approve')
    for (const other of others) await settleUntil(paper, other, 'PAID')
  })

  test('that are found on their page in different runs are still one mail', async () => {
    control().setApproval('always')
    const { saver, all } = await pledges(current, 2)
    const [first, second] = all as [Pledge, Pledge]
    control().addFault({ kind: 'drop-after', route: CONFIRM })
    expect(statesIn(await lookTogether(current, all))).toEqual(['UNKNOWN', 'UNKNOWN'])
    const { nextActionAt } = await paymentOf(current, first)
    await current.app.deps.db.prisma.payment.update({
      where: { id: second.id },
      data: { nextActionAt: new Date((nextActionAt?.getTime() ?? 0) + SECOND) },
    })
    await settleUntil(current, first, 'AWAITING_APPROVAL')
    expect((await paymentOf(current, second)).state).toBe('UNKNOWN')
    await settleUntil(current, second, 'AWAITING_APPROVAL')
    expect(await mailsTo(current, saver)).toHaveLength(1)
  })

  test('that two workers find on their page at the same moment are still one mail', async () => {
    control().setApproval('always')
    const { saver, all } = await pledges(current, 2)
    control().addFault({ kind: 'drop-after', route: CONFIRM })
    await lookTogether(current, all)
    for (const each of all) await toNextAction(current, each)
    const { claimDue } = current.app.deps.models.payments
    const claims = await claimDue(saver.user.id)
    expect(claims).toHaveLength(2)
    // Each worker holds one of the two, and both have asked the bank before either writes down what it said.
    let open = () => {}
    let asked = 0
    const bothAsked = new Promise<void>((resolve) => {
      open = resolve
    })
    await Promise.all(
      claims.map((claim) =>
        worker(current, {
          payments: { claimDue: async () => [claim] },
          bank: {
            order: async (...args) => {
              const answer = await current.app.deps.bank.order(...args)
              asked += 1
              if (asked === 2) open()
              await bothAsked
              return answer
            },
          },
        })({ saver }),
      ),
    )
    expect(statesIn(await Promise.all(all.map((each) => paymentOf(current, each))))).toEqual([
      'AWAITING_APPROVAL',
      'AWAITING_APPROVAL',
    ])
    expect(await mailsTo(current, saver)).toHaveLength(1)
  })
})

describe('the mail', () => {
  test('lists every payment with its habit and amount, and leads to our own page only', async () => {
    control().setApproval('always')
    const { saver, all } = await pledges(current, 3)
    const waiting = await lookTogether(current, all)
    const [mail, ...more] = await mailsTo(current, saver)
    expect(more).toEqual([])
    expect(mail?.subject).toBe('Nordea wants your approval')
    const habits = await current.app.deps.db.prisma.habit.findMany({ where: { userId: saver.user.id } })
    for (const text of [textOf(mail?.text ?? ''), textOf(mail?.html ?? '')]) {
      for (const { name } of habits) expect(text).toContain(name)
      for (const amount of ['10.00 kr', '11.00 kr', '12.00 kr']) expect(text).toContain(amount)
    }
    const links = [...`${mail?.text} ${mail?.html}`.matchAll(/https?:\/\/[^\s"<]+/g)].map(([url]) => url)
    expect(links.length).toBeGreaterThan(0)
    for (const link of links) expect(new URL(link).origin).toBe(current.app.baseUrl)
    expect(mail?.text).not.toContain(waiting[0]?.approvalUrl)
    const path = new URL(links[0] ?? '').pathname
    expect((await saver.visitor.get(path)).text).toContain(waiting[0]?.approvalUrl)
  })

  test('comes again once, when the approval is late', async () => {
    control().changeSettings({ approvalSeconds: 3_600 })
    control().setApproval('always')
    const { saver, all } = await pledges(current, 2)
    await lookTogether(current, all)
    expect(await mailsTo(current, saver)).toHaveLength(1)
    const begun = current.clock.now().getTime()
    let remindedAfterMs = 0
    while (current.clock.now().getTime() - begun < 40 * MINUTE) {
      await lookTogether(current, all)
      const mails = await mailsTo(current, saver)
      if (mails.length > 1 && remindedAfterMs === 0) remindedAfterMs = current.clock.now().getTime() - begun
    }
    const mails = await mailsTo(current, saver)
    expect(mails.map(({ subject }) => subject)).toEqual([
      'Nordea wants your approval',
      'Nordea is still waiting for your approval',
    ])
    expect(remindedAfterMs).toBeGreaterThanOrEqual(5 * MINUTE)
    expect(remindedAfterMs).toBeLessThan(8 * MINUTE)
    for (const amount of ['10.00\u00a0kr', '11.00\u00a0kr']) expect(mails[1]?.text).toContain(amount)
    control().changeSettings({ approvalSeconds: 600 })
  })

  test('does not come again when the approval was given before, nor when its time has come but not the mail’s turn', async () => {
    control().setApproval('always')
    const pledged = await pledge(current)
    const waiting = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    current.clock.advance(4 * MINUTE)
    await worker(current)(pledged)
    const { remind } = current.app.deps.models.payments
    current.clock.advance(2 * MINUTE)
    // The reminder lies in the queue when the approval is given and followed.
    await worker(current, {
      payments: {
        remind: async (claim) => {
          await remind(claim)
          await answerApproval(waiting.approvalUrl ?? '', 'approve')
        },
      },
    })(pledged)
    await settleUntil(current, pledged, 'PAID')
    expect(await mailsTo(current, pledged.saver)).toEqual([])
    const quick = await pledge(current)
    const asked = await settleUntil(current, quick, 'AWAITING_APPROVAL')
    expect(await mailsTo(current, quick.saver)).toHaveLength(1)
    await answerApproval(asked.approvalUrl ?? '', 'approve')
    current.clock.advance(20 * MINUTE)
    await settleUntil(current, quick, 'PAID')
    expect(await mailsTo(current, quick.saver)).toHaveLength(1)
  })
})

describe('what comes of it', () => {
  test('refused: nothing moves, the page says so and offers another try, which needs an approval of its own', async () => {
    control().setApproval('always')
    const pledged = await pledge(current)
    const waiting = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    await answerApproval(waiting.approvalUrl ?? '', 'refuse')
    expect(await settleUntil(current, pledged, 'REJECTED')).toMatchObject({ reason: 'approval-cancelled' })
    const { visitor } = pledged.saver
    const path = `/payments/${pledged.id}`
    const page = textOf((await visitor.get(path)).text)
    expect(page).toContain('No money has moved.')
    expect(page).toContain('The approval was cancelled at Nordea.')
    expect(page).toContain('Try again')
    expect(page).not.toContain('Approve at Nordea')
    const again = await visitor.post(`${path}/again`)
    const id = again.headers.location?.split('/')[2] ?? ''
    const retried = { ...pledged, id, externalId: (await paymentOf(current, { id })).externalId }
    const asked = await settleUntil(current, retried, 'AWAITING_APPROVAL')
    expect(asked.approvalUrl).not.toBe(waiting.approvalUrl)
    expect(await mailsTo(current, pledged.saver)).toHaveLength(1)
    await answerApproval(asked.approvalUrl ?? '', 'approve')
    await settleUntil(current, retried, 'PAID')
  })

  test('nobody answers: it expires and can be tried again', async () => {
    control().setApproval('always')
    const { saver, all } = await pledges(current, 2)
    await lookTogether(current, all)
    current.clock.advance(11 * MINUTE)
    for (const each of all)
      expect(await settleUntil(current, each, 'EXPIRED')).toMatchObject({ reason: 'approval-timeout' })
    const page = textOf((await saver.visitor.get(`/payments/${all[0]?.id}`)).text)
    expect(page).toContain('The approval did not come in time. No money has moved.')
    expect(page).toContain('Try again')
  })

  test('approved while a worker is looking: the look finds the old state, the next one the new', async () => {
    control().setApproval('always')
    const pledged = await pledge(current)
    const waiting = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    await toNextAction(current, pledged)
    const { order } = current.app.deps.bank
    await worker(current, {
      bank: {
        order: async (...args) => {
          const before = await order(...args)
          await answerApproval(waiting.approvalUrl ?? '', 'approve')
          return before
        },
      },
    })(pledged)
    expect((await paymentOf(current, pledged)).state).toBe('AWAITING_APPROVAL')
    await settleUntil(current, pledged, 'PAID')
    expect((await statesOf(current, pledged)).filter((state) => state === 'AWAITING_APPROVAL')).toHaveLength(
      1,
    )
  })

  test('the consent is revoked meanwhile: it waits, and goes on when the bank is linked again', async () => {
    control().setApproval('always')
    const pledged = await pledge(current)
    const waiting = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    const { consents } = current.app.deps.models
    const live = await consents.live(pledged.saver.user.id)
    await consents.revoke(pledged.saver.user.id, live?.id ?? '', bySaver(pledged))
    await answerApproval(waiting.approvalUrl ?? '', 'approve')
    current.clock.advance(6 * HOUR)
    await worker(current)(pledged)
    expect((await paymentOf(current, pledged)).state).toBe('AWAITING_APPROVAL')
    await linkBank(current.app, pledged.saver)
    await settleUntil(current, pledged, 'PAID')
  })

  test('the bank shows another page for it: the saver is led there, and gets no second mail', async () => {
    control().setApproval('always')
    const pledged = await pledge(current)
    const waiting = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    const moved = `${waiting.approvalUrl}?moved=1`
    const { order } = current.app.deps.bank
    await toNextAction(current, pledged)
    await worker(current, {
      bank: {
        order: async (...args) => {
          const answer = await order(...args)
          return answer.kind === 'order'
            ? { ...answer, order: { ...answer.order, approvalUrl: moved } }
            : answer
        },
      },
    })(pledged)
    expect(await paymentOf(current, pledged)).toMatchObject({
      state: 'AWAITING_APPROVAL',
      approvalUrl: moved,
    })
    expect((await pledged.saver.visitor.get(`/payments/${pledged.id}`)).text).toContain(`href="${moved}"`)
    expect(await mailsTo(current, pledged.saver)).toHaveLength(1)
  })
})

describe('an approval that the saver gives at the bank is followed', () => {
  async function waitingOne(): Promise<{ pledged: Pledge; approve: () => Promise<void> }> {
    control().setApproval('always')
    const pledged = await pledge(current)
    const { approvalUrl } = await settleUntil(current, pledged, 'AWAITING_APPROVAL')
    return { pledged, approve: () => answerApproval(approvalUrl ?? '', 'approve') }
  }

  test('although all payments are stopped', async () => {
    const { pledged, approve } = await waitingOne()
    const { stops } = current.app.deps.models
    const admin = await newAdmin(current.app)
    const by = { kind: 'admin', id: admin.user.id, ip: null, requestId: null } as const
    await stops.start('a rehearsal', by)
    await approve()
    await settleUntil(current, pledged, 'PAID')
    await stops.end(by)
  })

  test('although the saver has paused all savings', async () => {
    const { pledged, approve } = await waitingOne()
    await current.app.deps.db.prisma.user.update({
      where: { id: pledged.saver.user.id },
      data: { pausedUntil: new Date(current.clock.now().getTime() + HOUR) },
    })
    await approve()
    await settleUntil(current, pledged, 'PAID')
  })
})
