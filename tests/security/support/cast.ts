import { DAY } from '../../../src/clock.ts'
import type { Guard, Who } from '../../../src/middleware/authorisation.ts'
import { type Answer, ask, cookieOf, type Question } from '../../http/support/ask.ts'
import type { TestApp } from '../../support/app.ts'
import {
  AGREED,
  addDevice,
  addFactor,
  addPasskey,
  checkOff,
  linkBank,
  newAdmin,
  newGoal,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
} from '../../support/people.ts'
import { newToken } from '../../support/programs.ts'
import { Visitor } from '../../support/visitor.ts'

export const LOGIN = '303 /login'
export const RESEND = '303 /confirm/resend'
export const DASHBOARD = '303 /dashboard'
export const AUTHENTICATOR = '303 /settings/security/authenticator'

/** Somebody with a browser; the user is missing for who has no account, or none of interest. */
type Comer = Pick<Person, 'visitor'> & Partial<Person>

interface Kind {
  come: (app: TestApp) => Promise<Comer>
  /** What they get from each guard that does not let them through. */
  turnedAway: Partial<Record<Who | 'known' | 'fresh', string>>
}

/** Everybody who may come by. The owner comes last, so that nobody is refused only because a thing is gone. */
export const PEOPLE = {
  visitor: { come: newVisitor, turnedAway: { 'signed-in': LOGIN, confirmed: LOGIN, admin: LOGIN } },
  /** The password was right, the code has not been typed yet. */
  half: { come: newHalf, turnedAway: { 'signed-in': LOGIN, confirmed: LOGIN, admin: LOGIN } },
  unconfirmed: { come: newUnconfirmed, turnedAway: { visitor: DASHBOARD, confirmed: RESEND, admin: RESEND } },
  /** A saver just as far as the owner. */
  other: { come: newLinkedSaver, turnedAway: { visitor: DASHBOARD, admin: '403' } },
  /** The same, who signed in some minutes ago. */
  stale: { come: newStale, turnedAway: { visitor: DASHBOARD, admin: '403', fresh: '403' } },
  /** The same, in a browser that nobody has confirmed. */
  elsewhere: { come: newElsewhere, turnedAway: { visitor: DASHBOARD, admin: '403', known: '403' } },
  /** An admin whose password alone has been shown. */
  halfAdmin: { come: newHalfAdmin, turnedAway: { visitor: DASHBOARD, admin: AUTHENTICATOR } },
  staleAdmin: { come: newStaleAdmin, turnedAway: { visitor: DASHBOARD, fresh: '403' } },
  admin: { come: newLinkedAdmin, turnedAway: { visitor: DASHBOARD } },
  /** The saver whose things the ids in the addresses name. */
  owner: { come: newLinkedSaver, turnedAway: { visitor: DASHBOARD, admin: '403' } },
} satisfies Record<string, Kind>

export type Part = keyof typeof PEOPLE
export const PARTS = Object.keys(PEOPLE) as Part[]
/** What a guard says to them; nothing where it lets them through. */
export function turnedAway(part: Part, { who, known, fresh }: Guard): string | undefined {
  const answers: Kind['turnedAway'] = PEOPLE[part].turnedAway
  return answers[who] ?? (known ? answers.known : undefined) ?? (fresh ? answers.fresh : undefined)
}

export interface Player extends Comer {
  cookie: string
  /** Good in every form of this session. */
  token: string
}

export interface Cast {
  players: Record<Part, Player>
  /** By the first word of the address; of admins' addresses by the first two, where one is here. */
  ids: Record<OwnThing | 'admin' | DeskThing, string>
}

type OwnThing =
  | 'habits'
  | 'breaks'
  | 'goals'
  | 'checkoffs'
  | 'payments'
  | 'bank'
  | 'settings'
  | 'settings/tokens'
  | 'settings/reminders/habits'
  | 'settings/reminders/devices'
type DeskThing = 'admin/users' | 'admin/payments' | 'admin/calls' | 'admin/audit'

/** @param parts who is needed besides the owner and the admin; the others are missing. */
export async function newCast(app: TestApp, parts: readonly Part[] = PARTS): Promise<Cast> {
  const owner = await PEOPLE.owner.come(app)
  const admin = await PEOPLE.admin.come(app)
  const own = await thingsOf(app, owner)
  const ids = { ...own, admin: await newOrder(app, admin), ...(await newDeskThings(app)) }
  const players: Partial<Record<Part, Player>> = {}
  for (const part of parts) {
    players[part] = await playerOf({ owner, admin }[part as string] ?? (await PEOPLE[part].come(app)))
  }
  return { players: players as Cast['players'], ids }
}

/** A path of the table with these ids in it. */
export function addressOf(path: string, ids: Cast['ids']): string {
  const [, word = '', second = '', third = ''] = path
    .replace('/api/v1/check-offs', '/checkoffs')
    .replace('/api/v1', '')
    .split('/')
  const words = [word, second, third]
  const id = [3, 2, 1].map((count) => ids[words.slice(0, count).join('/') as keyof Cast['ids']]).find(Boolean)
  return path
    .replace('/files/*file', '/files/any/styles.css')
    .replace('/icons/*file', '/icons/icon-192.png')
    .replace(':token', 'x'.repeat(43))
    .replace(':call', 'transactions')
    .replace(':id', id ?? 'no-such-kind')
}

export async function playerOf(comer: Comer): Promise<Player> {
  const cookie = await cookieOf(comer.visitor, '/password/forgot')
  return { ...comer, cookie, token: comer.visitor.token }
}

/** One request of somebody's, with a good token unless it has a body of its own. */
export function send(
  app: TestApp,
  { cookie, token }: Player,
  request: string,
  more: Question = {},
): Promise<Answer> {
  const [method = '', address = ''] = request.split(' ')
  const isLook = method === 'GET' || method === 'HEAD'
  const body = isLook ? {} : { body: more.body ?? `_csrf=${encodeURIComponent(token)}` }
  return ask(app, method, address, { headers: { cookie, ...more.headers }, ...body })
}

async function newVisitor(app: TestApp): Promise<Comer> {
  return { visitor: new Visitor(app) }
}

async function newUnconfirmed(app: TestApp): Promise<Comer> {
  const visitor = new Visitor(app)
  const email = `${crypto.randomUUID()}@example.com`
  await visitor.post('/signup', {
    fullName: 'Una',
    email,
    password: PASSWORD,
    passwordConfirm: PASSWORD,
    ...AGREED,
  })
  await visitor.post('/login', { email, password: PASSWORD })
  return { visitor }
}

async function newHalf(app: TestApp): Promise<Comer> {
  const { email } = await addFactor(app, await newSaver(app))
  const visitor = new Visitor(app)
  await visitor.post('/login', { email, password: PASSWORD })
  return { visitor }
}

async function newStale(app: TestApp): Promise<Person> {
  return madeStale(app, await newLinkedSaver(app))
}

async function newElsewhere(app: TestApp): Promise<Person> {
  const saver = await newLinkedSaver(app)
  await saver.visitor.post('/logout')
  const visitor = new Visitor(app)
  await visitor.post('/login', { email: saver.email, password: PASSWORD })
  return { ...saver, visitor }
}

async function newStaleAdmin(app: TestApp): Promise<Person> {
  return madeStale(app, await newLinkedAdmin(app))
}

/** As if the sign-in were some minutes old. */
async function madeStale<P extends Person>(app: TestApp, person: P): Promise<P> {
  await app.deps.db.pool.query(
    `UPDATE session SET sess = (sess::jsonb - 'freshAt')::json WHERE sess::jsonb #>> '{passport,user}' = $1`,
    [person.user.id],
  )
  return person
}

async function newHalfAdmin(app: TestApp): Promise<Person> {
  const person = await newLinkedSaver(app)
  await app.deps.db.prisma.user.update({ where: { id: person.user.id }, data: { role: 'ADMIN' } })
  return person
}

async function newLinkedAdmin(app: TestApp): Promise<Person> {
  return linkBank(app, await newAdmin(app))
}

async function thingsOf(app: TestApp, owner: Person): Promise<Record<OwnThing, string>> {
  // Ten times a day: there is something to check off still.
  const habits = await newHabit(app, owner, { frequency: 10 })
  const checkoffs = await checkOff(app, owner, habits)
  const { paymentId } = await app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id: checkoffs } })
  const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: owner.user.id } })
  const { user } = await addPasskey(app, owner)
  const passkey = await app.deps.db.prisma.passkey.findFirstOrThrow({ where: { userId: user.id } })
  const startDay = new Date(app.deps.clock.now().getTime() + 100 * DAY)
  const facts = { userId: user.id, kind: 'VACATION' as const, createdOn: app.deps.clock.now() }
  const { id: breaks } = await app.deps.db.prisma.habitBreak.create({ data: { ...facts, startDay } })
  const { token } = await newToken(app, user.id)
  const goals = await newGoal(owner)
  const devices = await addDevice(app, owner)
  return {
    habits,
    goals,
    breaks,
    checkoffs,
    payments: paymentId ?? '',
    bank: consent.id,
    settings: passkey.id,
    'settings/tokens': token.id,
    'settings/reminders/habits': habits,
    'settings/reminders/devices': devices,
  }
}

/** Of a saver whom nobody else has to do with, since admins lock them out and call their payment off. */
async function newDeskThings(app: TestApp): Promise<Record<DeskThing, string>> {
  const { prisma } = app.deps.db
  const saver = await newLinkedSaver(app)
  const userId = saver.user.id
  await checkOff(app, saver, await newHabit(app, saver))
  const payment = await prisma.payment.findFirstOrThrow({ where: { userId } })
  const call = await prisma.bankCall.findFirstOrThrow({ where: { onBehalfOfId: userId } })
  const line = await prisma.auditEvent.findFirstOrThrow({ where: { subjectId: userId } })
  return {
    'admin/users': userId,
    'admin/payments': payment.id,
    'admin/calls': call.id,
    'admin/audit': line.id,
  }
}

/** An order that waits in the sandbox's console for its confirmation. */
async function newOrder(app: TestApp, admin: Person): Promise<string> {
  const chosen = await app.deps.models.accounts.chosenBy(admin.user.id)
  await admin.visitor.post('/admin/sandbox/calls/payment', {
    debtorAccount: chosen?.debtor.hashedAccNo ?? '',
    creditorAccount: chosen?.creditor.hashedAccNo ?? '',
    amount: '1',
  })
  return app.sandbox.control.payments().at(-1)?.id ?? ''
}
