import type { TestApp } from '../../support/app.ts'
import { AGREED, newBrowserTarget, offerOf, PASSWORD } from '../../support/people.ts'
import type { Cast, Part } from './cast.ts'

/** What good fields are made of. */
export interface Facts {
  email: string
  day: string
  slot: string
  version: string
  /** Hashes of two accounts, as forms name them. */
  debtorAccount: string
  creditorAccount: string
}

const NEW_PASSWORD = 'Brisk-heron-72-ferns'
const HABIT = { name: 'Walk', frequency: '1', interval: '1', amount: '25' }
const GOAL = { name: 'Bicycle', target: '2500', byDay: '', picture: 'bicycle' }
const BUTTON = () => ({})

/** Every form of the app, filled in so that it would be taken (but for codes and passkeys, which only a phone can show). A form that is not here fails tests/security/mass-assignment. */
export const FORMS: Record<string, (facts: Facts) => Record<string, string>> = {
  'POST /login': ({ email }) => ({ email, password: PASSWORD }),
  'POST /login/passkey': () => ({ answer: '{}' }),
  'POST /login/code': () => ({ code: '123456' }),
  'POST /login/code/passkey': () => ({ answer: '{}' }),
  'POST /login/lost': BUTTON,
  'POST /login/lost/:token': BUTTON,
  'POST /language': () => ({ language: 'sv', back: '/' }),
  'POST /logout': BUTTON,
  'POST /session/keep': BUTTON,
  'POST /signup': ({ email }) => ({
    fullName: 'Bo Ek',
    email: `new-${email}`,
    password: NEW_PASSWORD,
    passwordConfirm: NEW_PASSWORD,
    ...AGREED,
  }),
  'POST /confirm/resend': ({ email }) => ({ email }),
  'POST /confirm/:token': () => ({ password: PASSWORD }),
  'POST /browser': BUTTON,
  'POST /browser/:token': BUTTON,
  'POST /address/take-back/:token': BUTTON,
  'POST /address/new/:token': BUTTON,
  'POST /settings/check-offs': () => ({ always: 'yes', above: '12,50' }),
  'POST /settings/reminders': () => ({
    byMail: 'yes',
    tellsAmounts: 'yes',
    mostPerDay: '3',
    digestWeekday: '7',
  }),
  'POST /settings/reminders/habits/:id': () => ({ time: '07:30' }),
  'POST /settings/reminders/devices': () => newBrowserTarget(),
  'POST /settings/reminders/devices/:id/remove': BUTTON,
  'POST /settings/email': ({ email }) => ({ newEmail: `moved-${email}` }),
  'POST /settings/email/call-off': BUTTON,
  'POST /password/forgot': ({ email }) => ({ email }),
  'POST /password/reset/:token': () => ({ password: NEW_PASSWORD, passwordConfirm: NEW_PASSWORD }),

  'POST /bank/connect': () => ({ country: 'DK' }),
  'POST /bank/:id/revoke': BUTTON,
  'POST /accounts/load': ({ debtorAccount, creditorAccount }) => ({ debtorAccount, creditorAccount }),

  'POST /habits/new': () => HABIT,
  'POST /habits/:id/edit': () => HABIT,
  'POST /habits/breaks': () => ({ kind: 'PAUSE', start: '2027-01-01', end: '' }),
  'POST /habits/:id/breaks': () => ({ kind: 'PAUSE', start: '2027-01-01', end: '' }),
  'POST /breaks/:id/end': BUTTON,
  'POST /habits/:id/notes': ({ day }) => ({ day, text: 'Sunny' }),
  'POST /habits/:id/move': () => ({ direction: 'up' }),
  'POST /habits/:id/delete': BUTTON,
  'POST /habits/:id/checkoff': ({ day, slot, version }) => ({ day, slot, version }),
  'POST /habits/:id/backfill': ({ day, slot, version }) => ({ day, slot, version, pays: 'no' }),
  'POST /habits/:id/skip': BUTTON,
  'POST /habits/:id/archive': BUTTON,
  'POST /habits/:id/restore': BUTTON,
  'POST /checkoffs/:id/undo': BUTTON,
  'POST /checkoffs/:id/move-back': BUTTON,
  'POST /goals/new': () => GOAL,
  'POST /goals/:id/edit': () => GOAL,
  'POST /goals/:id/move': () => ({ direction: 'down' }),
  'POST /goals/:id/celebrate': BUTTON,
  'POST /goals/:id/restore': BUTTON,
  'POST /goals/:id/archive': () => ({ money: 'used' }),
  'POST /goals/:id/delete': BUTTON,
  'POST /payments/:id/cancel': BUTTON,
  'POST /payments/:id/again': BUTTON,
  'POST /payments/:id/try-now': BUTTON,
  'POST /statement/download': () => ({ from: '', until: '', habit: '', kind: '', state: '', format: 'csv' }),

  'POST /import': () => ({ text: 'Date,Walk,\n2026-01-01,YES_MANUAL,\n' }),
  'POST /import/confirm': () => ({ draft: '01980000-0000-7000-8000-000000000000', amount: '25' }),
  'POST /import/discard': BUTTON,

  'POST /settings': () => ({
    fullName: 'Bo Ek',
    timezone: 'Europe/Oslo',
    dayStartHour: '0',
    locale: 'fi',
    weekStart: '1',
  }),
  'POST /settings/security': () => ({
    passwordCurrent: PASSWORD,
    password: NEW_PASSWORD,
    passwordConfirm: NEW_PASSWORD,
  }),
  'POST /settings/security/authenticator': () => ({ code: '123456' }),
  'POST /settings/security/authenticator/begin': BUTTON,
  'POST /settings/security/authenticator/remove': BUTTON,
  'POST /settings/security/passkeys/begin': BUTTON,
  'POST /settings/security/passkeys/new': () => ({ label: 'My phone', answer: '{}' }),
  'POST /settings/security/passkeys/:id/rename': () => ({ label: 'Laptop' }),
  'POST /settings/security/passkeys/:id/remove': BUTTON,
  'POST /settings/security/codes': BUTTON,
  'POST /settings/security/reset/call-off': BUTTON,
  'POST /settings/security/sessions/end': () => ({ session: 'a'.repeat(64) }),
  'POST /settings/security/sessions/end-others': BUTTON,
  'POST /settings/data/export': BUTTON,
  'POST /settings/data/erase/call-off': BUTTON,
  'POST /settings/tokens': () => ({ tokenName: 'My watch', habitsRead: 'yes', days: '30' }),
  'POST /settings/tokens/:id/revoke': BUTTON,
  'POST /settings/savings': () => ({
    capPerPayment: '100',
    capPerDay: '200',
    capPerMonth: '300',
    floor: '0',
    cadence: 'DAILY',
  }),
  'POST /settings/savings/withdraw': BUTTON,
  'POST /settings/savings/pause': () => ({ until: '' }),
  'POST /settings/savings/resume': BUTTON,
  // Last of the owner's: after it they have no account any more.
  'POST /settings/data/erase': ({ email }) => ({ email }),

  'POST /admin/payments/stop': () => ({ reason: 'A drill' }),
  'POST /admin/payments/stop/end': BUTTON,
  'POST /admin/alarms/:id/acknowledge': BUTTON,
  'POST /admin/users/:id/unlock': BUTTON,
  'POST /admin/users/:id/factor-reset': BUTTON,
  'POST /admin/payments/:id/look': BUTTON,
  'POST /admin/payments/:id/again': BUTTON,
  'POST /admin/payments/:id/mark': () => ({ reason: 'A drill' }),
  'POST /admin/payments/:id/unmark': BUTTON,
  'POST /admin/payments/:id/cancel': BUTTON,
  'POST /admin/jobs/:id/retry': BUTTON,
  'POST /admin/audit/export': () => ({
    action: '',
    outcome: '',
    person: '',
    object: '',
    from: '',
    until: '',
  }),
  'POST /admin/users/:id/role': () => ({ role: 'SAVER' }),
  'POST /admin/users/:id/sign-out': BUTTON,
  'POST /admin/users/:id/lock': () => ({ reason: 'A drill' }),
  'POST /admin/consents/:id/ask': BUTTON,
  'POST /admin/sandbox/calls/:call': ({ debtorAccount }) => ({
    account: debtorAccount,
    from: '2026-01-01',
    to: '2026-03-31',
  }),
  'POST /admin/calls/:id/repeat': BUTTON,
  'POST /admin/sandbox/faults': () => ({ kind: 'status', route: 'GET /nowhere', count: '1', delayMs: '1' }),
  'POST /admin/sandbox/faults/clear': BUTTON,
  'POST /admin/sandbox/clock': () => ({ amount: '1', unit: 'minutes' }),
}

/** Doors for programs that have no session: the link itself says all, and no form of a page leads there. */
export const DOORS = ['POST /letters/off/:token']

/** Who may send it, and has what it is about. */
export function senderOf(route: string): Part {
  if (route.startsWith('POST /admin')) return 'admin'
  if (/^POST \/login\/(code|code\/passkey|lost)$/.test(route)) return 'half'
  return /^POST \/(login|signup|confirm|password)/.test(route) ? 'visitor' : 'owner'
}

/** For the owner. @throws when nothing is left to check off. */
export async function factsOf(app: TestApp, { players, ids }: Cast): Promise<Facts> {
  const { visitor, user, email } = players.owner
  if (!user || email === undefined) throw new Error('the owner has no account')
  const chosen = await app.deps.models.accounts.chosenBy(user.id)
  const { day, slot, version } = await offerOf(app, { visitor, user, email }, ids.habits)
  return {
    email,
    day,
    slot: String(slot),
    version: String(version),
    debtorAccount: chosen?.debtor.hashedAccNo ?? '',
    creditorAccount: chosen?.creditor.hashedAccNo ?? '',
  }
}
