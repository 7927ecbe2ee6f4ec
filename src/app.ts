import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type Express, type Request } from 'express'
import { adminRouter } from './controllers/admin/index.ts'
import { developerRouter } from './controllers/api/developers.ts'
import { apiRouter } from './controllers/api/index.ts'
import { doorRoutes } from './controllers/auth/doors.ts'
import { authRouter } from './controllers/auth/index.ts'
import type { WebContext } from './controllers/context.ts'
import { mainRouter } from './controllers/main/index.ts'
import { renderPage } from './controllers/page.ts'
import { marksOfForms, stepUpPage } from './controllers/step-up.ts'
import { unknownBrowserPage } from './controllers/unknown-browser.ts'
import { keyFor } from './crypto.ts'
import type { Deps } from './deps.ts'
import { type Files, readFiles } from './files.ts'
import { createRequestMetrics } from './metrics.ts'
import { admission } from './middleware/admission.ts'
import { authentication } from './middleware/authentication.ts'
import { canonicalHost } from './middleware/canonical-host.ts'
import { csrf } from './middleware/csrf.ts'
import { errorHandler, notFound } from './middleware/error-handler.ts'
import { formBodies } from './middleware/form-bodies.ts'
import { knownMethods, onlyForms } from './middleware/known-requests.ts'
import { languageOfBrowser, languageOfVisitor } from './middleware/language.ts'
import { packing } from './middleware/packing.ts'
import { COUNTRY_TABLE } from './middleware/place.ts'
import { readLimit } from './middleware/read-limit.ts'
import { refusals } from './middleware/refusals.ts'
import { requestContext } from './middleware/request-context.ts'
import { rest } from './middleware/rest.ts'
import { noStore, securityHeaders } from './middleware/security-headers.ts'
import { sessions } from './middleware/session.ts'
import { stepUp } from './middleware/step-up.ts'
import './middleware/types.ts'
import { writeLimit } from './middleware/write-limit.ts'
import { operationRoutes } from './operations.ts'
import { RouteTable } from './routes.ts'
import { readViews, type Views } from './views.ts'

const VIEWS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'views')

/** The whole order of middleware on one screen. */
export function createApp(deps: Deps, files: Files = readFiles(), views: Views = readViews(VIEWS)): Express {
  const { settings, models, bank, bankGate, emulator, clock, log, db, queue, push, countryOf } = deps
  const https = settings.BASE_URL.startsWith('https://')
  const demo = settings.DEMO === 'on'
  const app = express()
  useViews(app, views)
  app.disable('x-powered-by')
  // Pages are kept by nobody; what may be kept has an ETag of its own.
  app.disable('etag')
  app.set('trust proxy', settings.TRUST_PROXY)
  app.set('query parser', 'simple')
  app.set(COUNTRY_TABLE, countryOf)
  Object.assign(app.locals, {
    demo,
    fileAt: files.addressOf,
    idleMinutes: settings.SESSION_IDLE_MINUTES,
  })

  const requests = createRequestMetrics()
  app.use(requestContext(log, requests))
  const door = admission(settings.REQUESTS_AT_ONCE)
  app.use(securityHeaders({ bankOrigins: bank.browserOrigins, https }))
  const routes = new RouteTable()
  const noteRefusal = refusals(log, models.access, (req) => routes.asked(req))
  const context: WebContext = {
    models,
    bank,
    bankGate,
    emulator,
    clock,
    queue,
    push: { key: push?.publicKey ?? null, services: settings.PUSH_SERVICES },
    log,
    routes,
    requests,
    consentDays: settings.CONSENT_DAYS,
    bankIssuer: settings.NORDEA_ISSUER,
    privacy: { place: settings.DATA_PLACE, contact: settings.PRIVACY_CONTACT },
    idleMinutes: settings.SESSION_IDLE_MINUTES,
  }
  app.use(
    apiRouter(context, {
      baseUrl: settings.BASE_URL,
      requestsPerMinute: settings.API_REQUESTS_PER_MINUTE,
      noteRefusal,
      admit: door.admit,
    }),
  )
  app.use(languageOfBrowser)
  app.use(knownMethods)
  app.use(routes.router(operationRoutes(deps, requests, door)))
  app.use(canonicalHost(settings.BASE_URL))
  app.use(routes.router(files.routes))
  app.use(packing)
  app.use(door.admit)

  const { handlers, checkPassword } = authentication(models.users)
  app.use(noStore)
  app.use(routes.router(doorRoutes(models)))
  app.use(
    sessions({
      pool: db.pool,
      visits: models.visits,
      secret: settings.SESSION_SECRET,
      https,
      idleMinutes: settings.SESSION_IDLE_MINUTES,
      longestHours: settings.SESSION_LONGEST_HOURS,
      binding: settings.SESSION_BINDING,
      clock,
      log,
    }),
  )
  app.use(handlers)
  app.use(languageOfVisitor)
  app.use(onlyForms)
  app.use(formBodies())
  app.use(csrf(settings.BASE_URL))
  const routeOf = (req: Request) => routes.asked(req).route
  const looks = { pages: settings.READS_PER_MINUTE, atBank: settings.BANK_READS_PER_MINUTE }
  app.use(readLimit(models.throttles, looks, clock, log, routeOf))
  app.use(writeLimit(models.throttles, settings.WRITES_PER_MINUTE, log, routeOf))
  const markOf = marksOfForms(models, keyFor('confirmed forms', settings.SESSION_SECRET))
  app.use(stepUp(models, markOf, clock))
  app.use(rest(clock))

  app.use(authRouter(context, checkPassword))
  app.use(mainRouter(context))
  app.use(developerRouter(context, settings.BASE_URL, settings.API_REQUESTS_PER_MINUTE))
  app.use(adminRouter(context, { sandboxConsole: settings.SANDBOX_CONSOLE === 'on' }))

  app.use(stepUpPage(models, markOf))
  app.use(unknownBrowserPage(clock))
  app.use(notFound)
  app.use(
    errorHandler(log, noteRefusal, (req, res, { title, ...problem }) => {
      const words = { title, what: problem.meaning, meaning: '', status: problem.status }
      renderPage(
        req,
        res,
        'errors/error',
        // Who was turned away before their session was looked for is not told where else to go.
        { title, width: 'narrow', ...(req.session ? {} : { bare: true }) },
        { ...words, next: problem.next, requestId: problem.requestId },
      )
    }),
  )
  return app
}

/** Express asks for a view by its name, and gives it the page's props. */
function useViews(app: Express, views: Views): void {
  app.set('view cache', true)
  app.set(
    'view',
    class {
      readonly path: string
      constructor(name: string) {
        this.path = name
      }
      render(props: object, done: (error: unknown, html?: string) => void): void {
        done(null, views.render(this.path, props))
      }
    },
  )
}
