import { formatInstant } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import type { CallKind, EventKind, OwnCall, OwnEvent } from '../../models/activity.ts'
import { paths } from '../../paths.ts'
import { callWords, eventWords, resultBadge } from './activity-words.ts'

type Viewer = Pick<User, 'timezone' | 'role'>

interface Filter<Kind extends string> {
  kind: Kind | null
  /** A `term`. */
  label: string
}

export const CALL_FILTERS: readonly Filter<CallKind>[] = [
  { kind: null, label: term('Everything') },
  { kind: 'accounts', label: term('Looking at accounts') },
  { kind: 'payments', label: term('Payments') },
  { kind: 'consent', label: term('Your consent') },
]
export const EVENT_FILTERS: readonly Filter<EventKind>[] = [
  { kind: null, label: term('Everything') },
  { kind: 'account', label: term('Signing in and security') },
  { kind: 'bank', label: term('Your bank') },
  { kind: 'saving', label: term('Saving') },
]

/** Either list of the activity page; the other is one link away. */
export function activityPage<Kind extends string>(list: {
  path: typeof paths.activity | typeof paths.activityAccount
  filters: readonly Filter<Kind>[]
  kind: Kind | null
  rows: object[]
  /** The last of them, where there are more. */
  olderThan: string | null
  isFirst: boolean
}) {
  const { path, kind, olderThan } = list
  const addressOf = (query: Record<string, string | null>) => {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null)
    return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
  }
  return {
    tabs: [
      { href: paths.activity, label: t('Calls to Nordea'), current: path === paths.activity },
      { href: paths.activityAccount, label: t('Your account'), current: path === paths.activityAccount },
    ],
    filters: list.filters.map(({ kind: own, label }) => ({
      href: addressOf({ kind: own }),
      label: t(label),
      current: own === kind,
    })),
    rows: list.rows,
    olderPath: olderThan && addressOf({ kind, before: olderThan }),
    newestPath: list.isFirst ? null : addressOf({ kind }),
  }
}

export function callRow({ at, actor, api, outcome, attended }: OwnCall, { timezone, role }: Viewer) {
  return {
    cells: [
      { text: formatInstant(at, timezone) },
      { text: callWords(api) },
      { text: presenceOf({ actor, attended }, role) },
      { badge: resultBadge(outcome) },
    ],
  }
}

function presenceOf({ actor, attended }: Pick<OwnCall, 'actor' | 'attended'>, role: User['role']): string {
  if (actor === 'admin' && role !== 'ADMIN') return t('Away; Sparvana checked your consent')
  return attended || actor !== 'worker' ? t('Here') : t('Away')
}

export function eventRow(event: OwnEvent, { timezone }: Viewer) {
  const text = eventWords(event.action, event.outcome)
  const href = hrefOf(event)
  return {
    cells: [
      { text: formatInstant(event.at, timezone) },
      { text, ...(href ? { href } : {}) },
      { text: whoOf(event), ...(event.ip ? { hint: event.ip } : {}) },
    ],
  }
}

function hrefOf({ action, objectKind, objectId }: OwnEvent): string | null {
  if (!objectId) return null
  if (objectKind === 'payment') return paths.payment(objectId)
  return objectKind === 'habit' && action !== 'habit.deleted' ? paths.habit(objectId) : null
}

function whoOf({ isOwn, actorKind }: OwnEvent): string {
  if (isOwn) return t('You')
  if (actorKind === 'admin') return t('Somebody at Sparvana')
  return actorKind === 'worker' ? t('Sparvana, by itself') : t('Somebody who wasn’t signed in')
}
