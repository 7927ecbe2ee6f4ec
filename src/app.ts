import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import ejs from 'ejs'
import express, { type Express } from 'express'
import { adminRouter } from './controllers/admin/index.ts'
import { authRouter } from './controllers/auth/index.ts'
import type { WebContext } from './controllers/context.ts'
import { mainRouter } from './controllers/main/index.ts'
import { renderPage } from './controllers/page.ts'
import type { Deps } from './deps.ts'
import { authentication } from './middleware/authentication.ts'
import { canonicalHost } from './middleware/canonical-host.ts'
import { csrf } from './middleware/csrf.ts'
import { errorHandler, notFound } from './middleware/error-handler.ts'
import { knownMethods, onlyForms } from './middleware/known-requests.ts'
import { requestContext } from './middleware/request-context.ts'
import { noStore, securityHeaders } from './middleware/security-headers.ts'
import { sessions } from './middleware/session.ts'
import './middleware/types.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const PUBLIC = join(ROOT, 'public')
const PICO = join(dirname(createRequire(import.meta.url).resolve('@picocss/pico/package.json')), 'css')
const STATIC = { index: false, redirect: false, dotfiles: 'ignore', maxAge: '1h' } as const

/** The whole order of middleware on one screen. */
export function createApp(deps: Deps): Express {
  const { settings, models, bank, clock, log, db, queue } = deps
  const https = settings.BASE_URL.startsWith('https://')
  const demo = settings.DEMO === 'on'
  const app = express()
  useViews(app)
  app.disable('x-powered-by')
  app.set('trust proxy', settings.TRUST_PROXY)
  app.set('query parser', 'simple')
  Object.assign(app.locals, { demo, assetVersion: assetVersion() })

  app.use(requestContext(log))
  app.use(securityHeaders({ bankOrigins: bank.browserOrigins, https }))
  app.use(knownMethods)
  app.get('/healthz', (_req, res) => void res.type('text').send('ok\n'))
  app.get('/readyz', async (_req, res) => {
    const ready = await queue.isReady().catch(() => false)
    res
      .status(ready ? 200 : 503)
      .type('text')
      .send(ready ? 'ready\n' : 'not ready\n')
  })
  app.use(canonicalHost(settings.BASE_URL))
  app.use(compression())
  app.use('/vendor/pico', express.static(PICO, STATIC))
  app.use(express.static(PUBLIC, STATIC))

  const { handlers, checkPassword } = authentication(models.users)
  app.use(noStore)
  app.use(
    sessions({
      pool: db.pool,
      secret: settings.SESSION_SECRET,
      https,
      idleMinutes: settings.SESSION_IDLE_MINUTES,
      clock,
      onError: (error) => log.error('session store', { error }),
    }),
  )
  app.use(handlers)
  app.use(onlyForms)
  app.use(express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 50 }))
  app.use(csrf(settings.BASE_URL))

  const context: WebContext = { models, bank, clock, log, consentDays: settings.CONSENT_DAYS }
  app.use(authRouter(context, checkPassword))
  app.use(mainRouter(context))
  app.use('/admin', adminRouter(context, { sandboxConsole: settings.SANDBOX_CONSOLE === 'on' }))

  app.use(notFound)
  app.use(
    errorHandler(log, (req, res, { title, ...problem }) => {
      const words = { title, what: problem.meaning, meaning: '', status: problem.status }
      renderPage(
        req,
        res,
        'errors/error',
        { title, width: 'narrow' },
        { ...words, next: problem.next, requestId: problem.requestId },
      )
    }),
  )
  return app
}

/**
 * EJS without `with`: about twice as fast, and no name comes from nowhere. The options stand here, so that nothing in a
 * page's props can change them.
 */
function useViews(app: Express): void {
  const options = { _with: false, localsName: 'locals', strict: true, cache: true }
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
  for (const entry of readdirSync(PUBLIC, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 10)
}
