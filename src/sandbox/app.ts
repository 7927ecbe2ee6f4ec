/** The emulator as one express app: control plane, the bank's browser pages, the API behind its gateway. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express'
import type { Answer, Route } from './call.ts'
import { admit } from './checks.ts'
import { type Control, type Controlled, controlRouter } from './control.ts'
import { ApiError, GatewayError, refusal, sendError, unknownPath, wrongMethod } from './errors.ts'
import { faultOn } from './faults/struck.ts'
import { newTransactionId } from './ids.ts'
import { pagesRouter } from './pages/router.ts'
import type { RateLimit } from './rate-limit.ts'
import { routes } from './routes.ts'
import { settleDue } from './settlement.ts'

const API = /^\/(personal\/)?v\d+(\/|$)/

export interface AppParts extends Controlled {
  control: Control
  exposeControl: boolean
}

export function createSandboxApp(parts: AppParts): Express {
  const { bank, faults, log, rateLimit, control, exposeControl } = parts
  const app = express()
  const now = () => bank.clock.now()
  app.disable('x-powered-by')
  app.disable('etag')

  if (exposeControl) app.use('/__emulator', controlRouter(control, bank.publicUrl))
  app.use('/bank', pagesRouter(bank))

  const body = express.raw({ type: () => true, limit: '1mb' })
  const api = [log.middleware(now), gatewayHeaders(rateLimit, now), body, faults.middleware(bank)]
  for (const step of api) app.use(onlyApi(step))
  for (const route of routes) app[route.method](route.path, serve(route, parts))
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, () => {
      throw wrongMethod()
    })
  }
  app.use(() => {
    throw unknownPath()
  })
  app.use(onError(now))
  return app
}

/** Whatever is due happens first; then the call acts in one write, saved before the answer goes out. */
function serve(route: Route, { bank, faults, rateLimit }: AppParts): RequestHandler {
  return (req, res) => {
    const call = admit(route, req, bank, rateLimit)
    settleDue(bank)
    const answer = bank.store.write(() => route.handle(call))
    res.set(rateLimit.headers())
    send(res, faults.outgoing(route, answer, faultOn(req)))
  }
}

function send(res: Response, { status, body, location }: Answer): void {
  res.status(status)
  if (location !== undefined) res.set('Location', location)
  if (body === null) res.end()
  else res.type('application/json').send(JSON.stringify(body))
}

function gatewayHeaders(rateLimit: RateLimit, now: () => Date): RequestHandler {
  return (_req, res, next) => {
    res.set({
      Date: now().toUTCString(),
      'X-Global-Transaction-ID': newTransactionId(),
      'Cache-Control': 'no-store',
      ...rateLimit.headers(),
    })
    next()
  }
}

function onlyApi(step: RequestHandler): RequestHandler {
  return (req, res, next) => (API.test(req.path) ? step(req, res, next) : next())
}

function onError(now: () => Date): ErrorRequestHandler {
  return (error, req, res, _next) => {
    if (res.headersSent) return void req.socket.destroy()
    sendError(known(error), req, res, now())
  }
}

/** What express itself refuses (a body too large, a path that can't be decoded) is the caller's mistake, not ours. */
function known(error: unknown): unknown {
  if (error instanceof ApiError || error instanceof GatewayError) return error
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500
    ? refusal(status, 'error.request', 'The request cannot be read.')
    : error
}
