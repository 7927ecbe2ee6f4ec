/** Confirming orders: together with one body, or one after the other without. */
import type { Bank, BankOrder, CallContext, Country, OrderOutcome } from '../words.ts'
import { readAskedOrder, withUsableLink } from './answered-order.ts'
import type { BrowserUrlCheck } from './browser-url.ts'
import type { Caller, Result } from './caller.ts'
import { outcomeOf } from './outcomes.ts'
import { type Confirmation, type Reading, readConfirmation } from './parser.ts'
import { type Profile, paymentsPath, segment } from './profiles.ts'
import { sendingBudget } from './sending-budget.ts'
import type { NordeaSettings } from './settings.ts'
import { unreadable } from './trouble.ts'

/** @returns one outcome per id, in the order of the ids. */
export function confirmation(
  call: Caller,
  settings: NordeaSettings,
  profile: Profile,
  browserUrl: BrowserUrlCheck,
): Bank['confirm'] {
  const success = [200, 201, 202]

  const confirmOne = (id: string, country: Country, context: CallContext): Promise<Result<BankOrder>> =>
    call(
      {
        api: 'payments.confirm',
        method: 'PUT',
        path: `${paymentsPath(profile, country)}/${segment(id)}/confirm`,
        acts: true,
        success,
        read: ({ json }) => readAskedOrder(json, id, browserUrl),
      },
      context,
    )

  return async ({ bankPaymentIds, country, returnState }, context) => {
    if (bankPaymentIds.length === 0) return []
    if (profile.confirm === 'each') {
      const budgeted = sendingBudget(context)
      return oneByOne(bankPaymentIds, (id) => confirmOne(id, country, budgeted()))
    }
    const result = await call(
      {
        api: 'payments.confirm',
        method: 'PUT',
        path: `${paymentsPath(profile, country)}/confirm`,
        json: { payments_ids: bankPaymentIds, redirect_url: settings.paymentReturnUri, state: returnState },
        acts: true,
        secrets: [returnState],
        success,
        read: ({ json }) => readAllConfirmed(json, browserUrl),
      },
      context,
    )
    if (!result.ok) return bankPaymentIds.map(() => outcomeOf(result.trouble))
    return bankPaymentIds.map((id) => outcomeFor(id, result.value))
  }
}

/**
 * Once a call is turned away before the bank acts (token, limit, gate, lease), it isn't asked again for the rest. What is
 * thrown after the first call must not take the outcomes so far along.
 */
async function oneByOne(
  ids: readonly string[],
  confirm: (id: string) => Promise<Result<BankOrder>>,
): Promise<OrderOutcome[]> {
  const outcomes: OrderOutcome[] = []
  for (const id of ids) {
    const last = outcomes.at(-1)
    if (last?.kind === 'not-sent') outcomes.push(last)
    else {
      try {
        const result = await confirm(id)
        outcomes.push(result.ok ? { kind: 'order', order: result.value } : outcomeOf(result.trouble))
      } catch (error) {
        if (outcomes.length === 0) throw error
        process.emitWarning('the bank call payments.confirm broke off between two orders', 'BankCallBroken')
        outcomes.push({ kind: 'unknown', because: 'connection', retryAfterSeconds: null })
      }
    }
  }
  return outcomes
}

function outcomeFor(id: string, { orders, refused }: Confirmation): OrderOutcome {
  const order = orders.find(({ bankPaymentId }) => bankPaymentId === id)
  const refusal = refused.find(({ bankPaymentId }) => bankPaymentId === id)
  // Named in both lists or in neither: nobody knows.
  if ((order === undefined) === (refusal === undefined)) return outcomeOf(unreadable(200))
  if (order) return { kind: 'order', order }
  // The codes here are not published. Whatever they say, the order is in a state to be looked at before anything else.
  return { kind: 'conflict', code: refusal?.code ?? null }
}

function readAllConfirmed(json: unknown, browserUrl: BrowserUrlCheck): Reading<Confirmation> {
  const reading = readConfirmation(json)
  if (reading.kind === 'unreadable') return reading
  const orders: BankOrder[] = []
  for (const order of reading.value.orders) {
    const checked = withUsableLink(order, browserUrl)
    if (checked.kind === 'unreadable') return checked
    orders.push(checked.value)
  }
  return { ...reading, value: { ...reading.value, orders } }
}
