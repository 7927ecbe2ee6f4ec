export interface Spread {
  min: number
  median: number
  max: number
}

/** @throws when there is nothing to describe. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { min: at(sorted, 0), median: medianOf(sorted), max: at(sorted, sorted.length - 1) }
}

/** The smallest value that this share of all values does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return at(sorted, Math.max(0, Math.ceil(share * sorted.length) - 1))
}

function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2
}

function at(sorted: readonly number[], index: number): number {
  const value = sorted[index]
  if (value === undefined) throw new RangeError('there are no values')
  return value
}
