import { createAccess } from './access.ts'
import { createAccounts } from './account.ts'
import { createActivity } from './activity.ts'
import { createAddresses } from './address.ts'
import { createAlarms } from './alarm.ts'
import { createApiAnswers } from './api-answer.ts'
import { createApiTokens } from './api-token.ts'
import { createAuditChain } from './audit-chain.ts'
import { createBankCalls } from './bank-call.ts'
import { createBrowsers } from './browser.ts'
import { createCheckOffs } from './check-off.ts'
import { createConsents } from './consent.ts'
import { createConsentCare } from './consent-care.ts'
import { createConsentReview } from './consent-review.ts'
import type { ModelContext } from './context.ts'
import { createCountries } from './country.ts'
import { createDashboards } from './dashboard.ts'
import { createAuditSearch } from './desk/audit-search.ts'
import { createCallLog } from './desk/call-log.ts'
import { createJobRuns } from './desk/job-runs.ts'
import { createPaymentDesk } from './desk/payment-desk.ts'
import { createPeople } from './desk/people.ts'
import { createStatus } from './desk/status.ts'
import { createDetection } from './detection.ts'
import { createDevices } from './device.ts'
import { createDormancy } from './dormancy.ts'
import { createErasures } from './erasure.ts'
import { createExports } from './export.ts'
import { createFigures } from './figures.ts'
import { createGoals } from './goal.ts'
import { createHabits } from './habit.ts'
import { createBreaks } from './habit-break.ts'
import { createNotes } from './habit-note.ts'
import { createIdentity } from './identity.ts'
import { createImports } from './import.ts'
import { createLimits } from './limits.ts'
import { createOverview } from './overview.ts'
import { createPasskeys } from './passkey.ts'
import { createPayments } from './payment.ts'
import { createStops } from './payment-stop.ts'
import { createPreviews } from './preview.ts'
import { createProofs } from './proof-of-work.ts'
import { createPushSubscriptions } from './push-subscription.ts'
import { createQuestions } from './question.ts'
import { createReconciliation } from './reconciliation.ts'
import { createReminders } from './reminder.ts'
import { createRetention } from './retention.ts'
import { createRetries } from './retry.ts'
import { createReversals } from './reversal.ts'
import { createSavings } from './savings.ts'
import { createFactors } from './second-factor.ts'
import { createOwnSessions } from './session.ts'
import { createStatements } from './statement.ts'
import { createThrottles } from './throttle.ts'
import { createUsers } from './user.ts'
import { createVisits } from './visit.ts'

export type Models = ReturnType<typeof createModels>

export function createModels(context: ModelContext) {
  const throttles = createThrottles(context)
  const devices = createDevices(context)
  const countries = createCountries(context)
  const factors = createFactors(context)
  const passkeys = createPasskeys(context, { factors })
  const payments = createPayments(context)
  const accounts = createAccounts(context)
  const retries = createRetries(context, payments)
  const bankCalls = createBankCalls(context)
  const overview = createOverview(context)
  const stops = createStops(context)
  const habits = createHabits(context)
  return {
    users: createUsers(context, { throttles, devices, countries }),
    visits: createVisits(context),
    dashboards: createDashboards(context),
    addresses: createAddresses(context, throttles),
    browsers: createBrowsers(context, { devices, throttles }),
    countries,
    throttles,
    proofs: createProofs(context, { throttles, devices }),
    factors,
    passkeys,
    identity: createIdentity(context, { factors, passkeys, throttles, devices }),
    sessions: createOwnSessions(context),
    access: createAccess(context),
    apiTokens: createApiTokens(context, throttles),
    apiAnswers: createApiAnswers(context),
    alarms: createAlarms(context),
    auditChain: createAuditChain(context),
    detection: createDetection(context),
    accounts,
    consents: createConsents(context),
    consentCare: createConsentCare(context),
    consentReview: createConsentReview(context),
    dormancy: createDormancy(context, payments),
    activity: createActivity(context),
    habits,
    goals: createGoals(context),
    breaks: createBreaks(context),
    notes: createNotes(context),
    checkOffs: createCheckOffs(context, payments),
    payments,
    retries,
    reversals: createReversals(context, payments),
    bankCalls,
    people: createPeople(context, factors),
    paymentDesk: createPaymentDesk(context, { payments, retries }),
    jobRuns: createJobRuns(context),
    callLog: createCallLog(context),
    auditSearch: createAuditSearch(context),
    limits: createLimits(context),
    savings: createSavings(context),
    questions: createQuestions(context),
    stops,
    previews: createPreviews(context, { payments, accounts, bankCalls }),
    reconciliation: createReconciliation(context),
    overview,
    figures: createFigures(context, overview),
    status: createStatus(context, { stops }),
    exports: createExports(context, throttles),
    statements: createStatements(context, throttles),
    imports: createImports(context, throttles),
    erasures: createErasures(context, payments),
    retention: createRetention(context),
    reminders: createReminders(context, habits),
    pushSubscriptions: createPushSubscriptions(context),
  }
}

export type { Actor } from './context.ts'
