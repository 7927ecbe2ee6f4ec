import { formatExactly } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { outcomeBadge } from './call-words.ts'

/** All that is kept of a call: what was sent and answered, how it ended and how long it took. */
export function callProps(call: BankCall, timezone: string) {
  return {
    facts: factsOf(call, timezone),
    bodies: [
      { id: 'request', title: 'What we sent', text: indented(call.requestBody) },
      { id: 'answer', title: 'What the bank answered', text: indented(call.responseBody) },
    ],
  }
}

function factsOf(call: BankCall, timezone: string) {
  const { onBehalfOfId, requestId } = call
  return [
    { term: 'When', text: formatExactly(call.at, timezone) },
    { term: 'Call', text: `${call.method} ${call.path}`, hint: call.api },
    { term: 'Outcome', badge: outcomeBadge(call.outcome), hint: call.remark ?? undefined },
    { term: 'Status', text: call.httpStatus === null ? 'There was no answer.' : String(call.httpStatus) },
    { term: 'It took', text: `${call.durationMs} ms` },
    { term: 'By', text: call.actor },
    onBehalfOfId === null
      ? { term: 'On behalf of', text: 'Nobody' }
      : {
          term: 'On behalf of',
          link: { href: listAddress(paths.adminCalls, { saver: onBehalfOfId }), label: onBehalfOfId },
        },
    { term: 'The saver', text: call.attended ? 'was there' : 'was away; the bank counts such reads' },
    requestId === null
      ? { term: 'Request', text: 'None' }
      : {
          term: 'Request',
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
