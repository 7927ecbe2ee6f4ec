import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { answer } from './answers.ts'
import { pageOf } from './pages.ts'
import { ApiProblem } from './problems.ts'
import { readBody, readQuery } from './reading.ts'
import { checkOffOf } from './rows.ts'
import { checkOffQuery, nothing } from './schemas.ts'

export function checkOffApi({ models }: WebContext) {
  /** GET /api/v1/check-offs */
  const list: RequestHandler = async (req, res) => {
    const query = readQuery(checkOffQuery, req)
    const { data, next } = await pageOf(`${paths.api}/check-offs`, query, (size) =>
      models.checkOffs.listOwned(signedIn(req).id, { ...query, size }),
    )
    answer(res, 200, { data: data.map(checkOffOf), next })
  }

  /** DELETE /api/v1/check-offs/:id */
  const undo: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    readBody(nothing, req)
    const result = await models.checkOffs.undo(signedIn(req).id, idOf(req), actorOf(req))
    if (!result) throw new NotFound()
    if (result.kind === 'too-late' || result.kind === 'moved-back')
      throw new ApiProblem(result.kind, { paymentId: result.paymentId })
    res.status(204).end()
  }

  return { list, undo }
}
