/** The bank's list of orders, read whole. */
import type { Bank, BankOrder, CallContext, Country, LookUp, OrderStatus } from '../words.ts'
import type { Caller, Result } from './caller.ts'
import { lookUpOf } from './outcomes.ts'
import { type Page, readOrders } from './parser.ts'
import { type Profile, paymentsPath } from './profiles.ts'
import { errorOf, type Trouble, unreadable } from './trouble.ts'

/** The page size is the bank's secret; with the 40 seen elsewhere this is four thousand orders. */
const MAX_PAGES = 100

export function orderSearch(call: Caller, profile: Profile): Pick<Bank, 'findOrders' | 'listOrders'> {
  return {
    /**
     * `absent` only after the last page, and only if every order shows an external id: one without could be ours.
     * Several orders under one id should be impossible; if the bank holds them, the answer is the one that may have
     * moved money furthest, so that a paid one is never confirmed again, and the rest come as `others`.
     */
    async findOrders(externalIds, country, context) {
      if (externalIds.length === 0) return new Map()
      const result = await everyOrder(call, profile, country, context)
      const lookUp = result.ok ? lookUpAmong(result.value) : () => lookUpOf(result.trouble)
      return new Map(externalIds.map((externalId) => [externalId, lookUp(externalId)]))
    },

    async listOrders(country, context) {
      const result = await everyOrder(call, profile, country, context)
      if (!result.ok) throw errorOf(result.trouble)
      return result.value
    },
  }
}

function lookUpAmong(orders: readonly BankOrder[]): (externalId: string) => LookUp {
  const byExternalId = Map.groupBy(orders, ({ externalId }) => externalId)
  const missing: LookUp = byExternalId.has(null) ? lookUpOf(unreadable(200)) : { kind: 'absent' }
  return (externalId) => {
    const [order, ...others] = (byExternalId.get(externalId) ?? []).sort(
      (one, other) => progress(other.status) - progress(one.status),
    )
    return order ? { kind: 'found', order, ...(others.length > 0 ? { others } : {}) } : missing
  }
}

/**
 * Newest first, so that orders that arrive while we read push known ones onto later pages instead of hiding any.
 * The list ends with an empty page. A bank that ignores `page` would never send one: the same page three times over
 * is taken for the whole list.
 */
async function everyOrder(
  call: Caller,
  profile: Profile,
  country: Country,
  context: CallContext,
): Promise<Result<BankOrder[]>> {
  const found = new Map<string, BankOrder>()
  let last = ''
  let repeats = 0
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const result = await orderPage(call, profile, country, page, context)
    if (!result.ok) return result
    const { items, continuation } = result.value
    for (const order of items) found.set(order.bankPaymentId, order)
    const ids = items.map(({ bankPaymentId }) => bankPaymentId).join()
    repeats = ids === last ? repeats + 1 : 0
    if (repeats === 2 && continuation !== null) break
    if (items.length === 0 || repeats === 2) return { ok: true, value: [...found.values()] }
    last = ids
  }
  return { ok: false, trouble: endless() }
}

function orderPage(
  call: Caller,
  profile: Profile,
  country: Country,
  page: number,
  context: CallContext,
): Promise<Result<Page<BankOrder>>> {
  return call(
    {
      api: 'payments.list',
      method: 'GET',
      path: paymentsPath(profile, country),
      query: { page: String(page), parameter: 'creation_date', desc: 'true' },
      acts: false,
      success: [200],
      read: ({ json }) => readOrders(json),
    },
    context,
  )
}

function endless(): Trouble {
  return { ...unreadable(200), code: 'pages without end' }
}

const PROGRESS: Readonly<Record<OrderStatus['kind'], number>> = {
  paid: 6,
  accepted: 5,
  // It may have moved money, so it outranks everything that certainly hasn't.
  'not-understood': 4,
  'on-hold': 3,
  'awaiting-approval': 2,
  'awaiting-confirmation': 1,
  rejected: 0,
  expired: 0,
  cancelled: 0,
}

function progress(status: OrderStatus): number {
  return PROGRESS[status.kind]
}
