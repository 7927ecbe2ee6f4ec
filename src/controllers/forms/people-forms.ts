import { z } from 'zod'
import { line } from './form.ts'

export const reasonForm = z.strictObject({
  reason: line({ missing: 'Say why, for the other admins.', max: 300 }),
})

export const roleForm = z.strictObject({
  role: z.enum(['SAVER', 'ADMIN'], 'Choose a role.'),
})
