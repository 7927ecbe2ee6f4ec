import type { RequestHandler } from 'express'
import {
  CONFIRMED,
  CONFIRMED_FRESHLY,
  CONFIRMED_HERE,
  CONFIRMED_HERE_FRESHLY,
} from '../../middleware/authorisation.ts'
import type { WebContext } from '../context.ts'
import { activityControllers } from './activity.ts'
import { addressControllers } from './address.ts'
import { approvalControllers } from './approvals.ts'
import { questionControllers } from './check-off-questions.ts'
import { checkOffControllers } from './check-offs.ts'
import { dashboardControllers } from './dashboard.ts'
import { dataControllers } from './data.ts'
import { goalEndControllers } from './goal-ends.ts'
import { goalControllers } from './goals.ts'
import { habitDayControllers } from './habit-days.ts'
import { shelfControllers } from './habit-shelf.ts'
import { habitControllers } from './habits.ts'
import { importControllers } from './imports.ts'
import { passkeyControllers } from './passkeys.ts'
import { paymentControllers } from './payments.ts'
import { previewControllers } from './preview.ts'
import { reminderControllers } from './reminders.ts'
import { reversalControllers } from './reversals.ts'
import { savingsControllers } from './savings.ts'
import { securityControllers } from './security.ts'
import { settingsControllers } from './settings.ts'
import { statementControllers } from './statement.ts'
import { tokenControllers } from './tokens.ts'

/** Confirmed savers and their own data. */
export function mainRouter(context: WebContext): RequestHandler {
  const dashboard = dashboardControllers(context)
  const habits = habitControllers(context)
  const goals = goalControllers(context)
  const goalEnds = goalEndControllers(context)
  const shelf = shelfControllers(context)
  const days = habitDayControllers(context)
  const checkOffs = checkOffControllers(context)
  const payments = paymentControllers(context)
  const approvals = approvalControllers(context)
  const reversals = reversalControllers(context)
  const address = addressControllers(context)
  const questions = questionControllers(context)
  const settings = settingsControllers(context)
  const reminders = reminderControllers(context)
  const security = securityControllers(context)
  const passkeys = passkeyControllers(context)
  const savings = savingsControllers(context)
  const data = dataControllers(context)
  const activity = activityControllers(context)
  const preview = previewControllers(context)
  const statement = statementControllers(context)
  const imports = importControllers(context)
  const tokens = tokenControllers(context)

  return context.routes.router([
    ['GET', '/dashboard', CONFIRMED, dashboard.show],
    ['GET', '/profile', CONFIRMED, settings.profile],
    ['GET', '/activity', CONFIRMED, activity.calls],
    ['GET', '/activity/account', CONFIRMED, activity.events],

    ['GET', '/habits/new', CONFIRMED, habits.showNew],
    ['POST', '/habits/new', CONFIRMED_FRESHLY, habits.create],
    ['GET', '/habits/order', CONFIRMED, shelf.order],
    ['GET', '/habits/archived', CONFIRMED, shelf.archived],
    ['GET', '/habits/breaks', CONFIRMED, days.breaks],
    ['POST', '/habits/breaks', CONFIRMED, days.addBreak],
    ['GET', '/habits/:id', CONFIRMED, habits.show],
    ['GET', '/habits/:id/edit', CONFIRMED, habits.showEdit],
    ['POST', '/habits/:id/edit', CONFIRMED_FRESHLY, habits.edit],
    ['GET', '/habits/:id/delete', CONFIRMED, habits.showDelete],
    ['POST', '/habits/:id/delete', CONFIRMED, habits.destroy],
    ['GET', '/habits/:id/breaks', CONFIRMED, days.breaks],
    ['POST', '/habits/:id/breaks', CONFIRMED, days.addBreak],
    ['POST', '/breaks/:id/end', CONFIRMED, days.endBreak],
    ['POST', '/habits/:id/skip', CONFIRMED, days.skip],
    ['POST', '/habits/:id/notes', CONFIRMED, habits.note],
    ['POST', '/habits/:id/move', CONFIRMED, shelf.move],
    ['POST', '/habits/:id/archive', CONFIRMED, shelf.archive],
    ['POST', '/habits/:id/restore', CONFIRMED, shelf.restore],
    ['POST', '/habits/:id/checkoff', CONFIRMED_HERE, checkOffs.create],
    ['POST', '/habits/:id/backfill', CONFIRMED_HERE, checkOffs.backfill],
    ['POST', '/checkoffs/:id/undo', CONFIRMED, checkOffs.undo],
    ['GET', '/checkoffs/:id/move-back', CONFIRMED, reversals.confirm],
    ['POST', '/checkoffs/:id/move-back', CONFIRMED_HERE, reversals.create],

    ['GET', '/goals', CONFIRMED, goals.list],
    ['GET', '/goals/new', CONFIRMED, goals.showNew],
    ['POST', '/goals/new', CONFIRMED, goals.create],
    ['GET', '/goals/:id', CONFIRMED, goals.show],
    ['GET', '/goals/:id/edit', CONFIRMED, goals.showEdit],
    ['POST', '/goals/:id/edit', CONFIRMED, goals.edit],
    ['POST', '/goals/:id/move', CONFIRMED, goals.move],
    ['POST', '/goals/:id/celebrate', CONFIRMED, goals.celebrate],
    ['GET', '/goals/:id/archive', CONFIRMED, goalEnds.showArchive],
    ['POST', '/goals/:id/archive', CONFIRMED, goalEnds.archive],
    ['POST', '/goals/:id/restore', CONFIRMED, goalEnds.restore],
    ['GET', '/goals/:id/delete', CONFIRMED, goalEnds.showDelete],
    ['POST', '/goals/:id/delete', CONFIRMED, goalEnds.destroy],

    ['GET', '/payments', CONFIRMED, payments.list],
    ['GET', '/payments/return', CONFIRMED, approvals.comeBack],
    ['GET', '/payments/preview', CONFIRMED, preview.show],
    ['GET', '/payments/:id', CONFIRMED, payments.show],
    ['POST', '/payments/:id/cancel', CONFIRMED, reversals.cancel],
    ['POST', '/payments/:id/again', CONFIRMED_HERE, payments.again],
    ['POST', '/payments/:id/try-now', CONFIRMED_HERE, payments.tryNow],

    ['GET', '/statement', CONFIRMED, statement.show],
    ['POST', '/statement/download', CONFIRMED, statement.download],

    ['GET', '/import', CONFIRMED, imports.show],
    ['POST', '/import', CONFIRMED, imports.read],
    ['GET', '/import/preview', CONFIRMED, imports.preview],
    ['POST', '/import/confirm', CONFIRMED_FRESHLY, imports.confirm],
    ['POST', '/import/discard', CONFIRMED, imports.discard],

    ['GET', '/settings', CONFIRMED, settings.show],
    ['POST', '/settings', CONFIRMED, settings.update],
    ['GET', '/settings/check-offs', CONFIRMED, questions.show],
    ['POST', '/settings/check-offs', CONFIRMED, questions.update],
    ['GET', '/settings/reminders', CONFIRMED, reminders.show],
    ['POST', '/settings/reminders', CONFIRMED, reminders.update],
    ['POST', '/settings/reminders/habits/:id', CONFIRMED, reminders.setTime],
    ['POST', '/settings/reminders/devices', CONFIRMED, reminders.addDevice],
    ['POST', '/settings/reminders/devices/:id/remove', CONFIRMED, reminders.removeDevice],
    ['GET', '/settings/email', CONFIRMED, address.show],
    ['POST', '/settings/email', CONFIRMED_HERE_FRESHLY, address.ask],
    ['POST', '/settings/email/call-off', CONFIRMED, address.callOff],
    ['GET', '/address/new/:token', CONFIRMED, address.showMove],
    ['POST', '/address/new/:token', CONFIRMED, address.move],
    ['GET', '/settings/security', CONFIRMED, security.show],
    ['POST', '/settings/security', CONFIRMED, security.changePassword],
    ['GET', '/settings/security/authenticator', CONFIRMED, security.showAuthenticator],
    ['POST', '/settings/security/authenticator', CONFIRMED_HERE_FRESHLY, security.confirm],
    ['POST', '/settings/security/authenticator/begin', CONFIRMED_HERE_FRESHLY, security.begin],
    ['POST', '/settings/security/authenticator/remove', CONFIRMED_FRESHLY, security.remove],
    ['POST', '/settings/security/passkeys/begin', CONFIRMED_HERE_FRESHLY, passkeys.begin],
    ['GET', '/settings/security/passkeys/new', CONFIRMED, passkeys.showNew],
    ['POST', '/settings/security/passkeys/new', CONFIRMED_HERE_FRESHLY, passkeys.create],
    ['GET', '/settings/security/passkeys/:id/rename', CONFIRMED, passkeys.showRename],
    ['POST', '/settings/security/passkeys/:id/rename', CONFIRMED, passkeys.rename],
    ['POST', '/settings/security/passkeys/:id/remove', CONFIRMED_FRESHLY, passkeys.remove],
    ['GET', '/settings/security/codes', CONFIRMED, security.showNewCodes],
    ['POST', '/settings/security/codes', CONFIRMED_FRESHLY, security.renewCodes],
    ['POST', '/settings/security/reset/call-off', CONFIRMED, security.callOffReset],
    ['POST', '/settings/security/sessions/end', CONFIRMED, security.endSession],
    ['POST', '/settings/security/sessions/end-others', CONFIRMED, security.endOthers],
    ['GET', '/settings/tokens', CONFIRMED, tokens.show],
    ['POST', '/settings/tokens', CONFIRMED_HERE_FRESHLY, tokens.create],
    ['GET', '/settings/tokens/made', CONFIRMED, tokens.showMade],
    ['POST', '/settings/tokens/:id/revoke', CONFIRMED, tokens.revoke],
    ['GET', '/settings/data', CONFIRMED, data.show],
    ['POST', '/settings/data/export', CONFIRMED_FRESHLY, data.exportAll],
    ['GET', '/settings/data/erase', CONFIRMED, data.showErase],
    ['POST', '/settings/data/erase', CONFIRMED_FRESHLY, data.erase],
    ['POST', '/settings/data/erase/call-off', CONFIRMED, data.callOff],
    ['GET', '/settings/savings', CONFIRMED, savings.show],
    ['POST', '/settings/savings', CONFIRMED_FRESHLY, savings.update],
    ['POST', '/settings/savings/withdraw', CONFIRMED, savings.withdraw],
    ['POST', '/settings/savings/pause', CONFIRMED, savings.pause],
    ['POST', '/settings/savings/resume', CONFIRMED_HERE, savings.resume],
  ])
}
