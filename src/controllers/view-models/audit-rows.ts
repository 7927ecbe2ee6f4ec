import { formatExactly } from '../../format.ts'
import type { AuditEvent } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import { paths } from '../../paths.ts'
import { timeCell } from './list-page.ts'

export const AUDIT_OUTCOMES = { done: term('done'), refused: term('refused') } as const

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
    { term: t('When'), text: formatExactly(event.at, timezone) },
    { term: t('What'), text: event.action },
    { term: t('Outcome'), badge: outcomeOf(event) },
    { term: t('By'), text: event.actorKind, ...(actorId ? { hint: actorId } : {}) },
    { term: t('Whose data'), text: subjectId ?? t('Nobody’s') },
    { term: t('Thing'), text: objectKind ? `${objectKind} ${objectId ?? ''}` : t('None') },
    { term: t('From'), text: ip ?? t('Not known, or forgotten after 13 months') },
    { term: t('Request'), text: requestId ?? t('None') },
  ]
}

function outcomeOf({ outcome }: Pick<AuditEvent, 'outcome'>) {
  return {
    text: t(AUDIT_OUTCOMES[outcome as keyof typeof AUDIT_OUTCOMES] ?? outcome),
    tone: outcome === 'done' ? 'done' : 'attention',
  }
}
