import type { RequestHandler } from 'express'
import { signedIn } from '../../middleware/authentication.ts'
import type { WebContext } from '../context.ts'
import { answer } from './answers.ts'
import { readQuery } from './reading.ts'
import { goalOf } from './rows.ts'
import { nothing } from './schemas.ts'

export function goalApi({ models }: WebContext) {
  /** GET /api/v1/goals */
  const list: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const standings = await models.goals.ahead(signedIn(req))
    answer(res, 200, { data: standings.flatMap(({ goals }) => goals).map(goalOf) })
  }

  return { list }
}
