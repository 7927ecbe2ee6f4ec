/** What is written without a request is in the language of its reader's account, however many letters are written at once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { createErase } from '../../src/jobs/handlers/erasure.ts'
import { createRemind } from '../../src/jobs/handlers/remind.ts'
import { createSendMail } from '../../src/jobs/handlers/send-mail.ts'
import { createSendPush } from '../../src/jobs/handlers/send-push.ts'
import type { Jobs } from '../../src/jobs/queue.ts'
import { catalogues, type Language } from '../../src/language.ts'
import type { Letter } from '../../src/mailer.ts'
import { newPushKey } from '../../src/push/index.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver, newSaver, type Person } from '../support/people.ts'
import { newPushBrowser, type PushService, startPushService } from '../support/push-service.ts'

/** Of these tests, so that they hold whatever the translators write. */
const SWEDISH = {
  'Hello {name},': 'Hej {name}!',
  'Your password was changed': 'Lösenordet är ändrat',
  'Nobody has signed in to your account for a year': 'Ingen har loggat in på ett år',
  'So we shut it on {when}, and end its consent at Nordea. If you want to keep it open, sign in before then.':
    'Vi stänger det {when}. Logga in före dess om du vill behålla det.',
  'Your account has moved to another address': 'Ditt konto har flyttat',
  'Alarm: {rule}': 'Larm: {rule}',
  'Your account is erased': 'Ditt konto är raderat',
  '{count, plural, =1 {{name} is still open today} other {# habits are still open today}}':
    '{count, plural, =1 {{name} är inte klar i dag} other {# vanor är inte klara i dag}}',
  'What moved this week': 'Veckan som gick',
  'On its way: {amounts}': 'På väg: {amounts}',
  'No more letters about the week': 'Inga fler veckobrev',
}
const translated = { ...catalogues.sv }

const clock = new ManualClock('2026-06-17T05:00:00.000Z')
let app: TestApp
let service: PushService
let swede: Person
let dane: Person

beforeAll(async () => {
  Object.assign(catalogues.sv, SWEDISH)
  service = await startPushService()
  const settings = { WEB_PUSH: 'on', VAPID_PRIVATE_KEY: newPushKey(), PUSH_SERVICES: service.origin }
  app = await startTestApp({ clock, settings })
})
afterAll(async () => {
  await app.close()
  await service.close()
  catalogues.sv = translated
})
beforeEach(async () => {
  // Seven in the morning of the next day, in Copenhagen.
  clock.advance(DAY - ((clock.now().getTime() - Date.parse('2026-06-17T05:00:00.000Z')) % DAY))
  swede = await speaking('sv', await newLinkedSaver(app))
  dane = await newLinkedSaver(app)
})

async function speaking(locale: Language, person: Person): Promise<Person> {
  await app.deps.db.prisma.user.update({ where: { id: person.user.id }, data: { locale } })
  return person
}

const enqueue = (job: Jobs['send-mail']) =>
  app.deps.db.transaction((tx) => app.deps.queue.enqueue(tx, 'send-mail', job))
const letterTo = ({ email }: Pick<Person, 'email'>, subject: string) =>
  app.mail.messages().find((mail) => mail.to.includes(email) && mail.subject === subject)

describe('a letter', () => {
  test('is in its reader’s language, with its dates, whoever else gets one in the same run', async () => {
    for (const { user } of [swede, dane]) {
      await app.deps.db.prisma.user.update({
        where: { id: user.id },
        data: { dormantWarnedOn: new Date('2026-06-01T12:00:00.000Z') },
      })
      await enqueue({ userId: user.id, kind: 'account-unused' })
    }
    await app.sendMails()
    const inSwedish = letterTo(swede, 'Ingen har loggat in på ett år')
    expect(inSwedish?.html).toContain('<html lang="sv">')
    expect(inSwedish?.html).toContain('Hej Ida Berg!')
    expect(inSwedish?.text).toMatch(/Vi stänger det onsdag \d+ juli 2026 kl\. 14:00\./)
    const inEnglish = letterTo(dane, 'Nobody has signed in to your account for a year')
    expect(inEnglish?.html).toContain('<html lang="en">')
    expect(inEnglish?.text).toMatch(/So we shut it on Wednesday,? \d+ July 2026 at 14:00, and end/)
  })

  test('to the old address of an account is in the language of the account', async () => {
    const newEmail = `new.${swede.email}`
    const change = await app.deps.db.prisma.emailChange.create({
      data: { userId: swede.user.id, oldEmail: swede.email, newEmail, askedOn: clock.now() },
    })
    await enqueue({ userId: swede.user.id, kind: 'address-moved-away', aboutId: change.id })
    await app.sendMails()
    expect(letterTo(swede, 'Ditt konto har flyttat')).toBeDefined()
  })

  test('of an alarm is in the language of the admin, not of whom it is about', async () => {
    const inSwedish = await speaking('sv', await newAdmin(app))
    const inEnglish = await newAdmin(app)
    const alarm = await app.deps.db.prisma.alarm.create({
      data: { rule: 'new-country', key: dane.user.id, subjectId: dane.user.id, at: clock.now() },
    })
    for (const { user } of [inSwedish, inEnglish])
      await enqueue({ userId: user.id, kind: 'alarm', alarmId: alarm.id })
    await app.sendMails()
    expect(letterTo(inSwedish, 'Larm: new-country')).toBeDefined()
    expect(letterTo(inEnglish, 'Alarm: new-country')).toBeDefined()
  })

  test('that is the last of an account is in the language the account had', async () => {
    const leaving = await speaking('sv', await newSaver(app))
    const by = { kind: 'saver', id: leaving.user.id, ip: null, requestId: null } as const
    await app.deps.models.erasures.ask(leaving.user, by)
    await createErase({ ...app.deps, baseUrl: app.baseUrl })({ userId: leaving.user.id })
    expect(letterTo(leaving, 'Ditt konto är raderat')?.html).toContain('<html lang="sv">')
  })

  test('never mixes languages with those that are written at the same time', async () => {
    const sent: Letter[] = []
    const mailer = { send: async (letter: Letter) => void sent.push(letter), close: () => {} }
    const sendMail = createSendMail({ ...app.deps, mailer, baseUrl: app.baseUrl })
    const readers = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? swede : dane))
    await Promise.all(readers.map(({ user }) => sendMail({ userId: user.id, kind: 'password-changed' })))
    expect(sent).toHaveLength(20)
    for (const { to, subject, html } of sent) {
      const isSwedish = to === swede.email
      expect(subject).toBe(isSwedish ? 'Lösenordet är ändrat' : 'Your password was changed')
      expect(html).toContain(isSwedish ? '<html lang="sv">' : '<html lang="en">')
      expect(html).toContain(isSwedish ? 'Hej Ida Berg!' : 'Hello Ida Berg,')
    }
  })
})

describe('what comes by itself', () => {
  const remind = () => createRemind(app.deps)()

  /** From seven in the morning to after eight. @param fields what each wishes to get, as the form has it. */
  async function untilEight(fields: Record<string, string>): Promise<void> {
    for (const { visitor } of [swede, dane]) {
      await visitor.post('/settings/reminders', { mostPerDay: '3', digestWeekday: '0', ...fields })
    }
    await remind()
    clock.advance(HOUR)
    await remind()
  }

  test('the letter about the week has amounts as its reader’s language writes them', async () => {
    for (const saver of [swede, dane])
      await checkOff(app, saver, await newHabit(app, saver, { amount: '25' }))
    clock.advance(2 * MINUTE)
    await app.settleDue()
    const today = String(((clock.now().getUTCDay() + 6) % 7) + 1)
    await untilEight({ digestWeekday: today })
    await app.sendMails()
    const inSwedish = letterTo(swede, 'Veckan som gick')
    const inEnglish = letterTo(dane, 'What moved this week')
    expect(inSwedish?.text).toContain('På väg: 25,00\u00a0kr')
    expect(inSwedish?.html).toContain('Inga fler veckobrev')
    expect(inEnglish?.text).toContain('On its way: 25.00\u00a0kr')
  })

  test('a notification is in its reader’s language, too', async () => {
    const phones = new Map<Person, ReturnType<typeof newPushBrowser>>()
    for (const saver of [swede, dane]) {
      const phone = newPushBrowser(service.origin)
      await saver.visitor.get('/settings/reminders')
      await saver.visitor.post('/settings/reminders/devices', { ...phone.target })
      const habit = await newHabit(app, saver, { amount: '25' })
      await saver.visitor.post(`/settings/reminders/habits/${habit}`, { time: '08:00' })
      phones.set(saver, phone)
    }
    await untilEight({ tellsAmounts: 'yes' })
    const { rows } = await app.deps.db.pool.query<{ data: Jobs['send-push'] }>(
      `DELETE FROM pgboss.job WHERE name = 'send-push' AND state = 'created' RETURNING data`,
    )
    const sendPush = createSendPush(app.deps)
    await Promise.all(rows.map(({ data }) => sendPush(data)))
    const shownTo = (saver: Person) => {
      const phone = phones.get(saver)
      const got = service.received.find(({ path }) => phone?.target.endpoint.endsWith(path))
      return JSON.parse(phone?.read(got?.body ?? Buffer.alloc(0)) ?? '')
    }
    expect(shownTo(swede)).toMatchObject({ title: 'Run är inte klar i dag', body: 'Run · 25,00\u00a0kr' })
    expect(shownTo(dane)).toMatchObject({ title: 'Run is still open today', body: 'Run · 25.00\u00a0kr' })
  })
})
