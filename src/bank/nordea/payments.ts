/** Orders: begin, confirm, look at, find, delete. What moves money answers with an outcome and doesn't throw. */
import type { Bank, BankOrder, CallContext, Country, OrderOutcome, PaymentOrder } from '../words.ts'
import { readAskedOrder, withUsableLink } from './answered-order.ts'
import type { BrowserUrlCheck } from './browser-url.ts'
import type { Caller, Result } from './caller.ts'
import { confirmation } from './confirmation.ts'
import { isSameAccount } from './numbers.ts'
import { orderSearch } from './order-search.ts'
import { outcomeOf, outcomeOfInitiation } from './outcomes.ts'
import { type EchoedOrder, type Reading, read, readOrder } from './parser.ts'
import { paymentBody } from './payment-body.ts'
import { type Profile, paymentsPath, segment } from './profiles.ts'
import { sendingBudget } from './sending-budget.ts'
import type { NordeaSettings } from './settings.ts'

type Payments = Pick<Bank, 'initiate' | 'confirm' | 'order' | 'findOrders' | 'listOrders' | 'deleteOrder'>

export function payments(
  call: Caller,
  settings: NordeaSettings,
  profile: Profile,
  browserUrl: BrowserUrlCheck,
): Payments {
  const order = async (id: string, country: Country, context: CallContext): Promise<OrderOutcome> => {
    const result = await call(
      {
        api: 'payments.detail',
        method: 'GET',
        path: `${paymentsPath(profile, country)}/${segment(id)}`,
        acts: false,
        success: [200],
        read: ({ json }) => readAskedOrder(json, id, browserUrl),
      },
      context,
    )
    return outcome(result)
  }

  return {
    async initiate(wanted, context) {
      const body = paymentBody(wanted)
      if (body.kind === 'refused') return { kind: 'rejected', reason: 'invalid-order', code: body.code }
      const result = await call(
        {
          api: 'payments.initiate',
          method: 'POST',
          path: paymentsPath(profile, wanted.debtor.country),
          json: body.json,
          acts: true,
          success: [200, 201, 202],
          read: ({ json }) => readEcho(json, wanted, browserUrl),
        },
        context,
      )
      return result.ok ? { kind: 'order', order: result.value } : outcomeOfInitiation(result.trouble)
    },

    confirm: confirmation(call, settings, profile, browserUrl),
    order,
    ...orderSearch(call, profile),
    deleteOrder: profile.canDelete ? deletion(call, profile, order) : null,
  }
}

/** The order is read first, because the bank's answer to a deletion says nothing about it. */
function deletion(call: Caller, profile: Profile, order: Bank['order']): NonNullable<Bank['deleteOrder']> {
  return async (id, country, context) => {
    const budgeted = sendingBudget(context)
    const before = await order(id, country, context)
    if (before.kind === 'unknown') return { ...before, kind: 'not-sent' }
    if (before.kind !== 'order') return before
    const result = await call(
      {
        api: 'payments.delete',
        method: 'DELETE',
        path: `${paymentsPath(profile, country)}/${segment(id)}`,
        acts: true,
        success: [200, 202, 204],
        read: () => read<BankOrder>({ ...before.order, status: { kind: 'cancelled' } }),
      },
      budgeted(),
    )
    return outcome(result)
  }
}

function outcome(result: Result<BankOrder>): OrderOutcome {
  return result.ok ? { kind: 'order', order: result.value } : outcomeOf(result.trouble)
}

/**
 * An answer that doesn't repeat what was asked may belong to somebody else's order or to a changed one: then nobody
 * knows what the bank did, and it must never be confirmed.
 */
function readEcho(json: unknown, wanted: PaymentOrder, browserUrl: BrowserUrlCheck): Reading<BankOrder> {
  const reading = readOrder(json)
  if (reading.kind === 'unreadable') return reading
  const differences = differencesOf(reading.value, wanted)
  if (differences.length > 0) {
    return { kind: 'unreadable', why: `THE ANSWER IS NOT THE ORDER WE SENT: ${differences.join(', ')}` }
  }
  return withUsableLink(reading.value.order, browserUrl)
}

/** The accounts may be left out of the answer, but if they are there they must be the ones. */
function differencesOf({ order, debtor, creditor }: EchoedOrder, wanted: PaymentOrder): string[] {
  return [
    order.externalId === wanted.externalId ? null : 'external_id',
    order.amountMinor === wanted.amountMinor ? null : 'amount',
    order.currency === wanted.currency ? null : 'currency',
    debtor === null || isSameAccount(debtor, wanted.debtor.iban) ? null : 'debtor',
    creditor === null || isSameAccount(creditor, wanted.creditor.iban) ? null : 'creditor',
  ].filter((difference) => difference !== null)
}
