import { z } from 'zod'
import { DAY } from '../../clock.ts'
import type { Place } from '../../models/desk/paging.ts'
import { type FormReading, readForm, told } from './form.ts'

/** A field of a list's filter: left out, empty, or good. */
export function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === '' || value === undefined ? null : value), schema.nullable())
}

/** Something with an id of ours. */
export const optionalId = optional(
  z.uuid(told('An id looks like {example}.', { example: '01980000-0000-7000-8000-000000000000' })),
)

/** A day of a calendar. PostgreSQL's has no year 0. */
export const writtenDay = z.iso
  .date(told('A day looks like 2026-06-17.'))
  .refine((day) => day >= '0001', told('A day looks like 2026-06-17.'))

export const optionalDay = optional(writtenDay.transform((day) => new Date(`${day}T00:00:00.000Z`)))

/** The day that is over before the instant that is given back. */
export const optionalLastDay = optionalDay.transform((day) => day && new Date(day.getTime() + DAY))

/** Where the page before has ended. */
const place = z
  .string()
  .regex(/^\d{1,15}_[0-9a-f-]{36}$/)
  .transform((text, context): Place => {
    const [ms = '', id = ''] = text.split('_')
    const at = new Date(Number(ms))
    if (Number.isNaN(at.getTime()) || !z.uuid().safeParse(id).success)
      context.addIssue('is no place in a list')
    return { at, id }
  })

export function placeText({ at, id }: Place): string {
  return `${at.getTime()}_${id}`
}

export type FilterReading<T> = FormReading<T> & { before: Place | null }

/**
 * Reads what stands in the address of a list: its filter, and where the page begins. What else stands there is no concern of
 * the list; a place that is none begins at the top, since nobody types those.
 */
export function readFilter<T extends z.ZodRawShape>(
  shape: T,
  query: unknown,
): FilterReading<z.output<z.ZodObject<T>>> {
  const asked = (query ?? {}) as Record<string, unknown>
  const reading = readForm(z.strictObject(shape), known(shape, asked))
  const parsed = place.safeParse(asked.before)
  return { ...reading, before: parsed.success ? parsed.data : null }
}

function known(shape: z.ZodRawShape, asked: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(asked).filter(([name]) => Object.hasOwn(shape, name)))
}

/** What was asked for, to be shown in the filter again. */
export function typedIn(shape: z.ZodRawShape, query: unknown): Record<string, string> {
  const asked = (query ?? {}) as Record<string, unknown>
  const { before } = asked
  const entries = Object.entries({ ...known(shape, asked), before })
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The address of a list with its filter; what is empty is left out. */
export function listAddress(path: string, fields: Record<string, string | null | undefined>): string {
  const query = new URLSearchParams(
    Object.entries(fields).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
  return query.size === 0 ? path : `${path}?${query}`
}
