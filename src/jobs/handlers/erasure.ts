import { type Bank, BankError } from '../../bank/index.ts'
import { type Clock, DAY } from '../../clock.ts'
import { t } from '../../language.ts'
import { currentRequestId, type Logger } from '../../logger.ts'
import type { Letter, Mailer } from '../../mailer.ts'
import { workerActor } from '../../models/context.ts'
import type { Farewell } from '../../models/erasure.ts'
import type { Models } from '../../models/index.ts'
import { paths } from '../../paths.ts'
import type { Jobs } from '../queue.ts'
import { composeLetter, inLanguageOf } from './letters.ts'

export interface EraseDeps {
  models: Models
  bank: Bank
  clock: Clock
  log: Logger
  mailer: Mailer
  baseUrl: string
}

/** Looked at in one round; whoever is left has their turn in the next. */
const MOST_AT_ONCE = 100
/** A bank that can't be told for so long doesn't keep anybody from being forgotten: our keys to it go all the same. */
const TELL_BANK_FOR_MS = 3 * DAY
/** Who says so has ended the consent already. */
export const ENDED_THERE: readonly BankError['kind'][] = [
  'token-expired',
  'token-invalid',
  'consent-denied',
  'not-found',
]

/**
 * Forgets savers whose money has come to rest. The bank is told while its key is still there, with no transaction open, so a
 * process that dies on the way leaves nothing that the next round wouldn't find.
 */
export function createErase(deps: EraseDeps) {
  const { erasures } = deps.models

  return async function erase({ userId }: Jobs['erase']): Promise<void> {
    const savers = userId === null ? await erasures.waiting(MOST_AT_ONCE) : [userId]
    for (const saver of savers) {
      try {
        await eraseSaver(saver)
      } catch (error) {
        // The others needn't wait for what is wrong with one.
        deps.log.error('a saver could not be erased', { userId: saver, error })
      }
    }
  }

  async function eraseSaver(userId: string): Promise<void> {
    const by = workerActor(currentRequestId())
    const closing = await erasures.tryToClose(userId, by)
    if (closing.kind !== 'closed') return
    const bankTold = await tellBank(userId)
    const tellingSince = closing.erasure.closedOn?.getTime() ?? 0
    if (bankTold === false && deps.clock.now().getTime() - tellingSince < TELL_BANK_FOR_MS) return
    const farewell = await erasures.erase(userId, bankTold, by)
    if (!farewell) return
    deps.log.info('a saver was erased', { userId, bankTold })
    await deps.mailer
      .send(inLanguageOf(farewell, () => lastLetter(deps, farewell, bankTold)))
      // Without the error: a mail server's answer may repeat the address.
      .catch(() => deps.log.warn('a saver who was erased could not be told', { userId }))
  }

  /** @returns whether the bank knows that the consent is over; null when there was none. */
  async function tellBank(userId: string): Promise<boolean | null> {
    const token = await erasures.consentToEnd(userId)
    if (token === null) return null
    const context = { onBehalfOf: userId, actor: 'worker', requestId: currentRequestId() }
    try {
      await deps.bank.revoke(token, context)
      return true
    } catch (error) {
      if (!(error instanceof BankError)) throw error
      // Somebody may have changed the token for a new one just now: that one has to be ended too.
      return ENDED_THERE.includes(error.kind) && (await erasures.consentToEnd(userId)) === token
    }
  }
}

function lastLetter({ baseUrl }: EraseDeps, { email, fullName }: Farewell, bankTold: boolean | null): Letter {
  const untold = t(
    'Nordea could not be told that your consent has ended. We have thrown our keys away; end the consent in your netbank as well.',
  )
  return composeLetter(email, {
    subject: t('Your account is erased'),
    paragraphs: [
      t('Hello {name},', { name: fullName }),
      t(
        'As you asked, your Sparvana account is erased. What you have saved is yours, in your savings account. Of your payments we keep what the law wants kept, without your name, your address or your accounts.',
      ),
      ...(bankTold === false ? [untold] : []),
    ],
    action: { label: t('What we keep'), href: baseUrl + paths.home },
    ending: t('This is the last letter you get from us.'),
  })
}
