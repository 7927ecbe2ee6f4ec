import { Router } from 'express'
import { requireAdmin, requireConfirmed } from '../../middleware/authorisation.ts'
import type { WebContext } from '../context.ts'
import { overviewControllers } from './overview.ts'
import { paymentStopControllers } from './payment-stop.ts'
import { sandboxControllers } from './sandbox.ts'
import { accountDeletionControllers } from './sandbox-account-delete.ts'
import { newAccountControllers } from './sandbox-account-new.ts'
import { fundsControllers } from './sandbox-funds.ts'
import { consolePaymentControllers } from './sandbox-payments.ts'

/** Admins only. The guard stands here once, before everything. */
export function adminRouter(context: WebContext, options: { sandboxConsole: boolean }): Router {
  const router = Router()
  router.use(requireConfirmed, requireAdmin(context.log))
  const overview = overviewControllers(context)
  router.get('/', overview.show)
  const stop = paymentStopControllers(context)
  router.get('/payments/stop', stop.show)
  router.post('/payments/stop', stop.start)
  router.post('/payments/stop/end', stop.end)
  if (options.sandboxConsole) addConsole(router, context)
  return router
}

/** Only against a sandbox: at a real bank these forms would move real money. */
function addConsole(router: Router, context: WebContext): void {
  const { sandbox } = context.bank
  if (!sandbox) return
  const console = sandboxControllers(context)
  const newAccounts = newAccountControllers(context, sandbox)
  const deletions = accountDeletionControllers(context, sandbox)
  const funds = fundsControllers(context, sandbox)
  const payments = consolePaymentControllers(context)

  router.get('/sandbox', console.show)
  router.get('/sandbox/accounts/new', newAccounts.show)
  router.post('/sandbox/accounts/new', newAccounts.create)
  router.get('/sandbox/accounts/delete', deletions.show)
  router.post('/sandbox/accounts/delete', deletions.create)
  router.get('/sandbox/transactions/new', funds.show)
  router.post('/sandbox/transactions/new', funds.create)
  router.get('/sandbox/payments/new', payments.showNew)
  router.post('/sandbox/payments/new', payments.create)
  router.get('/sandbox/payments/:id', payments.show)
  router.post('/sandbox/payments/:id/confirm', payments.confirm)
}
