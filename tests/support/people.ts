import { randomUUID } from 'node:crypto'
import type { User } from '../../src/generated/client.ts'
import type { TestApp } from './app.ts'
import { Visitor } from './visitor.ts'

export const PASSWORD = 'Quiet-otter-39-lakes'

export interface Person {
  visitor: Visitor
  email: string
  user: User
}

/** Signs up through the page and confirms by the mailed link, which signs in. */
export async function newSaver(app: TestApp, fullName = 'Ida Berg'): Promise<Person> {
  const visitor = new Visitor(app)
  const email = `${randomUUID()}@example.com`
  await visitor.post('/signup', { fullName, email, password: PASSWORD, passwordConfirm: PASSWORD })
  await app.sendMails()
  const link = linkIn(app, email, '/confirm/')
  await visitor.get(link)
  await visitor.post(link, { password: PASSWORD })
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { email } })
  return { visitor, email, user }
}

export async function newAdmin(app: TestApp): Promise<Person> {
  const person = await newSaver(app, 'Aino Lind')
  const user = await app.deps.db.prisma.user.update({
    where: { id: person.user.id },
    data: { role: 'ADMIN' },
  })
  return { ...person, user }
}

/** Links the bank (straight back, no pages) and chooses the first current and savings account. */
export async function linkBank(app: TestApp, person: Person, country = 'DK'): Promise<Person> {
  const { visitor } = person
  await visitor.get('/bank')
  const toBank = await visitor.post('/bank/connect', { country })
  await visitor.follow(pathOf(toBank.headers.location ?? ''))
  const page = await visitor.get('/accounts/load')
  const values = (field: string) =>
    [...page.text.matchAll(new RegExp(`name="${field}"[^>]*?value="([0-9a-f]{64})"`, 'g'))].map(
      (match) => match[1] ?? '',
    )
  const [debtorAccount = ''] = values('debtorAccount')
  const creditorAccount = values('creditorAccount').find((value) => value !== debtorAccount) ?? ''
  const saved = await visitor.post('/accounts/load', { debtorAccount, creditorAccount })
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
}

export async function newHabit(
  app: TestApp,
  person: Person,
  fields: Partial<HabitFields> = {},
): Promise<string> {
  const wish = { name: 'Run', frequency: 1, interval: 1, amount: '25', ...fields }
  const answer = await person.visitor.post('/habits/new', wish)
  if (answer.status !== 303) throw new Error(`the habit was not made: ${answer.status}`)
  const habit = await app.deps.db.prisma.habit.findFirstOrThrow({
    where: { userId: person.user.id, name: wish.name },
    orderBy: { createdOn: 'desc' },
  })
  return habit.id
}

/** What the dashboard's check-off button would send now. */
export async function offerOf(
  app: TestApp,
  person: Person,
  habitId: string,
): Promise<{ day: string; slot: number }> {
  const user = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: person.user.id } })
  const habit = await app.deps.models.habits.findOwned(user, habitId)
  if (habit?.progress.next.kind !== 'open')
    throw new Error(`nothing to check off: ${habit?.progress.next.kind}`)
  return { day: habit.today, slot: habit.progress.next.slot }
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
