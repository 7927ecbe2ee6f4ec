import { formatCount, formatInstant } from '../../format.ts'
import type { Role, UserStatus } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import type { PersonFacts, PersonLine } from '../../models/desk/people.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'

export const ROLE_WORDS = { SAVER: term('Saver'), ADMIN: term('Admin') } as const satisfies Record<
  Role,
  string
>
export const STATUS_WORDS = {
  ACTIVE: term('Open'),
  LOCKED: term('Locked'),
  DORMANT: term('Unused, shut'),
  CLOSED: term('Closed'),
} as const satisfies Record<UserStatus, string>

/** A person as a row of a list. */
export function personRow(person: PersonLine, timezone: string) {
  return {
    cells: [
      { text: person.fullName, href: paths.adminUser(person.id), hint: person.email },
      { text: t(ROLE_WORDS[person.role]) },
      { badge: statusBadge(person.status) },
      { text: t(hasFactor(person) ? 'on' : 'off') },
      { text: t(person.accLoaded ? 'chosen' : 'not chosen') },
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
      {
        term: t('Address'),
        text: person.email,
        hint: t('confirmed: {time}', { time: at(person.emailConfirmedOn, t('not yet')) }),
      },
      { term: t('Id'), text: person.id },
      { term: t('Role'), text: t(ROLE_WORDS[person.role]) },
      { term: t('Account'), badge: statusBadge(person.status) },
      { term: t('Signed up'), text: at(person.createdOn, '') },
      { term: t('Authenticator'), text: at(person.totpConfirmedOn, t('None')) },
      { term: t('Passkeys'), text: formatCount(person.passkeyCount) },
      ...(person.resetOn ? [{ term: t('Its second factor goes on'), text: at(person.resetOn, '') }] : []),
      {
        term: t('Signed in'),
        text:
          person.sessions === 0
            ? t('Nowhere')
            : t('{count, plural, one {In # place} other {In # places}}', { count: person.sessions }),
      },
      {
        term: t('Bank'),
        text: person.consentUntil
          ? t('Consent until {time}', { time: at(person.consentUntil, '') })
          : t('Not linked'),
      },
      { term: t('Habits'), text: formatCount(person.habits) },
      {
        term: t('Payments'),
        text: formatCount(person.payments),
        hint: t('{count} not settled', { count: formatCount(person.openPayments) }),
      },
      ...(person.pausedUntil ? [{ term: t('Savings'), text: t('Paused') }] : []),
    ],
    links: [
      {
        href: listAddress(paths.adminAudit, { person: person.id }),
        label: t('What happened in this account'),
      },
      { href: listAddress(paths.adminCalls, { saver: person.id }), label: t('Calls to the bank for it') },
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
    ? { value: 'SAVER', label: t('Make a saver of this admin') }
    : { value: 'ADMIN', label: t('Make this person an admin') }
}

function statusBadge(status: UserStatus) {
  return { text: t(STATUS_WORDS[status]), tone: status === 'ACTIVE' ? 'done' : 'attention' }
}
