/** The shape of a call of the console, and the fields that several of them have. */
import type { Request } from 'express'
import type { z } from 'zod'
import { type Bank, COUNTRIES, type Country } from '../../bank/index.ts'
import type { AuditEvent, BankCall } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import type { ConsoleAction } from '../../models/overview.ts'
import type { WebContext } from '../context.ts'
import { type FieldError, type FormReading, readForm } from '../forms/form.ts'

/** Props of the partial that is named by `kind`. */
export interface Field {
  kind: 'field' | 'select' | 'radio-cards' | 'checkbox' | 'links'
  name: string
  /** Without one there is nothing to choose from, and no form. */
  options?: readonly object[]
  [prop: string]: unknown
}

export type Typed = Readonly<Record<string, string>>
type Detail = Record<string, string | number>

export type Made =
  /** The entry in the log of bank calls says the rest; what it means is said beside it. */
  | { kind: 'made'; said?: Flash }
  | { kind: 'refused'; errors: FieldError[] }
  /** What no entry has. */
  | { kind: 'shown'; facts: { term: string; text: string }[]; next: { href: string; label: string } | null }

interface Description<T extends z.ZodType> {
  /** As its address ends. */
  name: string
  /** As the log of bank calls names it; null where the bank isn't asked at all. */
  api: string | null
  /** These are `term`s: they stand in tables that are made before anybody asks. */
  title: string
  lede: string
  button: string
  /** Whether it takes something away for good. */
  isDangerous?: boolean
  /** As the audit trail names it, where it has a name of its own there. */
  action?: ConsoleAction
  /** Why the versions of the bank's interface in use have no such call. */
  missing?: (bank: Bank) => string | null
  /** With what was typed, or with what makes sense. */
  fields: (req: Request, context: WebContext, typed: Typed) => Promise<Field[]> | Field[]
  form: T
  /** What of the form is written down before it is done. */
  noted: (value: z.output<T>) => Detail
  run: (req: Request, context: WebContext, value: z.output<T>) => Promise<Made>
  /** Only of calls that read: what makes a call of the log anew; null where that isn't known any more. */
  again?: (call: BankCall, noted: AuditEvent['detail']) => Typed | null
}

export type ConsoleCall = Pick<
  Description<z.ZodType>,
  'name' | 'api' | 'title' | 'lede' | 'button' | 'isDangerous' | 'action' | 'fields' | 'again'
> & {
  missing: (bank: Bank) => string | null
  read: (body: unknown) => FormReading<{
    noted: Detail
    run: (req: Request, context: WebContext) => Promise<Made>
  }>
}

/** Keeps each form and what is done with it of one type. */
export function described<T extends z.ZodType>(description: Description<T>): ConsoleCall {
  const { form, noted, run, missing = () => null, ...rest } = description
  return {
    ...rest,
    missing,
    read: (body) => {
      const reading = readForm(form, body)
      if (reading.kind === 'refused') return reading
      const { value } = reading
      return {
        kind: 'good',
        value: { noted: noted(value), run: (req, context) => run(req, context, value) },
      }
    },
  }
}

export const MADE: Made = { kind: 'made' }

export function refusedAt(field: string | null, message: string): Made {
  return { kind: 'refused', errors: [{ field, message }] }
}

export function select<V extends string>(
  name: string,
  label: string,
  values: readonly V[],
  picked: string,
  wordsOf: (value: V) => string = (value) => value,
): Field {
  const options = values.map((value) => ({ value, label: wordsOf(value), selected: value === picked }))
  return { kind: 'select', name, label, options }
}

export const COUNTRY_NAMES: Record<Country, string> = {
  DK: term('Denmark'),
  SE: term('Sweden'),
  NO: term('Norway'),
  FI: term('Finland'),
}

export function countryField(picked: string): Field {
  return select('country', t('Country'), COUNTRIES, picked, (one) => t(COUNTRY_NAMES[one]))
}
