import { Router } from 'express'
import type { CheckPassword } from '../../middleware/authentication.ts'
import { CONFIRMED, CONFIRMED_FRESHLY, PUBLIC, SIGNED_IN, VISITOR } from '../../middleware/authorisation.ts'
import { takeProof } from '../../middleware/proof-of-work.ts'
import { noReferrer } from '../../middleware/security-headers.ts'
import { paths } from '../../paths.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { accountControllers } from './accounts.ts'
import { addressLinkControllers } from './addresses.ts'
import { bankConnectionControllers } from './bank-connections.ts'
import { browserControllers } from './browsers.ts'
import { languageControllers } from './languages.ts'
import { passwordControllers } from './passwords.ts'
import { registrationControllers } from './registrations.ts'
import { sessionControllers } from './sessions.ts'

/** Visitors, and the way in: to an account here and to the accounts at the bank. */
export function authRouter(context: WebContext, checkPassword: CheckPassword): Router {
  const sessions = sessionControllers(context, checkPassword)
  const registrations = registrationControllers(context)
  const languages = languageControllers(context)
  const passwords = passwordControllers(context)
  const browsers = browserControllers(context)
  const addressLinks = addressLinkControllers(context)
  const connections = bankConnectionControllers(context)
  const accounts = accountControllers(context)

  const rows: Route[] = [
    ['GET', '/', PUBLIC, sessions.home],
    ['GET', '/privacy', PUBLIC, registrations.privacy],
    ['GET', '/language', PUBLIC, languages.show],
    ['POST', '/language', PUBLIC, languages.choose],
    ['GET', '/login', VISITOR, sessions.show],
    ['POST', '/login', VISITOR, takeProof, sessions.create],
    ['POST', '/login/passkey', VISITOR, sessions.createWithPasskey],
    ['GET', '/login/code', VISITOR, sessions.showCode],
    ['POST', '/login/code', VISITOR, sessions.createWithCode],
    ['POST', '/login/code/passkey', VISITOR, sessions.finishWithPasskey],
    ['POST', '/login/lost', VISITOR, sessions.lose],
    ['GET', '/login/lost/:token', PUBLIC, sessions.showLost],
    ['POST', '/login/lost/:token', PUBLIC, sessions.askReset],
    ['POST', '/logout', PUBLIC, sessions.destroy],
    ['POST', '/session/keep', SIGNED_IN, sessions.keep],

    ['GET', '/signup', VISITOR, registrations.show],
    ['POST', '/signup', VISITOR, takeProof, registrations.create],
    ['GET', '/confirm/resend', PUBLIC, registrations.showResend],
    ['POST', '/confirm/resend', PUBLIC, takeProof, registrations.resend],
    ['GET', '/confirm/:token', PUBLIC, registrations.showConfirm],
    ['POST', '/confirm/:token', PUBLIC, registrations.confirm],

    ['GET', '/password/forgot', PUBLIC, passwords.showForgot],
    ['POST', '/password/forgot', PUBLIC, takeProof, passwords.forget],
    ['GET', '/password/reset/:token', PUBLIC, passwords.showReset],
    ['POST', '/password/reset/:token', PUBLIC, passwords.reset],

    ['GET', '/browser', CONFIRMED, browsers.show],
    ['POST', '/browser', CONFIRMED, browsers.ask],
    ['GET', '/browser/:token', PUBLIC, browsers.showLink],
    ['POST', '/browser/:token', CONFIRMED, browsers.confirm],
    ['GET', '/address/take-back/:token', PUBLIC, addressLinks.show],
    ['POST', '/address/take-back/:token', PUBLIC, addressLinks.takeBack],

    ['GET', '/bank', CONFIRMED, connections.show],
    ['POST', '/bank/connect', CONFIRMED_FRESHLY, connections.connect],
    ['GET', '/bank/callback', CONFIRMED, connections.callback],
    ['POST', '/bank/:id/revoke', CONFIRMED, connections.revoke],
    ['GET', '/accounts/load', CONFIRMED, accounts.show],
    ['POST', '/accounts/load', CONFIRMED_FRESHLY, accounts.choose],
  ]
  // Whoever is turned away there has the bank's code in the address too.
  return Router().use(paths.bankCallback, noReferrer).use(context.routes.router(rows))
}
