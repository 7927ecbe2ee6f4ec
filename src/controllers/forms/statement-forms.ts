import { z } from 'zod'
import type { StatementPlace } from '../../models/statement.ts'
import { told } from './form.ts'
import { optional, writtenDay } from './list-forms.ts'

/** A day of the saver's own calendar. */
const day = optional(writtenDay)

/** The filter of a statement, in its address and in the form that asks for a file. */
export const statementFilter = {
  from: day,
  until: day,
  habit: optional(z.uuid(told('Choose a habit from the list.'))),
  kind: optional(z.enum(['SAVING', 'REVERSAL'], told('Choose from the list.'))),
  state: optional(z.enum(['pledged', 'on-its-way', 'arrived', 'nothing'], told('Choose from the list.'))),
}

export type StatementWish = z.output<z.ZodObject<typeof statementFilter>>

export const statementDownload = z.strictObject({
  ...statementFilter,
  format: z.enum(['csv', 'pdf'], told('Choose the kind of file.')),
})

const PLACE = /^(\d{1,15})_([0-9a-f-]{36})_([0-9a-f-]{36})$/

/** @returns null for what is no place in a statement; nobody types those. */
export function readPlace(text: unknown): StatementPlace | null {
  const [, ms, paymentId = '', checkOffId = ''] = PLACE.exec(String(text)) ?? []
  const at = new Date(Number(ms))
  const areIds = [paymentId, checkOffId].every((id) => z.uuid().safeParse(id).success)
  return areIds && !Number.isNaN(at.getTime()) ? { at, paymentId, checkOffId } : null
}

export function placeWritten({ at, paymentId, checkOffId }: StatementPlace): string {
  return `${at.getTime()}_${paymentId}_${checkOffId}`
}
