import { createAccounts } from './account.ts'
import { createBankCalls } from './bank-call.ts'
import { createCheckOffs } from './check-off.ts'
import { createConsents } from './consent.ts'
import type { ModelContext } from './context.ts'
import { createHabits } from './habit.ts'
import { createLimits } from './limits.ts'
import { createOverview } from './overview.ts'
import { createPayments } from './payment.ts'
import { createStops } from './payment-stop.ts'
import { createPreviews } from './preview.ts'
import { createReconciliation } from './reconciliation.ts'
import { createRetries } from './retry.ts'
import { createReversals } from './reversal.ts'
import { createSavings } from './savings.ts'
import { createUsers } from './user.ts'

export type Models = ReturnType<typeof createModels>

export function createModels(context: ModelContext) {
  const payments = createPayments(context)
  const accounts = createAccounts(context)
  const bankCalls = createBankCalls(context)
  return {
    users: createUsers(context),
    accounts,
    consents: createConsents(context),
    habits: createHabits(context),
    checkOffs: createCheckOffs(context, payments),
    payments,
    retries: createRetries(context, payments),
    reversals: createReversals(context, payments),
    bankCalls,
    limits: createLimits(context),
    savings: createSavings(context),
    stops: createStops(context),
    previews: createPreviews(context, { payments, accounts, bankCalls }),
    reconciliation: createReconciliation(context),
    overview: createOverview(context),
  }
}

export type { Actor } from './context.ts'
