import type { RequestHandler } from 'express'
import { type Country, SCOPES } from '../../bank/index.ts'
import { NotFound, WrongState } from '../../errors.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { awayAtBank } from '../../middleware/session.ts'
import { paths } from '../../paths.ts'
import { anonymousContext, bankTroubleFor, tellBankOfEnd } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { callbackQuery, connectForm } from '../forms/bank-forms.ts'
import { idOf, readForm } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { consentCard, readsText, SCOPE_WORDS } from '../view-models/consent-view.ts'

const page = () => ({ title: t('Your bank') }) as const
const COUNTRY_NAMES: Record<Country, string> = {
  DK: term('Denmark'),
  SE: term('Sweden'),
  NO: term('Norway'),
  FI: term('Finland'),
}
const MINUTES_PER_DAY = 24 * 60

export function bankConnectionControllers(context: WebContext) {
  const { models, bank, clock, consentDays, bankIssuer, log } = context

  /** GET /bank */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'auth/bank', page(), await propsFor(signedIn(req), null))
  }

  /** POST /bank/connect: from here the browser goes to the bank's own pages. */
  const connect: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readForm(connectForm, req.body)
    if (reading.kind === 'refused') {
      const props = await propsFor(user, reading.typed.country ?? null)
      return renderRefused(req, res, 'auth/bank', page(), { ...props, errors: reading.errors })
    }
    const { country } = reading.value
    const state = await models.consents.begin(user.id, req.sessionID, country, actorOf(req))
    const { redirectTo } = await bank
      .beginConsent({ state, country, durationMinutes: consentDays * MINUTES_PER_DAY }, anonymousContext(req))
      .catch((error) => Promise.reject(bankTroubleFor(error)))
    awayAtBank(req, clock.now())
    res.redirect(303, redirectTo)
  }

  /**
   * GET /bank/callback: the one GET that acts, because the bank sends the browser here. The state value is bound to this
   * saver's session and works once; the answer is a redirect, so that the code stays in no history. Whoever answers must be
   * the bank: where it names itself, that name has to be right (RFC 9207).
   */
  const callback: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    delete req.session.awayUntil
    const query = callbackQuery.safeParse(req.query)
    const country = query.success
      ? await models.consents.redeemState(user.id, req.sessionID, query.data.state)
      : null
    const because = !query.success || !country ? 'state' : isIssuer(query.data.iss) ? null : 'issuer'
    if (!query.success || !country || because) {
      log.warn('bank callback refused', { userId: user.id, ip: req.ip, because })
      await flash(
        req,
        'warning',
        t('That answer from the bank did not belong to a link you had just begun. Begin again here.'),
      )
      return res.redirect(303, paths.bank)
    }
    const { code, error } = query.data
    if (error !== undefined || code === undefined) {
      await flash(req, 'info', t('You did not give your consent at Nordea. Nothing was linked.'))
      return res.redirect(303, paths.bank)
    }
    const tokens = await bank
      .exchangeCode(code, anonymousContext(req))
      .catch((error) => Promise.reject(bankTroubleFor(error)))
    await models.consents.grant(
      user.id,
      { profile: bank.profile, country, scopes: SCOPES, tokens },
      actorOf(req),
    )
    await flash(req, 'done', t('Nordea is linked.'))
    const chosen = await models.accounts.chosenBy(user.id)
    res.redirect(303, chosen ? paths.bank : paths.accountsLoad)
  }

  /** POST /bank/:id/revoke */
  const revoke: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const id = idOf(req)
    const revoked = await models.consents.revoke(user.id, id, actorOf(req))
    if (!revoked) throw await whyNotRevoked(user.id, id)
    const told = await tellBankOfEnd(req, context, { id, refreshToken: revoked.refreshToken })
    const sentence = told
      ? t('The link to Nordea has ended, here and at the bank.')
      : t(
          'The link has ended here. Nordea could not be told yet; we go on trying, or end the consent in your netbank.',
        )
    await flash(req, told ? 'done' : 'warning', sentence)
    res.redirect(303, paths.bank)
  }

  return { show, connect, callback, revoke }

  async function whyNotRevoked(userId: string, id: string): Promise<NotFound | WrongState> {
    const consents = await models.consents.listOwned(userId)
    if (!consents.some((consent) => consent.id === id)) return new NotFound()
    return new WrongState(
      t('This link has ended already'),
      t('Your habits go on; payments wait until Nordea is linked.'),
      [{ href: paths.bank, label: t('To your bank link') }],
    )
  }

  /** Without a name configured, the bank gives none: then nobody who gives one is the bank. */
  function isIssuer(named: string | undefined): boolean {
    return bankIssuer === '' ? named === undefined : named === bankIssuer
  }

  async function propsFor(user: Express.User, typedCountry: string | null) {
    const consents = await models.consents.listOwned(user.id)
    const chosen = await models.accounts.chosenBy(user.id)
    const live = consents.find((consent) => consent.revokedAt === null)
    const reads = live ? await models.bankCalls.unattendedReads(user.id) : null
    const today = { now: clock.now(), timezone: user.timezone }
    const picked = typedCountry ?? live?.country ?? 'DK'
    return {
      consents: consents.map((consent) => consentCard(consent, models.consents.standingOf(consent), today)),
      scopes: SCOPES.map((scope) => ({ what: t(SCOPE_WORDS[scope].what), why: t(SCOPE_WORDS[scope].why) })),
      readsText: reads && readsText(reads, user.timezone),
      endsAtBank: bank.canRevoke,
      activityPath: paths.activity,
      isLinked: live !== undefined,
      chosenAccounts: chosen && { debtor: chosen.debtor.name, creditor: chosen.creditor.name },
      countries: Object.entries(COUNTRY_NAMES).map(([value, label]) => ({
        value,
        label: t(label),
        selected: value === picked,
      })),
      consentDays,
      errors: [],
    }
  }
}
