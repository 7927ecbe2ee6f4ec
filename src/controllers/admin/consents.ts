import type { Request, RequestHandler } from 'express'
import { BankError } from '../../bank/index.ts'
import type { BankConsent } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { currentRequestId } from '../../logger.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { CONCERNS } from '../../models/consent-review.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, uuidParam } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { ANSWER_WORDS, type BankAnswer, consentReviewPage } from '../view-models/consent-review-view.ts'

const page = () => ({ title: t('Consents'), width: 'wide' }) as const
const PAGE_SIZE = 25
/** Of the looks that the bank allows while the saver is away; the rest is left to their payments. */
const LEAST_READS = 2

type Checked = Pick<BankConsent, 'id' | 'userId'>

export function consentReviewControllers({ models, bank, log }: WebContext) {
  /** GET /admin/consents */
  const list: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const concern = CONCERNS.find((each) => each === req.query.show) ?? null
    const given = uuidParam.safeParse(req.query.before)
    const before = given.success ? given.data : null
    const [counts, found] = await Promise.all([
      models.consentReview.counts(),
      models.consentReview.page({ concern, before, size: PAGE_SIZE + 1 }),
    ])
    const consents = found.slice(0, PAGE_SIZE)
    const hasOlder = found.length > PAGE_SIZE
    renderPage(req, res, 'admin/consents', page(), {
      ...consentReviewPage({ counts, consents, concern, hasOlder, isFirst: before === null }, timezone),
    })
  }

  /** POST /admin/consents/:id/ask: one question to the bank; the admin learns whether it was answered, and nothing else. */
  const ask: RequestHandler = async (req, res) => {
    const consent = await models.consentReview.findLive(idOf(req))
    if (!consent) {
      await flash(req, 'info', t(ANSWER_WORDS['no-consent'].sentence))
      return res.redirect(303, paths.adminConsents)
    }
    const answer = await answerOf(req, consent)
    await models.consentReview.noteCheck(consent, answer, actorOf(req))
    log.info('an admin had a consent checked', { consentId: consent.id, answer })
    await flash(req, ANSWER_WORDS[answer].flash, t(ANSWER_WORDS[answer].sentence))
    res.redirect(303, paths.adminConsents)
  }

  return { list, ask }

  /** A key that is refused before its time is renewed once: only when that is refused, too, the consent is over. */
  async function answerOf(req: Request, consent: Checked): Promise<BankAnswer> {
    const first = await askOnce(req, consent)
    if (first !== 'key-refused') return first
    await models.consents.distrustToken(consent.id)
    const second = await askOnce(req, consent)
    return second === 'key-refused' ? 'refused' : second
  }

  async function askOnce(req: Request, consent: Checked): Promise<BankAnswer | 'key-refused'> {
    const anonymous = { onBehalfOf: consent.userId, actor: 'admin', requestId: currentRequestId() }
    let askedFor: string | null = null
    try {
      const access = await models.consents.accessFor(
        consent.userId,
        (refreshToken, consentId) => {
          askedFor = consentId
          return bank.refreshTokens(refreshToken, anonymous)
        },
        'upkeep',
      )
      askedFor = null
      if (access.kind !== 'access') return access.kind
      const { left } = await models.bankCalls.unattendedReads(consent.userId)
      if (left !== null && left < LEAST_READS) return 'reads-used-up'
      await bank.listAccounts({ ...anonymous, accessToken: access.accessToken })
      return 'works'
    } catch (error) {
      if (!(error instanceof BankError)) throw error
      const isKey = error.kind === 'token-expired' || error.kind === 'token-invalid'
      if (!isKey) return error.kind === 'consent-denied' ? 'refused' : 'no-answer'
      if (askedFor === null) return 'key-refused'
      await models.consents.endRefused(askedFor, actorOf(req))
      return 'ended-at-bank'
    }
  }
}
