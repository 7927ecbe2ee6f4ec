/** Reminders as savers get them: real mails, and a push service that is asked over HTTP and read with the browser's keys. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { createRemind } from '../../src/jobs/handlers/remind.ts'
import { createRunNotes } from '../../src/jobs/handlers/run-notes.ts'
import { createSendPush } from '../../src/jobs/handlers/send-push.ts'
import type { Jobs } from '../../src/jobs/queue.ts'
import { createPush, newPushKey } from '../../src/push/index.ts'
import type { PushTarget } from '../../src/push-target.ts'
import { ask } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { newPushBrowser, type PushService, startPushService } from '../support/push-service.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock('2026-06-17T04:00:00.000Z')
let app: TestApp
let service: PushService
let saver: Person
let run: string

beforeAll(async () => {
  service = await startPushService()
  const settings = { WEB_PUSH: 'on', VAPID_PRIVATE_KEY: newPushKey(), PUSH_SERVICES: service.origin }
  app = await startTestApp({ clock, settings })
})
afterAll(async () => {
  await app.close()
  await service.close()
})
beforeEach(async () => {
  await app.deps.db.prisma.habitReminder.deleteMany()
  await app.deps.db.prisma.reminderWish.deleteMany()
  // Seven in the morning of the next day, in Copenhagen.
  clock.advance(DAY - ((clock.now().getTime() - Date.parse('2026-06-17T05:00:00.000Z')) % DAY))
  saver = await newLinkedSaver(app)
  run = await newHabit(app, saver, { name: 'Run', amount: '25' })
})
afterEach(() => {
  service.answer(201)
  service.received.length = 0
})

const MAIL = { byMail: 'yes', mostPerDay: '3', digestWeekday: '0' }
const wish = (fields: Record<string, string> = MAIL) => saver.visitor.post('/settings/reminders', fields)
const remindAt = (habitId: string, time: string) =>
  saver.visitor.post(`/settings/reminders/habits/${habitId}`, { time })
const noted = () => createRunNotes(app.deps)('remind')(createRemind(app.deps))
const sendPush = () => createSendPush(app.deps)
const mailsTo = ({ email }: Person, subject: string) =>
  app.mail.messages().filter((mail) => mail.to.includes(email) && mail.subject.includes(subject))
const devices = () => app.deps.db.prisma.pushSubscription.findMany({ where: { userId: saver.user.id } })

const pushTo = (origin: string) =>
  createPush({ privateKey: newPushKey(), contact: 'mailto:a@b.example', services: [origin], clock })

async function pushJobs(): Promise<Jobs['send-push'][]> {
  const { rows } = await app.deps.db.pool.query(
    `DELETE FROM pgboss.job WHERE name = 'send-push' AND state = 'created' RETURNING data`,
  )
  return rows.map(({ data }) => data)
}

async function subscribed() {
  const browser = newPushBrowser(service.origin)
  const added = await saver.visitor.post('/settings/reminders/devices', { ...browser.target })
  expect(added.status).toBe(303)
  return browser
}

/** To eight o'clock, for which the tests ask; the worker has seen the wish before. */
async function eightOClock(): Promise<void> {
  await noted()
  clock.advance(HOUR)
  await noted()
}

describe('a reminder by mail', () => {
  test('says what is open, leads to the dashboard, and has the way to end it for programs and people', async () => {
    await wish()
    await remindAt(run, '08:00')
    await eightOClock()
    await app.sendMails()
    const [mail] = mailsTo(saver, 'Run is still open today')
    const off = `${app.baseUrl}${new URL(linkOff(mail?.text ?? '')).pathname}`
    expect(mail?.text).toContain(`${app.baseUrl}/dashboard`)
    expect(mail?.headers).toMatchObject({
      'list-unsubscribe': `<${off}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    })
    expect(mail?.html).toContain('No more reminders by mail')
    expect(mail?.html).not.toMatch(/<img|<script|http:\/\/(?!localhost)|25\.00/)
  })

  test('is not written when the habit was done before it could be', async () => {
    await wish()
    await remindAt(run, '08:00')
    await eightOClock()
    await checkOff(app, saver, run)
    await app.sendMails()
    expect(mailsTo(saver, 'open today')).toEqual([])
  })

  test('that nobody was there to send stands in the job’s note, for admins to see', async () => {
    await wish()
    await remindAt(run, '08:00')
    await noted()
    clock.advance(4 * HOUR)
    await noted()
    await app.sendMails()
    expect(mailsTo(saver, 'open today')).toEqual([])
    const page = await (await newAdmin(app)).visitor.get('/admin/jobs')
    expect(textOf(page.text)).toContain('1 not sent, because they were more than two hours late')
  })
})

describe('the link in it', () => {
  async function link(): Promise<string> {
    await wish()
    return `/letters/off/${app.deps.models.reminders.tokenFor(saver.user.id, 'reminders')}`
  }
  const isOn = async () => (await app.deps.models.reminders.wishOf(saver.user.id)).byMail

  test.each([
    ['as a form', 'application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      'as an upload',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    ],
  ])('is pressed by a mail program without a session, %s', async (_name, type, body) => {
    const answer = await ask(app, 'POST', await link(), { body, headers: { 'content-type': type } })
    expect([answer.status, await isOn()]).toEqual([200, false])
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
  })

  test('looked at changes nothing, and shows a button that does', async () => {
    const path = await link()
    const page = await ask(app, 'GET', path)
    expect([page.status, await isOn()]).toEqual([200, true])
    expect(textOf(page.text)).toContain('Nothing has been changed yet.')
    const action = /<form class="button-form" method="post" action="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const pressed = await ask(app, 'POST', action, { body: '' })
    expect([pressed.status, await isOn()]).toEqual([200, false])
    expect(textOf((await ask(app, 'GET', path)).text)).toContain('You get no reminders by mail any more.')
  })

  test('signs nobody in, and opens nothing else', async () => {
    const page = await ask(app, 'GET', await link())
    expect(page.headers).not.toHaveProperty('set-cookie')
    expect(page.text).not.toContain(saver.email)
    expect(page.text).not.toContain(saver.user.fullName)
  })
})

describe('the letter about the week', () => {
  test('tells what moved, in amounts, and ends by its own link', async () => {
    const weekday = String(((new Date(clock.now().getTime() + DAY).getUTCDay() + 6) % 7) + 1)
    await wish({ mostPerDay: '3', digestWeekday: weekday })
    await checkOff(app, saver, run)
    clock.advance(2 * MINUTE)
    await app.settleDue()
    await noted()
    clock.advance(DAY + HOUR)
    await noted()
    await app.sendMails()
    const [mail] = mailsTo(saver, 'What moved this week')
    expect(mail?.text).toContain('Check-offs: 1')
    expect(mail?.text).toMatch(/(Saved|On its way): 25\.00\u00a0kr/)
    expect(mail?.text).toContain('No more letters about the week')
  })
})

describe('a notification', () => {
  test('reaches each browser of the saver, and only they can read it; without amounts', async () => {
    const [phone, laptop] = [await subscribed(), await subscribed()]
    await wish({ mostPerDay: '3', digestWeekday: '0' })
    await remindAt(run, '08:00')
    await eightOClock()
    for (const job of await pushJobs()) await sendPush()(job)
    expect(service.received).toHaveLength(2)
    for (const { path, headers, body } of service.received) {
      const mine = [phone, laptop].find(({ target }) => target.endpoint === service.origin + path)
      expect(JSON.parse(mine?.read(body) ?? '')).toMatchObject({ title: 'Run is still open today', body: '' })
      expect(headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'normal', ttl: '7200' })
      expect(headers.authorization).toMatch(/^vapid t=[\w.-]+, k=[\w-]+$/)
      expect(body.includes('Run')).toBe(false)
    }
    expect((await devices()).map(({ lastOkOn }) => lastOkOn)).toEqual([clock.now(), clock.now()])
  })

  test('tells the amount where the saver wants it', async () => {
    const phone = await subscribed()
    await wish({ mostPerDay: '3', digestWeekday: '0', tellsAmounts: 'yes' })
    await remindAt(run, '08:00')
    await eightOClock()
    for (const job of await pushJobs()) await sendPush()(job)
    expect(JSON.parse(phone.read(service.received[0]?.body ?? Buffer.alloc(0))).body).toBe(
      'Run · 25.00\u00a0kr',
    )
  })

  async function oneJob(): Promise<Jobs['send-push']> {
    await subscribed()
    await wish({ mostPerDay: '3', digestWeekday: '0' })
    await remindAt(run, '08:00')
    await eightOClock()
    const [job] = await pushJobs()
    if (!job) throw new Error('nothing is to be sent')
    return job
  }

  test.each([404, 410])('that is answered by %i takes the browser off', async (status) => {
    const job = await oneJob()
    service.answer(status)
    await sendPush()(job)
    expect(await devices()).toEqual([])
    // Another try finds nobody, and asks nobody.
    await sendPush()(job)
    expect(service.received).toHaveLength(1)
  })

  test.each([429, 500, 503])('that is answered by %i is tried again by the queue', async (status) => {
    const job = await oneJob()
    service.answer(status)
    await expect(sendPush()(job)).rejects.toThrow(`status ${status}`)
    service.answer(201)
    await sendPush()(job)
    expect((await devices())[0]?.lastOkOn).toEqual(clock.now())
  })

  test('that is too late by then is not sent', async () => {
    const job = await oneJob()
    clock.advance(2 * HOUR + 1)
    await sendPush()(job)
    expect(service.received).toEqual([])
  })

  test('that is refused five times in a row takes the browser off; one that was taken begins anew', async () => {
    const job = await oneJob()
    service.answer(403)
    for (let time = 0; time < 4; time += 1) await sendPush()(job)
    service.answer(201)
    await sendPush()(job)
    service.answer(403)
    for (let time = 0; time < 4; time += 1) await sendPush()(job)
    expect(await devices()).toHaveLength(1)
    await sendPush()(job)
    expect(await devices()).toEqual([])
  })

  test('follows no redirect', async () => {
    const job = await oneJob()
    service.answer(307)
    await sendPush()(job)
    expect(service.received.map(({ path }) => path)).not.toContain('/elsewhere')
    expect((await devices())[0]?.failures).toBe(1)
  })

  test('to a service that is not reached is tried again', async () => {
    const job = await oneJob()
    const away = await startPushService()
    await away.close()
    const push = pushTo(away.origin)
    const { target } = newPushBrowser(away.origin)
    const toAway = {
      ...push,
      send: (_: PushTarget, text: string, ttl: number) => push.send(target, text, ttl),
    }
    await expect(createSendPush({ ...app.deps, push: toAway })(job)).rejects.toThrow(/did not take it/)
    expect(await devices()).toHaveLength(1)
    await push.close()
  })

  test('is never sent to a service that is no longer allowed', async () => {
    const strict = pushTo('https://fcm.googleapis.com')
    expect(await strict.send(newPushBrowser(service.origin).target, 'x', 60)).toEqual({
      kind: 'refused',
      because: 'not a push service',
    })
    expect(service.received).toEqual([])
    await strict.close()
  })
})

describe('browsers that show reminders', () => {
  test('are kept sealed: neither address nor keys can be read in the database', async () => {
    const { target } = await subscribed()
    const [row] = await devices()
    const text = JSON.stringify(row) + Buffer.from(row?.targetSealed ?? []).toString('latin1')
    for (const secret of [target.endpoint, target.p256dh, target.auth]) expect(text).not.toContain(secret)
  })

  test('are ten at most, and one that says the same again is the same', async () => {
    const { target } = await subscribed()
    for (let more = 0; more < 9; more += 1) await subscribed()
    const again = await saver.visitor.post('/settings/reminders/devices', { ...target })
    expect([again.status, (await devices()).length]).toEqual([303, 10])
    const eleventh = await saver.visitor.post('/settings/reminders/devices', {
      ...newPushBrowser(service.origin).target,
    })
    expect([eleventh.status, (await devices()).length]).toEqual([422, 10])
    expect(textOf(eleventh.text)).toContain('You have 10 browsers that show reminders.')
    const one = await app.deps.db.prisma.pushSubscription.findFirstOrThrow()
    const another = { ...one, id: crypto.randomUUID(), userId: saver.user.id, hashedEndpoint: 'a'.repeat(64) }
    await expect(app.deps.db.prisma.pushSubscription.create({ data: another })).rejects.toThrow(/ten devices/)
  })

  test('belong to whoever is signed in there last', async () => {
    const { target } = await subscribed()
    const other = await newLinkedSaver(app)
    await other.visitor.get('/settings/reminders')
    await other.visitor.post('/settings/reminders/devices', { ...target })
    expect(await devices()).toEqual([])
    expect(await app.deps.models.pushSubscriptions.list(other.user.id)).toHaveLength(1)
  })

  test.each(['http://127.0.0.1:1/x', 'https://169.254.169.254/x', 'https://evil.example/x'])(
    'at %s are refused, and nobody calls there',
    async (endpoint) => {
      const answer = await saver.visitor.post('/settings/reminders/devices', {
        ...newPushBrowser(service.origin).target,
        endpoint,
      })
      expect([answer.status, await devices()]).toEqual([422, []])
      expect(textOf(answer.text)).toContain(
        'Sparvana does not know the notification service of this browser.',
      )
    },
  )

  test('can be taken off by their owner', async () => {
    await subscribed()
    const [device] = await devices()
    const other = await newLinkedSaver(app)
    const path = `/settings/reminders/devices/${device?.id}/remove`
    expect((await other.visitor.post(path)).status).toBe(404)
    expect((await saver.visitor.post(path)).status).toBe(303)
    expect(await devices()).toEqual([])
  })
})

describe('the page', () => {
  test('shows a time that can’t be, with its sentence at the field and what was typed', async () => {
    const answer = await remindAt(run, '07:10')
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('value="07:10"')
    expect(textOf(answer.text)).toContain('Choose a quarter of an hour')
    expect(answer.text).toContain(`id="time-${run}-error"`)
  })

  test('says that times alone remind nobody, and what does without JavaScript', async () => {
    await remindAt(run, '08:00')
    const page = textOf((await saver.visitor.get('/settings/reminders')).text)
    expect(page).toContain('No reminder goes out yet')
    expect(page).toContain('Reminders by mail work without.')
  })

  test('an empty time takes the reminder away', async () => {
    await remindAt(run, '08:00')
    expect((await saver.visitor.get('/settings/reminders')).text).toContain('value="08:00"')
    await remindAt(run, '')
    expect((await saver.visitor.get('/settings/reminders')).text).not.toContain('value="08:00"')
  })
})

function linkOff(text: string): string {
  return /http\S+\/letters\/off\/[\w-]+/.exec(text)?.[0] ?? ''
}
