import { z } from 'zod'
import { term } from '../../language.ts'
import { line, told } from './form.ts'

export const reasonForm = z.strictObject({
  reason: line({ missing: term('Say why, for the other admins.'), max: 300 }),
})

export const roleForm = z.strictObject({
  role: z.enum(['SAVER', 'ADMIN'], told('Choose a role.')),
})
