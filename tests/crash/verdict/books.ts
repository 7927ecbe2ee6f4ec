/** Whether events and ledger tell the same story as the payments' states. */
import { SECOND } from '../../../src/clock.ts'
import { bucketOf, isFinal, mayMove } from '../../../src/models/payment/states.ts'
import type { Booked, EventFact, Facts, PaymentFact } from './facts.ts'
import type { Fault } from './fault.ts'

export function judgeBooks({ payments, events, booked, lines, balances }: Facts): Fault[] {
  const faults: Fault[] = []
  const bookedOf = Map.groupBy(booked, ({ id }) => id)
  for (const payment of payments) {
    const { id: paymentId, state } = payment
    const fault = (words: string) =>
      faults.push({ what: 'books', words: `payment ${paymentId}: ${words}`, paymentId })
    if (!isFinal(state)) faults.push({ what: 'unrest', words: unrest(payment), paymentId })
    if (!isChain(payment, events.get(paymentId) ?? []))
      fault('its events are no way through the table of moves')
    if (written(bookedOf.get(paymentId) ?? []) !== written(expectedBookings(payment)))
      fault(`${state}, and the ledger says ${written(bookedOf.get(paymentId) ?? [])}`)
  }
  if (written(lines) !== written(balances))
    faults.push({ what: 'books', words: 'the balances are not the sums of their lines' })
  return faults
}

function unrest({ id, state, reason, nextActionAt }: PaymentFact): string {
  const inSeconds = Math.round(((nextActionAt?.getTime() ?? Infinity) - Date.now()) / SECOND)
  return `payment ${id} is still ${state} (${reason ?? 'no reason'}), to be looked at in ${inSeconds} s`
}

/** Events of one instant may have been written in either order: what follows from what decides. */
function isChain({ state }: PaymentFact, events: readonly EventFact[]): boolean {
  const left = [...events]
  let at: EventFact['from'] = null
  while (left.length > 0) {
    const index = left.findIndex(({ from }) => from === at)
    const [event] = index < 0 ? [] : left.splice(index, 1)
    if (!event) return false
    if (event.from === null ? event.to !== 'SCHEDULED' : !mayMove(event.from, event.to)) return false
    at = event.to
  }
  return at === state
}

function expectedBookings({ id, kind, state, amountMinor }: PaymentFact): Booked[] {
  const bucket = bucketOf(kind, state)
  if (bucket === 'OPEN') return []
  return [
    { id, bucket: 'OPEN', minor: -amountMinor },
    { id, bucket, minor: amountMinor },
  ]
}

function written(bookings: readonly Booked[]): string {
  return bookings
    .map(({ id, bucket, minor }) => `${id} ${bucket} ${minor}`)
    .sort()
    .join('; ')
}
