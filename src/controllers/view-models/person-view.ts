import { formatInstant, plural } from '../../format.ts'
import type { Role, UserStatus } from '../../generated/enums.ts'
import type { PersonFacts, PersonLine } from '../../models/desk/people.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'

export const ROLE_WORDS = { SAVER: 'Saver', ADMIN: 'Admin' } as const satisfies Record<Role, string>
export const STATUS_WORDS = {
  ACTIVE: 'Open',
  LOCKED: 'Locked',
  DORMANT: 'Unused, shut',
  CLOSED: 'Closed',
} as const satisfies Record<UserStatus, string>

/** A person as a row of a list. */
export function personRow(person: PersonLine, timezone: string) {
  return {
    cells: [
      { text: person.fullName, href: paths.adminUser(person.id), hint: person.email },
      { text: ROLE_WORDS[person.role] },
      { badge: statusBadge(person.status) },
      { text: hasFactor(person) ? 'on' : 'off' },
      { text: person.accLoaded ? 'chosen' : 'not chosen' },
      { text: formatInstant(person.createdOn, timezone) },
    ],
  }
}

export function personPage(person: PersonFacts, { timezone, isOwn }: { timezone: string; isOwn: boolean }) {
  const at = (instant: Date | null, otherwise: string) =>
    instant ? formatInstant(instant, timezone) : otherwise
  return {
    heading: person.fullName,
    facts: [
      { term: 'Address', text: person.email, hint: `confirmed: ${at(person.emailConfirmedOn, 'not yet')}` },
      { term: 'Id', text: person.id },
      { term: 'Role', text: ROLE_WORDS[person.role] },
      { term: 'Account', badge: statusBadge(person.status) },
      { term: 'Signed up', text: at(person.createdOn, '') },
      { term: 'Authenticator', text: at(person.totpConfirmedOn, 'None') },
      { term: 'Passkeys', text: String(person.passkeyCount) },
      ...(person.resetOn ? [{ term: 'Its second factor goes on', text: at(person.resetOn, '') }] : []),
      {
        term: 'Signed in',
        text: person.sessions === 0 ? 'Nowhere' : `In ${plural(person.sessions, 'place')}`,
      },
      {
        term: 'Bank',
        text: person.consentUntil ? `Consent until ${at(person.consentUntil, '')}` : 'Not linked',
      },
      { term: 'Habits', text: String(person.habits) },
      { term: 'Payments', text: String(person.payments), hint: `${person.openPayments} not settled` },
      ...(person.pausedUntil ? [{ term: 'Savings', text: 'Paused' }] : []),
    ],
    links: [
      { href: listAddress(paths.adminAudit, { person: person.id }), label: 'What happened in this account' },
      { href: listAddress(paths.adminCalls, { saver: person.id }), label: 'Calls to the bank for it' },
    ],
    isOwn,
    lockPath: person.status === 'ACTIVE' ? paths.adminUserLock(person.id) : null,
    unlockPath: person.status === 'LOCKED' ? paths.adminUserUnlock(person.id) : null,
    signOutPath: person.sessions > 0 ? paths.adminUserSignOut(person.id) : null,
    factorResetPath: hasFactor(person) && !person.resetOn ? paths.adminUserFactorReset(person.id) : null,
    rolePath: person.status === 'ACTIVE' && person.emailConfirmedOn ? paths.adminUserRole(person.id) : null,
    otherRole: otherRole(person.role),
  }
}

function otherRole(role: Role) {
  return role === 'ADMIN'
    ? { value: 'SAVER', label: 'Make a saver of this admin' }
    : { value: 'ADMIN', label: 'Make this person an admin' }
}

function statusBadge(status: UserStatus) {
  return { text: STATUS_WORDS[status], tone: status === 'ACTIVE' ? 'done' : 'attention' }
}
