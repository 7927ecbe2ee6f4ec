import { Router } from 'express'
import { requireConfirmed } from '../../middleware/authorisation.ts'
import type { WebContext } from '../context.ts'
import { approvalControllers } from './approvals.ts'
import { checkOffControllers } from './check-offs.ts'
import { dashboardControllers } from './dashboard.ts'
import { habitControllers } from './habits.ts'
import { paymentControllers } from './payments.ts'
import { previewControllers } from './preview.ts'
import { reversalControllers } from './reversals.ts'
import { savingsControllers } from './savings.ts'
import { settingsControllers } from './settings.ts'

/** Confirmed savers and their own data. The guard stands before each route, so that other paths fall through to a 404. */
export function mainRouter(context: WebContext): Router {
  const router = Router()
  const dashboard = dashboardControllers(context)
  const habits = habitControllers(context)
  const checkOffs = checkOffControllers(context)
  const payments = paymentControllers(context)
  const approvals = approvalControllers(context)
  const reversals = reversalControllers(context)
  const settings = settingsControllers(context)
  const savings = savingsControllers(context)
  const preview = previewControllers(context)

  router.get('/dashboard', requireConfirmed, dashboard.show)
  router.get('/profile', requireConfirmed, settings.profile)

  router.get('/habits/new', requireConfirmed, habits.showNew)
  router.post('/habits/new', requireConfirmed, habits.create)
  router.get('/habits/:id', requireConfirmed, habits.show)
  router.get('/habits/:id/edit', requireConfirmed, habits.showEdit)
  router.post('/habits/:id/edit', requireConfirmed, habits.edit)
  router.get('/habits/:id/delete', requireConfirmed, habits.showDelete)
  router.post('/habits/:id/delete', requireConfirmed, habits.destroy)
  router.post('/habits/:id/checkoff', requireConfirmed, checkOffs.create)
  router.post('/habits/:id/backfill', requireConfirmed, checkOffs.backfill)
  router.post('/checkoffs/:id/undo', requireConfirmed, checkOffs.undo)
  router.get('/checkoffs/:id/move-back', requireConfirmed, reversals.confirm)
  router.post('/checkoffs/:id/move-back', requireConfirmed, reversals.create)

  router.get('/payments', requireConfirmed, payments.list)
  router.get('/payments/return', requireConfirmed, approvals.comeBack)
  router.get('/payments/preview', requireConfirmed, preview.show)
  router.get('/payments/:id', requireConfirmed, payments.show)
  router.post('/payments/:id/cancel', requireConfirmed, reversals.cancel)
  router.post('/payments/:id/again', requireConfirmed, payments.again)
  router.post('/payments/:id/try-now', requireConfirmed, payments.tryNow)

  router.get('/settings', requireConfirmed, settings.show)
  router.post('/settings', requireConfirmed, settings.update)
  router.get('/settings/security', requireConfirmed, settings.showSecurity)
  router.post('/settings/security', requireConfirmed, settings.changePassword)
  router.get('/settings/savings', requireConfirmed, savings.show)
  router.post('/settings/savings', requireConfirmed, savings.update)
  router.post('/settings/savings/withdraw', requireConfirmed, savings.withdraw)
  router.post('/settings/savings/pause', requireConfirmed, savings.pause)
  router.post('/settings/savings/resume', requireConfirmed, savings.resume)
  return router
}
