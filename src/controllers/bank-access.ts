import type { Request } from 'express'
import {
  type AnonymousContext,
  type Bank,
  BankError,
  type BankTroubleKind,
  type CallContext,
} from '../bank/index.ts'
import { BankTrouble, WrongState } from '../errors.ts'
import { t, term } from '../language.ts'
import { currentRequestId } from '../logger.ts'
import { actorOf, signedIn } from '../middleware/authentication.ts'
import type { Models } from '../models/index.ts'
import { paths } from '../paths.ts'

export interface BankAccess {
  consentId: string
  country: 'DK' | 'SE' | 'NO' | 'FI'
  context: CallContext
}

const linkAgain = () => [{ href: paths.bank, label: t('To your bank link') }]

/**
 * The signed-in user's own way to the bank.
 * @throws WrongState when there is no live consent; BankTrouble when the bank can't be asked now.
 */
export async function bankAccessFor(req: Request, models: Models, bank: Bank): Promise<BankAccess> {
  const user = signedIn(req)
  const anonymous = anonymousContext(req)
  const access = await models.consents
    .accessFor(user.id, (refreshToken) => bank.refreshTokens(refreshToken, anonymous))
    .catch((error) => Promise.reject(bankTroubleFor(error)))
  switch (access.kind) {
    case 'access': {
      const presence = { ip: req.ip ?? '', userAgent: req.get('user-agent') ?? '' }
      const context = { ...anonymous, accessToken: access.accessToken, presence }
      return { consentId: access.consentId, country: access.country, context }
    }
    case 'busy':
      throw new BankTrouble(
        t('The link to your bank is being renewed right now. Try again in a few seconds.'),
      )
    case 'expired':
      throw new WrongState(
        t('Your consent at Nordea has ended'),
        t('Renew it; your accounts and habits stay as they are.'),
        linkAgain(),
      )
    case 'outdated':
      throw new WrongState(
        t('Sparvana needs a new consent at Nordea'),
        t(
          'What we ask of your bank has changed since you gave it. Renew it; your accounts and habits stay as they are.',
        ),
        linkAgain(),
      )
    case 'no-consent':
      throw new WrongState(
        t('Your bank is not linked'),
        t('Link Nordea first; you choose there what Sparvana may see.'),
        linkAgain(),
      )
  }
}

/** For calls that need no token: who asks, and for whom. */
export function anonymousContext(req: Request): AnonymousContext {
  return { onBehalfOf: req.user?.id ?? null, actor: actorOf(req).kind, requestId: currentRequestId() }
}

/** That a consent has ended here. @returns whether the bank knows by now; what fails is tried again by the worker. */
export async function tellBankOfEnd(
  req: Request,
  { models, bank }: { models: Pick<Models, 'consents'>; bank: Bank },
  { id, refreshToken }: { id: string; refreshToken: string },
): Promise<boolean> {
  if (!bank.canRevoke) return false
  try {
    await bank.revoke(refreshToken, anonymousContext(req))
    await models.consents.noteTold(id, actorOf(req))
    return true
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    return false
  }
}

/** What a person reads when the bank can't or won't; the bank's own code is in the log of bank calls. */
const WORDS: Record<BankTroubleKind, string> = {
  timeout: term('Nordea did not answer in time. Nothing you recorded is lost. Try again in a minute.'),
  connection: term('Nordea could not be reached. Nothing you recorded is lost. Try again in a minute.'),
  resting: term(
    'Nordea asks us to wait, or has not answered lately, so we leave it alone for a moment. Nothing you recorded is lost.',
  ),
  'server-error': term('Nordea has trouble right now. Nothing you recorded is lost. Try again later.'),
  unreadable: term(
    'Nordea answered in a way we could not read. Nothing you recorded is lost. Try again later.',
  ),
  'rate-limited': term('Nordea asks us to wait before the next question. Try again a little later.'),
  'token-expired': term('The link to Nordea has to be renewed. Link your bank again.'),
  'token-invalid': term('Nordea no longer accepts the link. Link your bank again.'),
  'consent-denied': term(
    'Your consent at Nordea does not cover this. Link your bank again and include the account.',
  ),
  'client-refused': term(
    'Nordea does not accept Sparvana’s own access right now. We have been told; try again later.',
  ),
  'invalid-request': term(
    'Nordea did not accept the request. Check what you entered, or link your bank again.',
  ),
  'not-found': term('Nordea does not know this account or payment.'),
  conflict: term('Nordea says that this is not possible in the present state.'),
}

export function bankTroubleFor(error: unknown): unknown {
  if (!(error instanceof BankError)) return error
  return new BankTrouble(t(WORDS[error.kind]), linkAgain())
}
