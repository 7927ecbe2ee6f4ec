import { randomUUID } from 'node:crypto'
import { HOUR } from '../../src/clock.ts'
import { readSettings } from '../../src/config.ts'
import { createDeps, type Deps } from '../../src/deps.ts'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { paths } from '../../src/paths.ts'
import { PASSWORD } from '../support/people.ts'
import { choicesOf } from './pages.ts'
import { type Page, Visitor } from './visitor.ts'

export interface Saver {
  id: string
  name: string
  country: string
  visitor: Visitor
}

/** Every country of the bank, twice: each has its accounts, its currency and its kind of order. */
const COUNTRIES = ['DK', 'SE', 'NO', 'FI', 'DK', 'SE', 'NO', 'FI']
const HABITS_AT_FIRST = 4

export async function newSavers(environment: Record<string, string>, origin: string): Promise<Saver[]> {
  const deps = await createDeps(readSettings(environment), 'web')
  try {
    return await Promise.all(
      COUNTRIES.map((country, index) => newSaver(deps, origin, `Saver ${index + 1}`, country)),
    )
  } finally {
    await deps.close()
  }
}

async function newSaver(deps: Deps, origin: string, name: string, country: string): Promise<Saver> {
  const { models, db, clock } = deps
  const email = `${randomUUID()}@crash.example`
  const by = { kind: 'visitor', id: null, ip: null, requestId: null } as const
  await models.users.signUp({ fullName: name, email, password: PASSWORD, locale: 'en' }, by)
  const { id } = await db.prisma.user.update({
    where: { email },
    data: { emailConfirmedOn: clock.now(), timezone: zoneFarFromMidnight(clock.now()) },
  })
  const visitor = new Visitor(origin)
  const saver: Saver = { id, name, country, visitor }
  await visitor.get(paths.login)
  expectRedirect(await visitor.post(paths.login, { email, password: PASSWORD }))
  if (!(await linkBank(saver))) throw new Error(`${name} could not link the bank`)
  await chooseAccounts(saver)
  for (let habit = 1; habit <= HABITS_AT_FIRST; habit += 1) await newHabit(saver, habit)
  return saver
}

/**
 * As a person does it: to the bank, which sends the browser straight back.
 * @returns whether the bank sent the browser back; if it has broken off on the way, the person begins again.
 */
export async function linkBank({ visitor, country }: Saver): Promise<boolean> {
  await visitor.get(paths.bank)
  const { location } = await visitor.post(paths.bankConnect, { country })
  if (!location?.startsWith(paths.bankCallback)) return false
  const { status } = await visitor.get(location)
  return status === 303
}

/** The last of the accounts that come into question, so that the savers of one country differ where they can. */
async function chooseAccounts({ visitor, name }: Saver): Promise<void> {
  const { html } = await visitor.get(paths.accountsLoad)
  const debtors = choicesOf(html, 'debtorAccount')
  const [first = '', second = ''] = debtors
  // Everyday, Holiday and, in Denmark, Household: money goes from an everyday account to the holiday one.
  const debtorAccount = Number(name.at(-1)) > COUNTRIES.length / 2 ? (debtors[2] ?? first) : first
  expectRedirect(await visitor.post(paths.accountsLoad, { debtorAccount, creditorAccount: second }))
}

/** One that can be checked off as often as a habit may. */
export async function newHabit({ visitor }: Saver, number: number): Promise<void> {
  const amount = `${1 + (number % 3)}.${number % 2 === 0 ? '25' : '00'}`
  const fields = { name: `Habit ${number}`, frequency: '10', interval: '1', amount }
  await visitor.get(paths.habitNew)
  expectRedirect(await visitor.post(paths.habitNew, fields))
}

function expectRedirect({ status, location, html }: Page): void {
  if (status !== 303) throw new Error(`answered with ${status} ${location ?? ''}: ${html.slice(0, 2_000)}`)
}

/** What is done before midnight and answered after it would be another day's. */
function zoneFarFromMidnight(now: Date): string {
  const zones = ['Europe/Copenhagen', 'America/New_York', 'Asia/Tokyo']
  const inAnHour = new Date(now.getTime() + HOUR)
  const zone = zones.find((each) => dayOf(now, each, 0) === dayOf(inAnHour, each, 0))
  if (!zone) throw new Error('it is nearly midnight everywhere')
  return zone
}
