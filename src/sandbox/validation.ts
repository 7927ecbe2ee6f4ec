/** Turns zod's findings into the API's failures: one for each field, with its JSON path. */

import type { z } from 'zod'
import { fromDecimal } from '../money.ts'
import { ApiError, type Failure } from './errors.ts'

/** @throws ApiError 400 with one failure for each field that is wrong. */
export function readWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const reading = schema.safeParse(value)
  if (reading.success) return reading.data
  throw new ApiError(400, firstPerPath(reading.error.issues.map((issue) => failureOf(issue, value))))
}

/** @returns minor units, or null for anything that isn't a decimal with at most two decimals. */
export function readDecimal(value: unknown): number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  try {
    return fromDecimal(value)
  } catch {
    return null
  }
}

/** A real calendar day written yyyy-mm-dd. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const instant = new Date(`${text}T00:00:00.000Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text)
}

function failureOf(issue: z.core.$ZodIssue, value: unknown): Failure {
  const path = issue.path.map(String).join('.') || '$'
  return { code: 'error.validation', description: issue.message, path, type: typeOf(issue, value) }
}

function typeOf(issue: z.core.$ZodIssue, value: unknown): string {
  const given = issue.path.reduce<unknown>((inside, key) => Object(inside)[key], value)
  if (given === undefined || given === null) return 'NotNull'
  return issue.code === 'too_big' || issue.code === 'too_small' ? 'Size' : 'Pattern'
}

function firstPerPath(failures: Failure[]): Failure[] {
  const byPath = new Map<string | undefined, Failure>()
  for (const failure of failures) if (!byPath.has(failure.path)) byPath.set(failure.path, failure)
  return [...byPath.values()]
}
