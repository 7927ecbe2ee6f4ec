import express, { type Request, type RequestHandler, Router } from 'express'
import { inLanguage } from '../../language.ts'
import { bearer } from '../../middleware/api/bearer.ts'
import { isOfApi, knownRoutes, onlyHost, sendsJson, wantsJson } from '../../middleware/api/requests.ts'
import { tokenLimit } from '../../middleware/api/token-limit.ts'
import type { NoteRefusal } from '../../middleware/refusals.ts'
import { rest } from '../../middleware/rest.ts'
import { noStore } from '../../middleware/security-headers.ts'
import { paths } from '../../paths.ts'
import type { Route } from '../../routes.ts'
import type { WebContext } from '../context.ts'
import { answer, problemHandler } from './answers.ts'
import { checkOffApi } from './check-offs.ts'
import { goalApi } from './goals.ts'
import { habitApi } from './habits.ts'
import { createAnswerOnce } from './idempotency.ts'
import { meApi } from './me.ts'
import { openApiDocument } from './openapi.ts'
import { OPERATIONS, type OperationName } from './operations.ts'
import { paymentApi } from './payments.ts'

export interface ApiOptions {
  baseUrl: string
  /** Of one token; 0: no limit. */
  requestsPerMinute: number
  noteRefusal: NoteRefusal
  /** The door that pages go through, too. */
  admit: RequestHandler
}

/**
 * Programs with a token. All that is below the API is answered here: no cookie is read or set, no session made, and what fails
 * is a problem document, in English whatever is asked for. It stands before everything that is for browsers.
 */
export function apiRouter(
  context: WebContext,
  { baseUrl, requestsPerMinute, noteRefusal, admit }: ApiOptions,
): RequestHandler {
  const { models, routes, clock, log } = context
  const routeOf = (req: Request) => routes.asked(req).route
  const router = Router()
  router.use((_req, _res, next) => inLanguage('en', next))
  router.use(
    noStore,
    admit,
    onlyHost(baseUrl),
    knownRoutes((path) => routes.methodsAt(path)),
    wantsJson,
  )
  router.use(routes.router(publicRows(baseUrl)))
  router.use(bearer(models.apiTokens, log, routeOf), rest(clock))
  router.use(tokenLimit(models.throttles, requestsPerMinute, log, routeOf))
  router.use(sendsJson, express.json({ limit: '4kb', strict: true, inflate: false }))
  router.use(routes.router(rows(context, baseUrl)))
  router.use(problemHandler(log, noteRefusal, baseUrl + paths.developers))
  // What isn't for programs, which is nearly everything, doesn't go through a router to learn that.
  const ofApi: RequestHandler = (req, res, next) => (isOfApi(req.path) ? router(req, res, next) : next())
  return Object.assign(ofApi, { stack: router.stack })
}

function publicRows(baseUrl: string): Route[] {
  const document = openApiDocument(baseUrl)
  return [row('describe', (_req, res) => answer(res, 200, document))]
}

function rows(context: WebContext, baseUrl: string): Route[] {
  const me = meApi(context)
  const habits = habitApi(context, createAnswerOnce(context.models.apiAnswers, baseUrl + paths.developers))
  const checkOffs = checkOffApi(context)
  const goals = goalApi(context)
  const payments = paymentApi(context)
  return [
    row('me', me.show),
    row('habits', habits.list),
    row('habit', habits.show),
    row('recordCheckOff', habits.checkOff),
    row('pastDays', habits.pastDays),
    row('recordPastDay', habits.makeUpFor),
    row('goals', goals.list),
    row('checkOffs', checkOffs.list),
    row('undoCheckOff', checkOffs.undo),
    row('payments', payments.list),
    row('payment', payments.show),
  ]
}

function row(name: OperationName, handler: RequestHandler): Route {
  const { method, path, guard } = OPERATIONS[name]
  return [method, path, guard, handler]
}
