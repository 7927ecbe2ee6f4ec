import { Router } from 'express'
import type { CheckPassword } from '../../middleware/authentication.ts'
import { requireConfirmed, requireVisitor } from '../../middleware/authorisation.ts'
import { noReferrer } from '../../middleware/security-headers.ts'
import type { WebContext } from '../context.ts'
import { accountControllers } from './accounts.ts'
import { bankConnectionControllers } from './bank-connections.ts'
import { passwordControllers } from './passwords.ts'
import { registrationControllers } from './registrations.ts'
import { sessionControllers } from './sessions.ts'

/** Visitors, and the way in: to an account here and to the accounts at the bank. */
export function authRouter(context: WebContext, checkPassword: CheckPassword): Router {
  const router = Router()
  const sessions = sessionControllers(context, checkPassword)
  const registrations = registrationControllers(context)
  const passwords = passwordControllers(context)
  const connections = bankConnectionControllers(context)
  const accounts = accountControllers(context)

  router.get('/', sessions.home)
  router.get('/login', requireVisitor, sessions.show)
  router.post('/login', requireVisitor, sessions.create)
  router.post('/logout', sessions.destroy)

  router.get('/signup', requireVisitor, registrations.show)
  router.post('/signup', requireVisitor, registrations.create)
  router.get('/confirm/resend', registrations.showResend)
  router.post('/confirm/resend', registrations.resend)
  router.get('/confirm/:token', registrations.showConfirm)
  router.post('/confirm/:token', registrations.confirm)

  router.get('/password/forgot', passwords.showForgot)
  router.post('/password/forgot', passwords.forget)
  router.get('/password/reset/:token', passwords.showReset)
  router.post('/password/reset/:token', passwords.reset)

  router.get('/bank', requireConfirmed, connections.show)
  router.post('/bank/connect', requireConfirmed, connections.connect)
  router.get('/bank/callback', noReferrer, requireConfirmed, connections.callback)
  router.post('/bank/:id/revoke', requireConfirmed, connections.revoke)
  router.get('/accounts/load', requireConfirmed, accounts.show)
  router.post('/accounts/load', requireConfirmed, accounts.choose)
  return router
}
