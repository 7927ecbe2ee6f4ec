import { formatExactly } from '../../format.ts'
import type { AuditEvent } from '../../generated/client.ts'
import { paths } from '../../paths.ts'
import { timeCell } from './list-page.ts'

/** A line of the audit trail as a row of a list, for admins. */
export function auditRow(event: AuditEvent, timezone: string) {
  return {
    cells: [
      timeCell(event.at, timezone),
      { text: event.action, href: paths.adminAuditLine(event.id) },
      { badge: outcomeOf(event) },
      { text: event.actorKind, ...(event.ip ? { hint: event.ip } : {}) },
      { text: event.objectKind ?? '' },
    ],
  }
}

export function auditFacts(event: AuditEvent, timezone: string) {
  const { actorId, subjectId, objectKind, objectId, ip, requestId } = event
  return [
    { term: 'When', text: formatExactly(event.at, timezone) },
    { term: 'What', text: event.action },
    { term: 'Outcome', badge: outcomeOf(event) },
    { term: 'By', text: event.actorKind, ...(actorId ? { hint: actorId } : {}) },
    { term: 'Whose data', text: subjectId ?? 'Nobody’s' },
    { term: 'Thing', text: objectKind ? `${objectKind} ${objectId ?? ''}` : 'None' },
    { term: 'From', text: ip ?? 'Not known, or forgotten after 13 months' },
    { term: 'Request', text: requestId ?? 'None' },
  ]
}

function outcomeOf({ outcome }: Pick<AuditEvent, 'outcome'>) {
  return { text: outcome, tone: outcome === 'done' ? 'done' : 'attention' }
}
