import { Router } from 'express'
import { requireConfirmed } from '../../middleware/authorisation.ts'
import type { WebContext } from '../context.ts'
import { checkOffControllers } from './check-offs.ts'
import { dashboardControllers } from './dashboard.ts'
import { habitControllers } from './habits.ts'
import { paymentControllers } from './payments.ts'
import { settingsControllers } from './settings.ts'

/** Confirmed savers and their own data. The guard stands before each route, so that other paths fall through to a 404. */
export function mainRouter(context: WebContext): Router {
  const router = Router()
  const dashboard = dashboardControllers(context)
  const habits = habitControllers(context)
  const checkOffs = checkOffControllers(context)
  const payments = paymentControllers(context)
  const settings = settingsControllers(context)

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
  router.post('/checkoffs/:id/undo', requireConfirmed, checkOffs.undo)

  router.get('/payments', requireConfirmed, payments.list)
  router.get('/payments/return', requireConfirmed, payments.comeBack)
  router.get('/payments/:id', requireConfirmed, payments.show)

  router.get('/settings', requireConfirmed, settings.show)
  router.post('/settings', requireConfirmed, settings.update)
  router.get('/settings/security', requireConfirmed, settings.showSecurity)
  router.post('/settings/security', requireConfirmed, settings.changePassword)
  return router
}
