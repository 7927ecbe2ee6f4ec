/** Holds what has been paid against the transactions on the accounts; pure. Days are yyyy-mm-dd, which sort as they are. */
import type { Currency } from '../../money.ts'

/** One side of a payment: what should stand on one account. */
export interface Leg {
  paymentId: string
  reference: string
  /** Hashes of the account it stands on and of the one on the other side. */
  account: string
  counterparty: string
  /** Negative on the account it leaves. */
  amountMinor: number
  currency: Currency
  /** The days on which it may be booked. */
  from: string
  to: string
  /** It has been paid for so long that it must be there; others only explain entries. */
  isDue: boolean
}

export interface Entry {
  key: string
  account: string
  amountMinor: number
  currency: Currency
  bookedOn: string | null
  isBooked: boolean
  /** Those of our payments' references that stand in its texts. */
  references: readonly string[]
  /** Hashes that the shown counterparty may have: none when the number isn't readable, null when none is shown. */
  counterparties: readonly string[] | null
}

export interface Matching {
  /** What must be there and isn't, with the entry that comes closest to it, if one does. */
  unmatched: { leg: Leg; closest: Entry | null }[]
  /** They look exactly like one of the legs, which has an entry already. */
  surplus: Entry[]
  /** They carry a reference of ours and stand for no leg. */
  stray: Entry[]
}

/** Each entry stands for at most one leg: first by reference, where the bank shows it, then by amount, day and counterparty. */
export function matchTransactions(legs: readonly Leg[], entries: readonly Entry[]): Matching {
  const entryOf = new Map<Leg, Entry>()
  const groups = Map.groupBy(entries, sameMoney)
  for (const [money, ofMoney] of Map.groupBy(legs, sameMoney)) {
    const candidates = groups.get(money) ?? []
    byReference(ofMoney, candidates, entryOf)
    byDay(ofMoney, candidates, entryOf)
  }
  const used = new Set(entryOf.values())
  const unused = entries.filter((entry) => !used.has(entry))
  const nameless = unused.filter(isNameless)
  return {
    unmatched: legs
      .filter((leg) => leg.isDue && !entryOf.has(leg))
      .map((leg) => ({ leg, closest: nameless.find((entry) => comesClose(leg, entry)) ?? null })),
    surplus: nameless.filter((entry) => legs.some((leg) => isAnother(leg, entry))),
    stray: unused.filter((entry) => !isNameless(entry)),
  }
}

function sameMoney({
  account,
  amountMinor,
  currency,
}: Pick<Leg, 'account' | 'amountMinor' | 'currency'>): string {
  return `${account} ${amountMinor} ${currency}`
}

function byReference(legs: readonly Leg[], candidates: readonly Entry[], entryOf: Map<Leg, Entry>): void {
  const taken = new Set<Entry>()
  for (const leg of legs) {
    const entry = candidates.find(
      (candidate) =>
        candidate.isBooked && !taken.has(candidate) && candidate.references.includes(leg.reference),
    )
    if (!entry) continue
    taken.add(entry)
    entryOf.set(leg, entry)
  }
}

/**
 * Entries in the order of their days, each to the leg whose days end first: that way as many find each other as possible.
 * What is due comes before what only might be there.
 */
function byDay(legs: readonly Leg[], candidates: readonly Entry[], entryOf: Map<Leg, Entry>): void {
  const waiting = legs.filter((leg) => !entryOf.has(leg)).sort(dueFirst)
  const taken = new Set(entryOf.values())
  const open = candidates
    .filter((entry) => entry.isBooked && !taken.has(entry) && isNameless(entry))
    .sort((a, b) => (a.bookedOn ?? '').localeCompare(b.bookedOn ?? '') || a.key.localeCompare(b.key))
  for (const entry of open) {
    const at = waiting.findIndex((leg) => isInTime(leg, entry) && mayBeFrom(leg, entry))
    const [leg] = at < 0 ? [] : waiting.splice(at, 1)
    if (leg) entryOf.set(leg, entry)
  }
}

function dueFirst(a: Leg, b: Leg): number {
  return (
    Number(b.isDue) - Number(a.isDue) || a.to.localeCompare(b.to) || a.paymentId.localeCompare(b.paymentId)
  )
}

function isInTime(leg: Leg, { bookedOn }: Entry): boolean {
  return bookedOn !== null && leg.from <= bookedOn && bookedOn <= leg.to
}

/** What isn't shown can't speak against it. */
function mayBeFrom({ counterparty }: Leg, { counterparties }: Entry): boolean {
  return counterparties === null || counterparties.includes(counterparty)
}

/** The right amount, and yet not certain: only reserved, booked on another day, or with a counterparty nobody can read. */
function comesClose(leg: Leg, entry: Entry): boolean {
  if (sameMoney(leg) !== sameMoney(entry)) return false
  if (!isInTime(leg, entry)) return isShown(leg, entry)
  return entry.counterparties?.length === 0 || (!entry.isBooked && mayBeFrom(leg, entry))
}

/** Between the same two accounts, of the same amount, in the same days. Without a counterparty it could be anything. */
function isAnother(leg: Leg, entry: Entry): boolean {
  return sameMoney(leg) === sameMoney(entry) && entry.isBooked && isInTime(leg, entry) && isShown(leg, entry)
}

function isShown({ counterparty }: Leg, { counterparties }: Entry): boolean {
  return counterparties?.includes(counterparty) ?? false
}

function isNameless({ references }: Entry): boolean {
  return references.length === 0
}

const REFERENCE = /(?<![0-9A-Z])[0-9A-Z]{12}(?![0-9A-Z])/g

/** @returns what could be one of our references. */
export function referencesIn(...texts: readonly (string | null)[]): string[] {
  return [...new Set(texts.flatMap((text) => text?.match(REFERENCE) ?? []))]
}
