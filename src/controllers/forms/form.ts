import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { t, type Values } from '../../language.ts'
import { isOrdinary } from '../../models/text.ts'

export interface FieldError {
  /** The id of the input, which is also its name. */
  field: string | null
  message: string
}

/** What was typed is given back, without passwords, so that nothing has to be typed twice. */
export interface Refused {
  errors: FieldError[]
  typed: Record<string, string>
}

export type FormReading<T> = { kind: 'good'; value: T } | ({ kind: 'refused' } & Refused)

const NEVER_GIVEN_BACK = /password|_csrf|code/i

/**
 * Reads a posted form. Every field is one string: lists, objects and repeated names are refused. Forms are strict objects, so
 * names they don't have are refused too, and nobody can add a field of the database to a form.
 */
export function readForm<T extends z.ZodType>(schema: T, body: unknown): FormReading<z.output<T>> {
  const { _csrf, ...fields } = (body ?? {}) as Record<string, unknown>
  // What has no words of its own gets ours, not the library's.
  const parsed = schema.safeParse(fields, { error: () => t('This can’t be taken as it stands.') })
  if (parsed.success) return { kind: 'good', value: parsed.data }
  return { kind: 'refused', errors: fieldErrors(parsed.error), typed: typedText(fields) }
}

/** The same page again, with errors that only the model could find. */
export function refusedWith(body: unknown, errors: FieldError[]): Refused {
  return { errors, typed: typedText((body ?? {}) as Record<string, unknown>) }
}

function fieldErrors(error: z.ZodError): FieldError[] {
  const first = new Map<string | null, string>()
  for (const issue of error.issues) {
    const field = issue.code === 'unrecognized_keys' ? null : String(issue.path[0] ?? '') || null
    const message =
      issue.code === 'unrecognized_keys'
        ? t('The form had a field that does not belong to it.')
        : issue.message
    if (!first.has(field)) first.set(field, message)
  }
  return [...first].map(([field, message]) => ({ field, message }))
}

function typedText(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === 'string' && !NEVER_GIVEN_BACK.test(entry[0]),
      )
      .map(([name, value]) => [name, value.slice(0, 300)]),
  )
}

/** What is wrong, for a schema: said when somebody has typed it, in their language. */
export function told(message: string, values?: Values): { error: () => string } {
  return { error: () => t(message, values) }
}

/** One line of text: trimmed, without control characters, bounded. @param options.missing a `term`. */
export function line(options: { missing: string; max: number }) {
  return z
    .string(told(options.missing))
    .trim()
    .min(1, told(options.missing))
    .max(options.max, told('Use at most {most} characters.', { most: options.max }))
    .refine((text) => text === '' || isOrdinary(text), told('Use ordinary characters only.'))
}

/** A whole number typed as digits. @param options.missing a `term`. */
export function wholeNumber(options: { missing: string; min: number; max: number }) {
  const { min, max } = options
  const range = told('Choose a whole number from {min} to {max}.', { min, max })
  return z
    .string(told(options.missing))
    .trim()
    .regex(/^\d{1,6}$/, range)
    .transform(Number)
    .refine((value) => value >= options.min && value <= options.max, range)
}

export const uuidParam = z.uuid()

/** The id in the address. @throws NotFound for anything that can't be one, so that it never reaches a query. */
export function idOf(req: { params: Record<string, unknown> }): string {
  const id = uuidParam.safeParse(req.params.id)
  if (!id.success) throw new NotFound()
  return id.data
}

/** The one-time part of a link; whatever it is, only its digest is compared with anything. */
export function tokenOf(req: { params: Record<string, unknown> }): string {
  return String(req.params.token).slice(0, 200)
}
