import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { answer } from './answers.ts'
import { pageOf } from './pages.ts'
import { readQuery } from './reading.ts'
import { paymentOf, paymentStoryOf } from './rows.ts'
import { nothing, paymentQuery } from './schemas.ts'

export function paymentApi({ models }: WebContext) {
  /** GET /api/v1/payments */
  const list: RequestHandler = async (req, res) => {
    const query = readQuery(paymentQuery, req)
    const { before } = query
    const { data, next } = await pageOf(`${paths.api}/payments`, query, (size) =>
      models.payments.listOwned(signedIn(req).id, { size, ...(before ? { before } : {}) }),
    )
    answer(res, 200, { data: data.map(paymentOf), next })
  }

  /** GET /api/v1/payments/:id */
  const show: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const payment = await models.payments.findOwned(signedIn(req).id, idOf(req))
    if (!payment) throw new NotFound()
    answer(res, 200, paymentStoryOf(payment))
  }

  return { list, show }
}
