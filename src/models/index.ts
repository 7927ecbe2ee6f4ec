import { createAccounts } from './account.ts'
import { createBankCalls } from './bank-call.ts'
import { createCheckOffs } from './check-off.ts'
import { createConsents } from './consent.ts'
import type { ModelContext } from './context.ts'
import { createHabits } from './habit.ts'
import { createOverview } from './overview.ts'
import { createPayments } from './payment.ts'
import { createUsers } from './user.ts'

export type Models = ReturnType<typeof createModels>

export function createModels(context: ModelContext) {
  const payments = createPayments(context)
  return {
    users: createUsers(context),
    accounts: createAccounts(context),
    consents: createConsents(context),
    habits: createHabits(context),
    checkOffs: createCheckOffs(context, payments),
    payments,
    bankCalls: createBankCalls(context),
    overview: createOverview(context),
  }
}

export type { Actor } from './context.ts'
