/** How the emulated bank behaves; every one of these can be changed while it runs. */

import { z } from 'zod'

export const approvalRule = z.union([
  z.literal('never'),
  z.literal('always'),
  z.strictObject({ aboveMinor: z.int().min(0) }),
])
/** Which payments the customer must approve on the signing page; `aboveMinor` in minor units, exclusive. */
export type ApprovalRule = z.infer<typeof approvalRule>

export const settingsSchema = z.strictObject({
  /** 'straight-back': authorize answers with the code at once, as the public sandbox does. */
  consentMode: z.enum(['pages', 'straight-back']),
  /** From confirming to the next status, and from there to the one after. */
  settleDelayMs: z.int().min(0).max(86_400_000),
  approval: approvalRule,
  /** How amounts are written in answers: the definitions say numbers, captured answers are strings. */
  numbers: z.enum(['string', 'number']),
  /** true: the sandbox's signature bypass is refused. */
  requireSignature: z.boolean(),
  accessTokenSeconds: z.int().min(1),
  codeSeconds: z.int().min(1),
  /** How long a customer has to approve a payment, or to finish signing in. */
  approvalSeconds: z.int().min(1),
  /** null: no limit. */
  rateLimitPerSecond: z.int().min(1).nullable(),
})

export type Settings = z.infer<typeof settingsSchema>
export type ConsentMode = Settings['consentMode']

export function needsApproval(rule: ApprovalRule, amountMinor: number): boolean {
  if (rule === 'never') return false
  return rule === 'always' || amountMinor > rule.aboveMinor
}
