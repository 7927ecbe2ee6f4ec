import { BankError, type BankTroubleKind, type CallContext, type Country } from '../../../bank/index.ts'
import { currentRequestId } from '../../../logger.ts'
import type { Purpose } from '../../../models/consent.ts'
import { workerActor } from '../../../models/context.ts'
import type { SettleDeps } from './deps.ts'

type AccessDeps = Pick<SettleDeps, 'models' | 'bank'>

export type OpenBank = { kind: 'open'; consentId: string; country: Country; context: CallContext }
type ClosedReason = 'no-consent' | 'consent-expired' | 'consent-outdated'
export type ClosedBank = { kind: 'closed'; reason: ClosedReason } | { kind: 'busy' }

export async function openBank(
  deps: AccessDeps,
  userId: string,
  { presence, purpose }: { presence?: CallContext['presence'] | undefined; purpose?: Purpose } = {},
): Promise<OpenBank | ClosedBank> {
  const { models, bank } = deps
  const anonymous = { onBehalfOf: userId, actor: 'worker', requestId: currentRequestId() }
  // Of the consent whose token was spent: a refusal must not end the one that has replaced it in the meantime.
  let askedFor: string | null = null
  try {
    const refresh = (refreshToken: string, consentId: string) => {
      askedFor = consentId
      return bank.refreshTokens(refreshToken, anonymous)
    }
    const access = await models.consents.accessFor(userId, refresh, purpose)
    if (access.kind === 'busy') return { kind: 'busy' }
    if (access.kind === 'expired') return { kind: 'closed', reason: 'consent-expired' }
    if (access.kind === 'outdated') return { kind: 'closed', reason: 'consent-outdated' }
    if (access.kind === 'no-consent') return { kind: 'closed', reason: 'no-consent' }
    const context = { ...anonymous, accessToken: access.accessToken, ...(presence ? { presence } : {}) }
    return { kind: 'open', consentId: access.consentId, country: access.country, context }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    return endedAtBank(deps, askedFor, error)
  }
}

/** A refused refresh token is the bank's word that the consent is over; anything else is only trouble for now. */
async function endedAtBank(
  deps: AccessDeps,
  consentId: string | null,
  error: BankError,
): Promise<ClosedBank> {
  const refused = error.kind === 'token-invalid' || error.kind === 'token-expired'
  if (!refused) return { kind: 'busy' }
  if (consentId) await deps.models.consents.endRefused(consentId, workerActor(currentRequestId()))
  return { kind: 'closed', reason: 'no-consent' }
}

/** A token that the bank refuses before its time is renewed at the next look, whichever call it was refused at. */
export async function distrustRefused(
  deps: AccessDeps,
  consentId: string,
  because: BankTroubleKind,
): Promise<void> {
  if (because === 'token-expired' || because === 'token-invalid') {
    await deps.models.consents.distrustToken(consentId)
  }
}
