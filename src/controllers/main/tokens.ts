import type { Request, RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { saved } from '../../middleware/session-store.ts'
import { LONGEST_DAYS, MOST_TOKENS } from '../../models/api-token.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { TOKEN_DAYS, tokenForm } from '../forms/token-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { tokenRow } from '../view-models/token-list.ts'

const tokensPage = () => ({ title: t('Tokens for programs'), width: 'narrow' }) as const
const madePage = () => ({ title: t('Your new token'), width: 'narrow' }) as const
const full = () =>
  t('You have {most} tokens, and that is the most. End one that you no longer use.', { most: MOST_TOKENS })

export function tokenControllers({ models, clock }: WebContext) {
  /** GET /settings/tokens */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'main/tokens', tokensPage(), await props(req, { typed: {}, errors: [] }))
  }

  /** POST /settings/tokens */
  const create: RequestHandler = async (req, res) => {
    const { id } = signedIn(req)
    const refuse = async (refused: Refused) =>
      renderRefused(req, res, 'main/tokens', tokensPage(), await props(req, refused))
    const reading = readForm(tokenForm, req.body)
    if (reading.kind === 'refused') return refuse(reading)
    const result = await models.apiTokens.make(id, reading.value, actorOf(req))
    if (result.kind === 'full') return refuse(refusedWith(req.body, [{ field: null, message: full() }]))
    req.session.newToken = models.apiTokens.hold(id, result.secret)
    // The browser may ask for it before this answer has ended.
    await saved(req.session)
    res.redirect(303, paths.tokenMade)
  }

  /** GET /settings/tokens/made: once, right after it was made. */
  const showMade: RequestHandler = (req, res) => {
    const { newToken } = req.session
    if (newToken === undefined) return res.redirect(303, paths.settingsTokens)
    delete req.session.newToken
    const secret = models.apiTokens.shown(signedIn(req).id, newToken)
    renderPage(req, res, 'main/token-made', madePage(), {
      secret,
      tokensPath: paths.settingsTokens,
      developersPath: paths.developers,
    })
  }

  /** POST /settings/tokens/:id/revoke */
  const revoke: RequestHandler = async (req, res) => {
    const tokenId = idOf(req)
    readNothing(req.body)
    if (!(await models.apiTokens.revoke(signedIn(req).id, tokenId, actorOf(req)))) throw new NotFound()
    await flash(req, 'done', t('Ended. Programs that show it are turned away.'))
    res.redirect(303, paths.settingsTokens)
  }

  return { show, create, showMade, revoke }

  async function props(req: Request, { typed, errors }: Refused) {
    const user = signedIn(req)
    const tokens = await models.apiTokens.listOwned(user.id)
    const days = typed.days ?? String(LONGEST_DAYS)
    return {
      form: {
        tokenName: typed.tokenName,
        habitsRead: typed.habitsRead !== undefined,
        checkOffsWrite: typed.checkOffsWrite !== undefined,
        paymentsRead: typed.paymentsRead !== undefined,
        goalsRead: typed.goalsRead !== undefined,
      },
      lives: TOKEN_DAYS.map((each) => ({
        value: String(each),
        label: t('{count, plural, one {# day} other {# days}}', { count: each }),
        selected: String(each) === days,
      })),
      errors,
      tokens: tokens.map((token) => tokenRow(token, user, clock.now())),
      tokensPath: paths.settingsTokens,
      developersPath: paths.developers,
    }
  }
}
