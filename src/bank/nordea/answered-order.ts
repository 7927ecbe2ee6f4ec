/** What every answer about an order must satisfy, whichever call it answers. */
import type { BankOrder } from '../words.ts'
import type { BrowserUrlCheck } from './browser-url.ts'
import { type Reading, read, readOrder } from './parser.ts'

export function readAskedOrder(json: unknown, id: string, browserUrl: BrowserUrlCheck): Reading<BankOrder> {
  const reading = readOrder(json)
  if (reading.kind === 'unreadable') return reading
  const { order } = reading.value
  if (order.bankPaymentId !== id) return { kind: 'unreadable', why: 'the answer is about another order' }
  return withUsableLink(order, browserUrl)
}

/** A link we can't send a browser to means we don't understand what the bank wants of the saver. */
export function withUsableLink(order: BankOrder, browserUrl: BrowserUrlCheck): Reading<BankOrder> {
  if (order.approvalUrl === undefined) return read(order)
  const approvalUrl = browserUrl(order.approvalUrl)
  return approvalUrl === null
    ? { kind: 'unreadable', why: 'the approval link is not one we send a browser to' }
    : read({ ...order, approvalUrl })
}
