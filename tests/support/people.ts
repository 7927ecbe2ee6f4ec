import { createECDH, randomBytes, randomUUID } from 'node:crypto'
import { generateSync } from 'otplib'
import type { User } from '../../src/generated/client.ts'
import type { TestApp } from './app.ts'
import { Authenticator } from './authenticator.ts'
import { challengeIn, solved } from './proofs.ts'
import { textOf, Visitor } from './visitor.ts'

export const PASSWORD = 'Quiet-otter-39-lakes'

export interface Person {
  visitor: Visitor
  email: string
  user: User
}

/** What a sign-up asks everybody to tick. */
export const AGREED = { isOfAge: 'yes', agrees: 'yes' } as const

/** Signs up through the page and confirms by the mailed link, which signs in. */
export async function newSaver(
  app: TestApp,
  fullName = 'Ida Berg',
  visitor = new Visitor(app),
): Promise<Person> {
  const email = `${randomUUID()}@example.com`
  const challenge = challengeIn((await visitor.get('/signup')).text)
  const proof: Record<string, string> = challenge === null ? {} : { _proof: await solved(challenge) }
  const wish = { fullName, email, password: PASSWORD, passwordConfirm: PASSWORD, ...AGREED, ...proof }
  await visitor.post('/signup', wish)
  await app.sendMails()
  const link = linkIn(app, email, '/confirm/')
  await visitor.get(link)
  await visitor.post(link, { password: PASSWORD })
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { email } })
  return { visitor, email, user }
}

/** An admin with an authenticator, who has just shown a code of it. */
export async function newAdmin(app: TestApp): Promise<PersonWithFactor> {
  const person = await newSaver(app, 'Aino Lind')
  await app.deps.db.prisma.user.update({ where: { id: person.user.id }, data: { role: 'ADMIN' } })
  return addFactor(app, person)
}

export interface PersonWithFactor extends Person {
  backupCodes: string[]
  /** What the authenticator shows at this moment of the app's clock. */
  code(): string
}

/** Sets an authenticator up through the pages; the code of this half minute is used up by it. */
export async function addFactor(app: TestApp, person: Person): Promise<PersonWithFactor> {
  const { visitor } = person
  await visitor.get('/settings/security')
  const begun = await visitor.post('/settings/security/authenticator/begin')
  if (begun.status !== 303) throw new Error(`no authenticator was begun: ${begun.status}`)
  const page = await visitor.get('/settings/security/authenticator')
  const secret = /<code class="key">([A-Z2-7 ]+)</.exec(page.text)?.[1]?.replaceAll(' ', '') ?? ''
  const code = () => generateSync({ secret, epoch: Math.floor(app.deps.clock.now().getTime() / 1_000) })
  await visitor.post('/settings/security/authenticator', { code: code() })
  const codes = await visitor.get('/settings/security/codes')
  const backupCodes = [...codes.text.matchAll(/<code>([\w-]+)<\/code>/g)].map((match) => match[1] ?? '')
  if (backupCodes.length === 0) throw new Error('the authenticator was not confirmed')
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
  return { ...person, user, backupCodes, code }
}

export interface PersonWithPasskey extends Person {
  phone: Authenticator
  /** Empty where there were some before. */
  backupCodes: string[]
}

/** Adds a passkey through the pages, of a phone of its own. */
export async function addPasskey(
  app: TestApp,
  person: Person,
  label = 'My phone',
): Promise<PersonWithPasskey> {
  const { visitor } = person
  const phone = new Authenticator(app.baseUrl)
  const page = await visitor.get('/settings/security/passkeys/new')
  const answer = phone.create(passkeyOptionsIn(page.text))
  const added = await visitor.post('/settings/security/passkeys/new', { label, answer })
  if (added.status !== 303) throw new Error(`the passkey was not added: ${added.status}`)
  const next = await visitor.get(added.headers.location ?? '')
  const backupCodes = [...next.text.matchAll(/<code>([\w-]+)<\/code>/g)].map((match) => match[1] ?? '')
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
  return { ...person, user, phone, backupCodes }
}

/** What a page asks passkeys for. */
export function passkeyOptionsIn(html: string): string {
  const options = /data-passkey="([^"]+)"/.exec(html)?.[1]
  if (options === undefined) throw new Error('the page asks for no passkey')
  return options.replaceAll('&#34;', '"').replaceAll('&amp;', '&')
}

/** What a browser would say of itself, at a push service that is allowed where nothing else is set. */
export function newBrowserTarget(endpoint = `https://fcm.googleapis.com/fcm/send/${randomUUID()}`) {
  const keys = createECDH('prime256v1')
  return {
    endpoint,
    p256dh: keys.generateKeys().toString('base64url'),
    auth: randomBytes(16).toString('base64url'),
  }
}

/** A browser that shows the saver's reminders, added through the page. @returns its id. */
export async function addDevice(app: TestApp, { visitor, user }: Person): Promise<string> {
  await visitor.get('/settings/reminders')
  const added = await visitor.post('/settings/reminders/devices', newBrowserTarget())
  if (added.status !== 303) throw new Error(`the browser was not added: ${added.status}`)
  const where = { userId: user.id }
  return (await app.deps.db.prisma.pushSubscription.findFirstOrThrow({ where, orderBy: { id: 'desc' } })).id
}

/** Links the bank (straight back, no pages) and chooses the first current and savings account. */
export async function linkBank(app: TestApp, person: Person, country = 'DK'): Promise<Person> {
  const { visitor } = person
  await visitor.get('/bank')
  const toBank = await postFreshly(person, '/bank/connect', { country })
  await visitor.follow(pathOf(toBank.headers.location ?? ''))
  const page = await visitor.get('/accounts/load')
  const values = (field: string) =>
    [...page.text.matchAll(new RegExp(`name="${field}"[^>]*?value="([0-9a-f]{64})"`, 'g'))].map(
      (match) => match[1] ?? '',
    )
  const [debtorAccount = ''] = values('debtorAccount')
  const creditorAccount = values('creditorAccount').find((value) => value !== debtorAccount) ?? ''
  const saved = await postFreshly(person, '/accounts/load', { debtorAccount, creditorAccount })
  if (saved.status !== 303) throw new Error(`accounts were not saved: ${saved.status}`)
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
  return { ...person, user }
}

export async function newLinkedSaver(app: TestApp): Promise<Person> {
  return linkBank(app, await newSaver(app))
}

export interface HabitFields {
  name: string
  frequency: number
  interval: number
  amount: string
  kind: 'TIMES' | 'WEEKDAYS' | 'ROLLING'
  rollingTimes: string
  rollingDays: string
  committed: 'on'
}

export async function newHabit(
  app: TestApp,
  person: Person,
  fields: Partial<HabitFields> = {},
): Promise<string> {
  const wish = { name: 'Run', frequency: 1, interval: 1, amount: '25', ...fields }
  const answer = await postFreshly(person, '/habits/new', wish)
  if (answer.status !== 303) throw new Error(`the habit was not made: ${answer.status}`)
  const habit = await app.deps.db.prisma.habit.findFirstOrThrow({
    where: { userId: person.user.id, name: wish.name },
    orderBy: { createdOn: 'desc' },
  })
  return habit.id
}

export interface GoalFields {
  name: string
  target: string
  byDay: string
  picture: string
}

/** Makes a goal through the page. @param habitIds of habits that save for it first. */
export async function newGoal(
  person: Pick<Person, 'visitor'>,
  fields: Partial<GoalFields> = {},
  habitIds: readonly string[] = [],
): Promise<string> {
  const wish = { name: 'Bicycle', target: '2500', byDay: '', picture: 'bicycle', ...fields }
  const ticked = Object.fromEntries(habitIds.map((id) => [`habit-${id}`, 'yes']))
  const answer = await person.visitor.post('/goals/new', { ...wish, ...ticked })
  if (answer.status !== 303) throw new Error(`the goal was not made: ${answer.status}`)
  return answer.headers.location?.split('/').at(-1) ?? ''
}

/** As a saver does to whom the page in between comes first: shows the password, and sends the same form. */
async function postFreshly({ visitor }: Person, path: string, fields: Record<string, string | number>) {
  const answer = await visitor.post(path, fields)
  return answer.status === 403 ? visitor.post(path, confirming(answer)) : answer
}

/** The same, of somebody with an authenticator: where the page in between comes, it gets the password and a code. */
export async function postWithCode(
  { visitor, code }: Pick<PersonWithFactor, 'visitor' | 'code'>,
  path: string,
  fields: Record<string, string> = {},
) {
  const answer = await visitor.post(path, fields)
  const isAsked = answer.status === 403 && answer.text.includes('name="_code"')
  return isAsked ? visitor.post(path, confirming(answer, { _password: PASSWORD, _code: code() })) : answer
}

/** What the page in between sends: the form it carries, the mark of what it shows, and what is typed there. */
export function confirming(
  asked: { text: string },
  shown: Record<string, string> = { _password: PASSWORD },
): Record<string, string> {
  const hidden = asked.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  const fields = [...hidden].map(([, name, value]) => [textOf(name ?? ''), textOf(value ?? '')])
  return { ...Object.fromEntries(fields), ...shown }
}

/** A second browser of somebody without a second factor: signs in there, and opens the link that is mailed to confirm it. */
export async function secondBrowser(
  app: TestApp,
  { email }: Pick<Person, 'email'>,
  visitor = new Visitor(app),
): Promise<Visitor> {
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/browser')
  await visitor.post('/browser')
  await app.sendMails()
  const link = linkIn(app, email, '/browser/')
  await visitor.get(link)
  const confirmed = await visitor.post(link)
  if (confirmed.headers.location !== '/browser') throw new Error(`not confirmed: ${confirmed.status}`)
  return visitor
}

/** What the dashboard's check-off button would send now. */
export async function offerOf(
  app: TestApp,
  person: Person,
  habitId: string,
): Promise<{ day: string; slot: number; version: number }> {
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
  const habit = await app.deps.models.habits.findOwned(user, habitId)
  if (habit?.progress.next.kind !== 'open')
    throw new Error(`nothing to check off: ${habit?.progress.next.kind}`)
  return { day: habit.today, slot: habit.progress.next.slot, version: habit.version.number }
}

export async function checkOff(app: TestApp, person: Person, habitId: string): Promise<string> {
  const answer = await person.visitor.post(`/habits/${habitId}/checkoff`, await offerOf(app, person, habitId))
  if (answer.status !== 303) throw new Error(`the check-off was refused: ${answer.status}`)
  const latest = await app.deps.db.prisma.checkOff.findFirstOrThrow({
    where: { habitId },
    orderBy: { at: 'desc' },
  })
  return latest.id
}

/** The newest link of this kind in the mails to an address, as a path. */
export function linkIn(app: TestApp, email: string, start: string): string {
  const mail = app.mail
    .messages()
    .find((message) => message.to.includes(email) && message.text.includes(start))
  const found = new RegExp(`${app.baseUrl}(${start}[\\w-]+)`).exec(mail?.text ?? '')
  if (!found?.[1]) throw new Error(`no mail to ${email} has a link to ${start}`)
  return found[1]
}

function pathOf(location: string): string {
  const url = new URL(location)
  return url.pathname + url.search
}
