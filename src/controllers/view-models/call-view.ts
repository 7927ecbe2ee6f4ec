import { formatCount, formatExactly } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { outcomeBadge } from './call-words.ts'

/** All that is kept of a call: what was sent and answered, how it ended and how long it took. */
export function callProps(call: BankCall, timezone: string) {
  return {
    facts: factsOf(call, timezone),
    bodies: [
      { id: 'request', title: t('What we sent'), text: indented(call.requestBody) },
      { id: 'answer', title: t('What the bank answered'), text: indented(call.responseBody) },
    ],
  }
}

function factsOf(call: BankCall, timezone: string) {
  const { onBehalfOfId, requestId } = call
  return [
    { term: t('When'), text: formatExactly(call.at, timezone) },
    { term: t('Call'), text: `${call.method} ${call.path}`, hint: call.api },
    { term: t('Outcome'), badge: outcomeBadge(call.outcome), hint: call.remark ?? undefined },
    {
      term: t('Status'),
      text: call.httpStatus === null ? t('There was no answer.') : String(call.httpStatus),
    },
    { term: t('It took'), text: `${formatCount(call.durationMs)} ms` },
    { term: t('By'), text: call.actor },
    onBehalfOfId === null
      ? { term: t('On behalf of'), text: t('Nobody') }
      : {
          term: t('On behalf of'),
          link: { href: listAddress(paths.adminCalls, { saver: onBehalfOfId }), label: onBehalfOfId },
        },
    { term: t('The saver'), text: t(call.attended ? 'was there' : 'was away; the bank counts such reads') },
    requestId === null
      ? { term: t('Request'), text: t('None') }
      : {
          term: t('Request'),
          link: { href: listAddress(paths.adminCalls, { request: requestId }), label: requestId },
        },
  ]
}

/** Bodies were redacted before they were kept. */
function indented(body: string | null): string | null {
  if (body === null) return null
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
