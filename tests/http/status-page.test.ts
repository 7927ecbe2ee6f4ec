/** One page on which an admin sees whether the service is well: what isn't, with where to go, and charts with their numbers. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import type { BankCall } from '../../src/generated/client.ts'
import { createRunNotes } from '../../src/jobs/handlers/run-notes.ts'
import { workerActor } from '../../src/models/context.ts'
import { ROUNDS } from '../../src/models/desk/job-lag.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { madeUpCall } from './support/calls.ts'

const PAGE = '/admin/status'
const HOSTILE = '"><img src=x onerror=alert(1)>'

/** Near the database's own time, by which it knows what is due; and at twenty past, far from the end of an hour. */
const clock = new ManualClock(new Date(Math.floor(Date.now() / HOUR) * HOUR + 20 * MINUTE))
let app: TestApp
let admin: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
  await app.sendMails()
})
afterAll(() => app.close())

/** The page when nobody has looked at it lately: figures are kept for ten seconds. */
async function look() {
  clock.advance(11 * SECOND)
  const answer = await admin.visitor.get(PAGE)
  expect(answer.status).toBe(200)
  return partsOf(answer.text)
}

function partsOf(html: string) {
  const verdict =
    /<section class="notice[^>]*aria-labelledby="verdict">([\s\S]*?)<\/section>/.exec(html)?.[1] ?? ''
  const charts = [...html.matchAll(/<figure class="card chart">([\s\S]*?)<\/figure>/g)].map(
    ([, chart = '']) => chart,
  )
  const chart = (id: string) => charts.find((each) => each.includes(`<h2 id="${id}">`)) ?? ''
  return {
    html,
    verdict: textOf(verdict),
    links: [...verdict.matchAll(/href="([^"]+)"/g)].map(([, href]) => href?.replaceAll('&amp;', '&')),
    charts: charts.map((each) => /<h2 id="(\w+)">/.exec(each)?.[1]),
    chart: (id: string) => textOf(chart(id)),
    rows: (id: string) =>
      [...chart(id).matchAll(/<tr role="row">([\s\S]*?)<\/tr>/g)].slice(1).map(([, row = '']) => textOf(row)),
    drawing: chart,
  }
}

/** Everything that is due, and what becomes due by that. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    clock.advance(MINUTE)
    await app.settleDue()
  }
}

/** What a worker does every few seconds. */
async function workerGoesRound(): Promise<void> {
  await app.sendMails()
  for (const name of ROUNDS) await createRunNotes(app.deps)(name)(() => app.deps.models.auditChain.seal())
}

/** And what it does at its times. */
async function workerWorks(): Promise<void> {
  await workerGoesRound()
  for (const { name } of await app.deps.queue.schedules()) await noted(name)(async () => {})
}

const noted = (name: string) => createRunNotes(app.deps)(name)

/** Calls that nobody made. */
async function calls(count: number, facts: Partial<BankCall>): Promise<void> {
  const rows = Array.from({ length: count }, () => madeUpCall(clock.now(), facts))
  await app.deps.db.prisma.bankCall.createMany({ data: rows })
}

describe('on the first day', () => {
  test('every chart says that there is nothing yet, and nobody has heard of a worker', async () => {
    const page = await look()
    expect(page.verdict).toBe(
      'One thing needs somebody The worker has never been heard of. Is it running? To the jobs',
    )
    expect(page.links).toEqual(['/admin/jobs'])
    expect(page.charts).toEqual(['calls', 'states', 'exposure', 'latency', 'lags', 'queues', 'requests'])
    expect(page.chart('calls')).toContain('Nobody has called the bank in the last 24 hours.')
    expect(page.chart('states')).toContain('There are no payments yet.')
    expect(page.chart('exposure')).toContain('Nothing is on its way.')
    expect(page.chart('latency')).toContain('Nobody has called the bank in the last five minutes.')
    expect(page.chart('queues')).toContain('Erasing accounts empty')
    expect(page.chart('lags')).toContain('Sealing the audit trail has never run')
  })

  test('all is well as soon as a worker goes round', async () => {
    await workerGoesRound()
    const page = await look()
    expect(page.verdict).toContain('All is well')
    expect(page.links).toEqual([])
  })
})

describe('what isn’t well', () => {
  beforeEach(workerWorks)
  afterEach(async () => {
    app.sandbox.control.clearFaults()
    app.sandbox.control.setApproval('never')
  })

  test('a stop of all payments comes first, with a reason that is shown and never obeyed', async () => {
    await app.deps.models.stops.start(`Nordea ${HOSTILE}`, {
      ...workerActor(null),
      kind: 'admin',
      id: admin.user.id,
    })
    await app.deps.db.prisma.user.update({
      where: { id: admin.user.id },
      data: { fullName: `Aino ${HOSTILE}` },
    })
    const page = await look()
    expect(page.verdict).toMatch(
      /^One thing needs somebody All payments are stopped\. Since [\w :,]+ by Aino/,
    )
    expect(page.links).toEqual(['/admin/payments/stop'])
    expect(page.html).toContain('Nordea &#34;&gt;&lt;img src=x onerror=alert(1)&gt;')
    expect(page.html).not.toContain('<img')
    await app.deps.models.stops.end(workerActor(null))
    expect((await look()).verdict).toContain('All is well')
  })

  test('open alarms, and differences of the comparison', async () => {
    const { prisma } = app.deps.db
    await prisma.alarm.create({ data: { rule: 'foreign-objects', key: 'somebody', at: clock.now() } })
    const seen = { firstSeenOn: clock.now(), lastSeenOn: clock.now() }
    await prisma.reconciliationDifference.create({
      data: { kind: 'order-missing', objectKey: randomUUID(), detail: { ours: '', theirs: '' }, ...seen },
    })
    const page = await look()
    expect(page.verdict).toContain('2 things need somebody 1 alarm is open.')
    expect(page.verdict).toContain('1 difference between books and bank is open.')
    expect(page.links).toEqual(['/admin/alarms', '/admin/review'])
    await prisma.alarm.updateMany({ data: { acknowledgedOn: clock.now(), acknowledgedById: admin.user.id } })
    await prisma.reconciliationDifference.updateMany({ data: { goneOn: clock.now() } })
    expect((await look()).verdict).toContain('All is well')
  })

  test('a worker that is silent for over two minutes, and lines that wait for their seal', async () => {
    await look()
    clock.advance(3 * MINUTE)
    const page = await look()
    expect(page.verdict).toMatch(/The worker is silent: nothing has been heard of it for [34] minutes\./)
    expect(page.verdict).toMatch(
      /\d+ lines wait in the audit trail for a seal; the oldest for [34] minutes\./,
    )
    expect(page.verdict).not.toContain('Late:')
    expect(page.rows('lags').find((row) => row.includes('seal'))).toContain('late')
    await workerGoesRound()
    expect((await look()).verdict).toContain('All is well')
  })

  test('one of the rounds that is late while the others go on, and a job that has failed', async () => {
    clock.advance(3 * MINUTE)
    for (const name of ROUNDS.filter((one) => one !== 'detect')) await noted(name)(async () => {})
    await noted('care')(async () => {})
    await noted('care')(() => Promise.reject(new Error('no'))).catch(() => {})
    await app.deps.queue.repeat('care', '23 5 * * *', { occasion: 'daily' })
    const page = await look()
    expect(page.verdict).toContain('Late: Looking for what is odd.')
    expect(page.verdict).toContain('Failed at the last run: Consents and accounts looked after.')
    expect(page.rows('lags').find((row) => row.includes('care'))).toContain('failed')
    await noted('care')(async () => {})
  })

  test('jobs of the calendar that did not come, and a comparison that is too long ago', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    await settle()
    await app.deps.queue.repeat('care', '23 5 * * *', { occasion: 'daily' })
    await app.deps.queue.repeat('retention', '47 4 * * *', { occasion: 'daily' })
    await app.deps.queue.repeat('erase', '*/10 * * * *', { userId: null })
    await workerWorks()
    expect((await look()).verdict).toContain('All is well')

    clock.advance(19 * MINUTE)
    await workerGoesRound()
    expect((await look()).verdict).toContain('All is well')
    clock.advance(2 * MINUTE)
    await workerGoesRound()
    const page = await look()
    expect(page.verdict).toContain('One thing needs somebody Late: Erasing accounts.')
    expect(page.rows('lags').find((row) => row.includes('erase'))).toContain('late 22 minutes ago 20 minutes')

    clock.advance(31 * HOUR)
    admin = await newAdmin(app)
    await workerGoesRound()
    const later = (await look()).verdict
    expect(later).toContain(
      'Late: Consents and accounts looked after, Erasing accounts and What was kept for long enough goes.',
    )
    expect(later).toContain('Books and bank have never been compared.')
    await workerWorks()
    const run = await app.deps.models.reconciliation.begin('daily')
    const counts = { paymentsChecked: 1, saversChecked: 1, saversSkipped: 0, differences: 0 }
    await app.deps.models.reconciliation.finish(run.id, counts)
    expect((await look()).verdict).toContain('All is well')
  })

  test('payments that are due and not taken, and mails that wait', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(5 * MINUTE)
    await workerWorks()
    expect((await look()).verdict).not.toContain('due and not taken')
    clock.advance(5 * MINUTE)
    await workerWorks()
    const page = await look()
    expect(page.verdict).toMatch(/1 payment is due and not taken; the oldest for (9|10) minutes\./)
    expect(page.chart('lags')).toMatch(/Payments the oldest is due for (9|10) minutes/)
    await settle()
    expect((await look()).verdict).not.toContain('due and not taken')
  })

  test('much trouble at the bank, and a bank that is left alone', async () => {
    const saver = await newLinkedSaver(app)
    clock.advance(6 * MINUTE)
    await workerWorks()
    app.sandbox.control.addFault({ kind: 'status', route: 'GET *accounts', status: 503, count: 100 })
    for (let turn = 0; turn < 5; turn += 1) await saver.visitor.get('/accounts/load')
    const page = await look()
    expect(page.verdict).toContain('Nordea has not answered for a while: it is left alone')
    expect(page.verdict).toMatch(/Of \d+ calls to Nordea in the last five minutes, \d+ had trouble\./)
    expect(new Set(page.links)).toEqual(new Set(['/admin/calls?outcome=trouble']))
    app.sandbox.control.clearFaults()
    clock.advance(MINUTE)
    await saver.visitor.get('/accounts/load')
    clock.advance(6 * MINUTE)
    await workerWorks()
    expect((await look()).verdict).toContain('All is well')
  })

  test('a few calls that went wrong are no trouble', async () => {
    clock.advance(6 * MINUTE)
    await workerWorks()
    await calls(4, { outcome: 'timeout' })
    expect((await look()).verdict).toContain('All is well')
    await calls(1, { outcome: 'timeout' })
    expect((await look()).verdict).toContain('Of 5 calls to Nordea in the last five minutes, 5 had trouble.')
    await calls(21, {})
    expect((await look()).verdict).toContain('All is well')
  })
})

describe('charts', () => {
  beforeEach(async () => {
    clock.advance(25 * HOUR - ((clock.now().getTime() - 20 * MINUTE) % HOUR))
    admin = await newAdmin(app)
  })

  test('of calls have a bar for each hour, those with trouble apart, and all of it as a table', async () => {
    await calls(3, { at: new Date(clock.now().getTime() - 2 * HOUR) })
    await calls(2, { at: new Date(clock.now().getTime() - 2 * HOUR), outcome: 'timeout' })
    await calls(9, { at: new Date(clock.now().getTime() - DAY) })
    const page = await look()
    expect(page.chart('calls')).toContain('In the last 24 hours 5 calls, 2 with trouble.')
    expect(page.rows('calls')).toHaveLength(24)
    expect(page.rows('calls').at(-3)).toMatch(/\d\d:00 5 2$/)
    const drawing = page.drawing('calls')
    expect(drawing).toMatch(
      /<svg class="bars"[^>]*role="img" aria-labelledby="calls-title calls-description"/,
    )
    expect(drawing).toContain(
      '<desc id="calls-description">5 calls, 2 with trouble. The busiest hour had 5.</desc>',
    )
    const heights = (tone: string) =>
      [
        ...drawing.matchAll(new RegExp(`part--${tone}" x="[^"]+" y="([^"]+)%"[^>]*height="([^"]+)%"`, 'g')),
      ].map(([, y, height]) => [y, height])
    expect(heights('attention')).toEqual([['60', '40']])
    expect(heights('plain')).toEqual([['0', '60']])
  })

  test('of calls go on counting as hours go by', async () => {
    await calls(2, {})
    expect((await look()).rows('calls').at(-1)).toMatch(/ 2 0$/)
    await calls(1, { outcome: 'timeout' })
    clock.advance(HOUR)
    await calls(4, {})
    const counts = (rows: string[]) => rows.slice(-3).map((row) => row.split(' ').slice(-2).join(' '))
    expect(counts((await look()).rows('calls'))).toEqual(['0 0', '3 1', '4 0'])
    clock.advance(HOUR)
    expect(counts((await look()).rows('calls'))).toEqual(['3 1', '4 0', '0 0'])
  })

  test('of the bank’s times go by its calls, whatever their names', async () => {
    await calls(19, { api: 'payments.list', durationMs: 100 })
    await calls(1, { api: 'payments.list', durationMs: 2_100, outcome: 'timeout' })
    await calls(1, { api: HOSTILE })
    const page = await look()
    expect(page.rows('latency')).toContain('List orders 20 1 100 ms 200 ms')
    expect(page.chart('latency')).toContain('List orders 100 ms, 200 ms')
    expect(page.html).not.toContain('<img')
  })

  test('of payments leave out what has arrived, and money on its way stands against its limit', async () => {
    const saver = await newLinkedSaver(app)
    app.sandbox.control.setApproval('always')
    await checkOff(app, saver, await newHabit(app, saver, { amount: '40' }))
    await settle()
    app.sandbox.control.setApproval('never')
    const page = await look()
    expect(page.chart('exposure')).toMatch(/DKK 40\.00.kr of 1.000.000\.00.kr/)
    expect(page.rows('exposure')[0]).toMatch(/^DKK 40\.00.kr 1.000.000\.00.kr 0\.0 %$/)
    expect(page.chart('states')).toContain('Needs your approval 1')
    expect(page.chart('states')).toMatch(/\d+ more ha(s|ve) arrived/)
    expect(page.drawing('states')).toContain('href="/admin/payments?state=AWAITING_APPROVAL"')
    expect(/<ul class="lanes">[\s\S]*?<\/ul>/.exec(page.drawing('states'))?.[0]).not.toContain('Saved')
  })

  test('of queues tell what waits, and of routes what this process has answered, errors too', async () => {
    await app.deps.db.transaction((tx) =>
      app.deps.queue.enqueue(tx, 'send-mail', { userId: admin.user.id, kind: 'password-changed' }),
    )
    const asked = async () => {
      const row = (await look()).rows('requests').find((each) => each.startsWith(`GET ${PAGE} `))
      return Number(row?.split(' ')[2])
    }
    const before = await asked()
    expect(await asked()).toBe(before + 1)
    await app.asOwner('ALTER TABLE "Habit" RENAME TO "Away"')
    await admin.visitor.get('/dashboard')
    await app.asOwner('ALTER TABLE "Away" RENAME TO "Habit"')
    const page = await look()
    expect(page.rows('queues').find((row) => row.includes('send-mail'))).toMatch(
      /^Mails send-mail [1-9]\d* 0 0/,
    )
    expect(page.rows('requests').find((row) => row.startsWith('GET /dashboard '))).toMatch(
      /^GET \/dashboard 1 0 1 \d/,
    )
    expect(page.chart('requests')).toContain('Of this process alone, since it started')
    expect(page.html).not.toMatch(/<meta[^>]*refresh/)
    expect(page.html).toContain(`href="${PAGE}">Look again</a>`)
  })

  test('are read once in ten seconds, however often they are looked at', async () => {
    await look()
    await calls(1, {})
    const before = partsOf((await admin.visitor.get(PAGE)).text).chart('calls')
    expect(before).toContain('Nobody has called the bank in the last 24 hours.')
    expect((await look()).chart('calls')).toContain('In the last 24 hours 1 call,')
  })
})

test('the overview and every page of the admins lead to it', async () => {
  admin = await newAdmin(app)
  const { text } = await admin.visitor.get('/admin')
  expect(text.match(/href="\/admin\/status"/g)).toHaveLength(2)
})
