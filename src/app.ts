import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import ejs from 'ejs'
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
import { linked } from './html.ts'
import { t } from './language.ts'
import { createRequestMetrics } from './metrics.ts'
import { admission } from './middleware/admission.ts'
import { authentication } from './middleware/authentication.ts'
import { PUBLIC } from './middleware/authorisation.ts'
import { canonicalHost } from './middleware/canonical-host.ts'
import { csrf } from './middleware/csrf.ts'
import { errorHandler, notFound } from './middleware/error-handler.ts'
import { formBodies } from './middleware/form-bodies.ts'
import { knownMethods, onlyForms } from './middleware/known-requests.ts'
import { languageOfBrowser, languageOfVisitor } from './middleware/language.ts'
import { COUNTRY_TABLE } from './middleware/place.ts'
import { readLimit } from './middleware/read-limit.ts'
import { refusals } from './middleware/refusals.ts'
import { requestContext } from './middleware/request-context.ts'
import { rest } from './middleware/rest.ts'
import { noCache, noStore, securityHeaders } from './middleware/security-headers.ts'
import { sessions } from './middleware/session.ts'
import { stepUp } from './middleware/step-up.ts'
import './middleware/types.ts'
import { writeLimit } from './middleware/write-limit.ts'
import { operationRoutes } from './operations.ts'
import { type Route, RouteTable } from './routes.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const PUBLIC_FILES = join(ROOT, 'public')
const PICO = join(dirname(createRequire(import.meta.url).resolve('@picocss/pico/package.json')), 'css')
const STATIC = { index: false, redirect: false, dotfiles: 'ignore', maxAge: '1h' } as const

/** The whole order of middleware on one screen. */
export function createApp(deps: Deps): Express {
  const { settings, models, bank, bankGate, emulator, clock, log, db, queue, push, countryOf } = deps
  const https = settings.BASE_URL.startsWith('https://')
  const demo = settings.DEMO === 'on'
  const app = express()
  useViews(app)
  app.disable('x-powered-by')
  app.set('trust proxy', settings.TRUST_PROXY)
  app.set('query parser', 'simple')
  app.set(COUNTRY_TABLE, countryOf)
  Object.assign(app.locals, {
    demo,
    assetVersion: assetVersion(),
    idleMinutes: settings.SESSION_IDLE_MINUTES,
    t,
    linked,
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
  app.use(compression())
  app.use(routes.router(fileRoutes()))
  app.use(door.admit)

  const { handlers, checkPassword } = authentication(models.users)
  app.use(noStore)
  app.use(routes.router(doorRoutes(models)))
  app.use(
    sessions({
      pool: db.pool,
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

/** Styles, scripts and icons, by name: what is laid beside them is not served. */
function fileRoutes(): Route[] {
  // A folder of its own for each row, so that no address climbs out of it.
  const under = (mount: string, folder: string) => express.Router().use(mount, express.static(folder, STATIC))
  return [
    ['GET', '/css/*file', PUBLIC, under('/css', join(PUBLIC_FILES, 'css'))],
    ['GET', '/js/*file', PUBLIC, under('/js', join(PUBLIC_FILES, 'js'))],
    ['GET', '/icons/*file', PUBLIC, under('/icons', join(PUBLIC_FILES, 'icons'))],
    // Browsers and phones look for these two by name.
    ['GET', '/favicon.ico', PUBLIC, under('/', PUBLIC_FILES)],
    ['GET', '/apple-touch-icon.png', PUBLIC, under('/', PUBLIC_FILES)],
    ['GET', '/manifest.webmanifest', PUBLIC, under('/', PUBLIC_FILES)],
    ['GET', '/sw.js', PUBLIC, noCache, express.static(PUBLIC_FILES, { ...STATIC, cacheControl: false })],
    ['GET', '/favicon.svg', PUBLIC, under('/', PUBLIC_FILES)],
    ['GET', '/icon.svg', PUBLIC, under('/', PUBLIC_FILES)],
    ['GET', '/vendor/pico/pico.min.css', PUBLIC, under('/vendor/pico', PICO)],
  ]
}

/**
 * EJS without `with`: about twice as fast, and no name comes from nowhere, except `t` and `linked`, which every view says its
 * sentences with. The options stand here, so that nothing in a page's props can change them.
 */
function useViews(app: Express): void {
  const options = {
    _with: false,
    localsName: 'locals',
    destructuredLocals: ['t', 'linked'],
    strict: true,
    cache: true,
  }
  app.engine('ejs', (path, props, done) => {
    ejs.renderFile(path, props, options, done)
  })
  app.set('views', join(ROOT, 'views'))
  app.set('view engine', 'ejs')
  app.set('view cache', true)
}

/** Changes whenever a style or script does, so that browsers may keep the rest. */
function assetVersion(): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(PUBLIC_FILES, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 10)
}
