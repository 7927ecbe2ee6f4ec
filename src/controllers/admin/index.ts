import { type RequestHandler, Router } from 'express'
import { ADMIN, ADMIN_FRESHLY, guardsOf } from '../../middleware/authorisation.ts'
import { paths } from '../../paths.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { alarmControllers } from './alarms.ts'
import { auditControllers } from './audit.ts'
import { callControllers } from './calls.ts'
import { consentReviewControllers } from './consents.ts'
import { consoleControllers } from './console.ts'
import { jobControllers } from './jobs.ts'
import { noted } from './looks.ts'
import { overviewControllers } from './overview.ts'
import { paymentStopControllers } from './payment-stop.ts'
import { paymentDeskControllers } from './payments.ts'
import { routeControllers } from './routes.ts'
import { sandboxControllers } from './sandbox.ts'
import { clockControllers } from './sandbox-clock.ts'
import { faultControllers } from './sandbox-faults.ts'
import { statusControllers } from './status.ts'
import { userControllers } from './users.ts'

/** Admins only. Nobody else learns even which addresses there are. */
export function adminRouter(context: WebContext, options: { sandboxConsole: boolean }): RequestHandler {
  const overview = overviewControllers(context)
  const status = statusControllers(context)
  const stop = paymentStopControllers(context)
  const routes = routeControllers(context)
  const alarms = alarmControllers(context)
  const calls = callControllers(context, { sandboxConsole: options.sandboxConsole })
  const audit = auditControllers(context)
  const jobs = jobControllers(context)
  const users = userControllers(context)
  const payments = paymentDeskControllers(context)
  const consents = consentReviewControllers(context)

  const rows: Route[] = [
    ['GET', '/admin', ADMIN, overview.show],
    ['GET', '/admin/status', ADMIN, status.show],
    ['GET', '/admin/routes', ADMIN, routes.list],
    ['GET', '/admin/alarms', ADMIN, alarms.list],
    ['GET', '/admin/users', ADMIN, users.list],
    ['GET', '/admin/users/:id', ADMIN, users.show],
    ['POST', '/admin/users/:id/lock', ADMIN_FRESHLY, users.lock],
    ['POST', '/admin/users/:id/unlock', ADMIN_FRESHLY, users.unlock],
    ['POST', '/admin/users/:id/sign-out', ADMIN_FRESHLY, users.signOut],
    ['POST', '/admin/users/:id/factor-reset', ADMIN_FRESHLY, users.resetFactor],
    ['POST', '/admin/users/:id/role', ADMIN_FRESHLY, users.changeRole],
    ['GET', '/admin/calls', ADMIN, calls.list],
    ['GET', '/admin/calls/:id', ADMIN, calls.show],
    ['GET', '/admin/jobs', ADMIN, jobs.list],
    ['POST', '/admin/jobs/:id/retry', ADMIN_FRESHLY, jobs.retry],
    ['GET', '/admin/audit', ADMIN, audit.list],
    ['POST', '/admin/audit/export', ADMIN_FRESHLY, audit.exportFile],
    ['GET', '/admin/audit/:id', ADMIN, audit.show],
    ['POST', '/admin/alarms/:id/acknowledge', ADMIN_FRESHLY, alarms.acknowledge],
    ['GET', '/admin/consents', ADMIN, consents.list],
    ['POST', '/admin/consents/:id/ask', ADMIN_FRESHLY, consents.ask],
    ['GET', '/admin/payments/stop', ADMIN, stop.show],
    ['POST', '/admin/payments/stop', ADMIN_FRESHLY, stop.start],
    ['POST', '/admin/payments/stop/end', ADMIN_FRESHLY, stop.end],
    ['GET', '/admin/review', ADMIN, payments.review],
    ['GET', '/admin/payments', ADMIN, payments.list],
    ['GET', '/admin/payments/:id', ADMIN, payments.show],
    ['POST', '/admin/payments/:id/look', ADMIN_FRESHLY, payments.look],
    ['POST', '/admin/payments/:id/cancel', ADMIN_FRESHLY, payments.cancel],
    ['POST', '/admin/payments/:id/again', ADMIN_FRESHLY, payments.again],
    ['POST', '/admin/payments/:id/mark', ADMIN_FRESHLY, payments.mark],
    ['POST', '/admin/payments/:id/unmark', ADMIN_FRESHLY, payments.unmark],
    ...(options.sandboxConsole ? consoleRoutes(context) : []),
  ]
  const found = context.routes.router(rows.map((row) => noted(row, context)))
  return Router()
    .use(found)
    .use(paths.admin, ...guardsOf(ADMIN))
}

/** Only against a sandbox: at a real bank these forms would move real money. */
function consoleRoutes(context: WebContext): Route[] {
  if (!context.bank.sandbox) return []
  const console = sandboxControllers(context)
  const calls = consoleControllers(context)
  const faults = faultControllers(context)
  const clock = clockControllers(context)

  return [
    ['GET', '/admin/sandbox', ADMIN, console.show],
    ['GET', '/admin/sandbox/payments/:id', ADMIN, console.showOrder],
    ['GET', '/admin/sandbox/calls', ADMIN, calls.list],
    ['GET', '/admin/sandbox/calls/:call', ADMIN, calls.show],
    ['POST', '/admin/sandbox/calls/:call', ADMIN_FRESHLY, calls.make],
    ['POST', '/admin/calls/:id/repeat', ADMIN_FRESHLY, calls.repeat],
    ['GET', '/admin/sandbox/faults', ADMIN, faults.show],
    ['POST', '/admin/sandbox/faults', ADMIN_FRESHLY, faults.create],
    ['POST', '/admin/sandbox/faults/clear', ADMIN_FRESHLY, faults.clear],
    ['GET', '/admin/sandbox/clock', ADMIN, clock.show],
    ['POST', '/admin/sandbox/clock', ADMIN_FRESHLY, clock.move],
  ]
}
