import type { RequestHandler } from 'express'
import { TokenNeeded } from '../../errors.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { dayOf } from '../../models/habit/schedule.ts'
import type { WebContext } from '../context.ts'
import { answer } from './answers.ts'
import { readQuery } from './reading.ts'
import { moneyOf } from './rows.ts'
import { nothing } from './schemas.ts'

export function meApi({ models, clock }: WebContext) {
  /** GET /api/v1/me */
  const show: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const { apiToken } = req
    if (!apiToken) throw new TokenNeeded()
    const user = signedIn(req)
    const { id, timezone, dayStartHour, asksAtCheckOff, asksAboveMinor } = user
    const chosen = await models.accounts.chosenBy(id)
    answer(res, 200, {
      token: {
        id: apiToken.id,
        name: apiToken.name,
        scopes: apiToken.scopes,
        createdOn: apiToken.createdOn.toISOString(),
        expiresOn: apiToken.expiresOn.toISOString(),
      },
      saver: {
        timezone,
        today: dayOf(clock.now(), timezone, dayStartHour),
        asksAtCheckOff,
        asksAbove: chosen && asksAboveMinor !== null ? moneyOf(asksAboveMinor, chosen.debtor.currency) : null,
      },
    })
  }

  return { show }
}
