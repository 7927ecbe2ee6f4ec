import { z } from 'zod'
import { t, term } from '../../language.ts'
import type { Scope } from '../../models/api-token/scopes.ts'
import { line, told } from './form.ts'

/** How long a token may be good, in days; the last one unless another is chosen. */
export const TOKEN_DAYS = [30, 90, 180, 365] as const

/** The box that stands for each scope. */
export const SCOPE_FIELDS = {
  habitsRead: 'habits:read',
  checkOffsWrite: 'check-offs:write',
  paymentsRead: 'payments:read',
  goalsRead: 'goals:read',
} as const satisfies Record<string, Scope>

const ticked = z.literal('yes', told('Tick it, or leave it.')).optional()
const boxes = { habitsRead: ticked, checkOffsWrite: ticked, paymentsRead: ticked, goalsRead: ticked }

export const tokenForm = z
  .strictObject({
    tokenName: line({ missing: term('Give the token a name.'), max: 60 }),
    ...boxes,
    days: z.enum(TOKEN_DAYS.map(String) as [string, ...string[]], told('Choose how long it is good.')),
  })
  .transform(({ tokenName, days, ...form }, context) => {
    const scopes = (Object.keys(SCOPE_FIELDS) as (keyof typeof SCOPE_FIELDS)[])
      .filter((field) => form[field])
      .map((field): Scope => SCOPE_FIELDS[field])
    if (scopes.length === 0)
      context.addIssue({ code: 'custom', path: ['habitsRead'], message: t('Choose what the token may do.') })
    return { name: tokenName, scopes, days: Number(days) }
  })
