/** What savers were told, against what was recorded and paid. */
import { isFinal } from '../../../src/models/payment/states.ts'
import type { Entry, Journal } from '../journal.ts'
import type { Offer } from '../pages.ts'
import type { Saver } from '../savers.ts'
import type { CheckOffFact, Facts, PaymentFact } from './facts.ts'
import type { Fault } from './fault.ts'

export interface PromiseFigures {
  /** Check-offs that the app has said it took. */
  promised: number
  recorded: number
  undone: number
  /** Of those recorded, the ones whose payment the bank has visibly turned away. */
  turnedAway: number
}

const TURNED_AWAY: readonly string[] = ['REJECTED', 'EXPIRED', 'CANCELLED']

export function judgePromises(
  { checkOffs, payments }: Facts,
  journal: Journal,
  savers: readonly Saver[],
): { figures: PromiseFigures; faults: Fault[] } {
  const byId = new Map(checkOffs.map((checkOff) => [checkOff.id, checkOff]))
  const paymentOf = new Map(payments.map((payment) => [payment.id, payment]))
  const rowsAt = Map.groupBy(checkOffs, keyOf)
  const expected = new Map(savers.flatMap(({ id }) => [...expectations(journal.of(id), byId)]))
  const faults: Fault[] = []
  for (const [place, isTaken] of expected) {
    const rows = (rowsAt.get(place) ?? []).filter(({ state }) => state === 'RECORDED')
    if (isTaken) faults.push(...faultsOfPromise(place, rows, paymentOf))
    else for (const row of rows) faults.push(invented(row, 'was taken back'))
  }
  for (const checkOff of checkOffs) {
    if (!expected.has(keyOf(checkOff))) faults.push(invented(checkOff, 'was promised to nobody'))
    if (checkOff.state === 'UNDONE') faults.push(...faultsOfUndone(checkOff, paymentOf))
  }
  const recorded = checkOffs.filter(({ state }) => state === 'RECORDED')
  return {
    figures: {
      promised: journal.count('promised'),
      recorded: recorded.length,
      undone: checkOffs.length - recorded.length,
      turnedAway: recorded.filter((row) => isTurnedAway(paymentOf.get(row.paymentId ?? ''))).length,
    },
    faults,
  }
}

/** Per place, whether it holds a check-off after all that the saver was told, the latest word counting. */
function expectations(
  entries: readonly Entry[],
  byId: ReadonlyMap<string, CheckOffFact>,
): Map<string, boolean> {
  const places = new Map<string, boolean>()
  for (const entry of entries) {
    if (entry.kind === 'promised') places.set(keyOf(entry.place), true)
    if (entry.kind === 'undone') {
      const checkOff = byId.get(entry.checkOffId)
      if (checkOff) places.set(keyOf(checkOff), false)
    }
  }
  return places
}

function faultsOfPromise(
  place: string,
  rows: readonly CheckOffFact[],
  paymentOf: ReadonlyMap<string, PaymentFact>,
): Fault[] {
  const [row] = rows
  if (!row) return [{ what: 'lost', words: `the check-off of ${place} was promised and isn't there` }]
  if (rows.length > 1)
    return [{ what: 'double', words: `${rows.length} check-offs of ${place}`, paymentId: row.paymentId }]
  const payment = paymentOf.get(row.paymentId ?? '')
  if (payment?.state === 'PAID' || isTurnedAway(payment)) return []
  // Neither paid nor lost, but not at rest: the books tell.
  if (payment && !isFinal(payment.state)) return []
  const words = `the check-off of ${place} is in a payment that is ${payment?.state ?? 'not there'}`
  return [{ what: 'lost', words, paymentId: row.paymentId }]
}

function faultsOfUndone(row: CheckOffFact, paymentOf: ReadonlyMap<string, PaymentFact>): Fault[] {
  const payment = paymentOf.get(row.paymentId ?? '')
  if (payment?.state === 'CANCELLED') return []
  const words = `check-off ${row.id} was taken back, and its payment is ${payment?.state ?? 'not there'}`
  return [{ what: 'money', words, paymentId: row.paymentId }]
}

function invented(row: CheckOffFact, why: string): Fault {
  return { what: 'invented', words: `check-off ${row.id} of ${keyOf(row)} ${why}`, paymentId: row.paymentId }
}

function isTurnedAway(payment: PaymentFact | undefined): boolean {
  return payment !== undefined && TURNED_AWAY.includes(payment.state) && payment.reason !== 'undone-by-saver'
}

function keyOf({ habitId, day, slot }: Offer | CheckOffFact): string {
  return `habit ${habitId}, ${day}, place ${slot}`
}
