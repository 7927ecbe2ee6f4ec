import type { Request, RequestHandler } from 'express'
import { BankTrouble, WrongState } from '../../errors.ts'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { BankSays } from '../../models/preview.ts'
import { bankAccessFor, bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { type BankNews, previewPage } from '../view-models/preview-view.ts'

const page = () => ({ title: t('What goes out next') }) as const
/** Of a consent that gave no access; one that is good again by now was just being renewed. */
const CLOSED = { good: 'no-answer', expired: 'consent-expired', outdated: 'consent-outdated' } as const

export function previewControllers({ models, bank, clock }: WebContext) {
  /** GET /payments/preview: asks the bank what there is; nothing is sent or kept. */
  const show: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const { says, news } = await askBank(req)
    const preview = await models.previews.of(user, says)
    renderPage(req, res, 'main/preview', page(), previewPage(preview, news, user, clock.now()))
  }

  return { show }

  /** The page is worth reading even when the bank can't be asked; then it says so. */
  async function askBank(req: Request): Promise<{ says: BankSays; news: BankNews | null }> {
    try {
      const { context } = await bankAccessFor(req, models, bank)
      const listed = await bank.listAccounts(context).catch((error) => Promise.reject(bankTroubleFor(error)))
      return { says: { kind: 'accounts', listed }, news: null }
    } catch (error) {
      if (error instanceof BankTrouble) return { says: { kind: 'no-answer' }, news: error }
      if (!(error instanceof WrongState)) throw error
      const consent = await models.consents.live(signedIn(req).id)
      const standing = consent && models.consents.standingOf(consent)
      return { says: { kind: standing ? CLOSED[standing] : 'no-consent' }, news: error }
    }
  }
}
