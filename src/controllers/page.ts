import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import { SECOND } from '../clock.ts'
import { currentLanguage, t, term } from '../language.ts'
import { csrfToken } from '../middleware/csrf.ts'
import { type Flash, takeFlashes } from '../middleware/flash.ts'
import { apart, type Packed, packedFor, sendPacked } from '../middleware/packing.ts'
import { bringsSession, SEEN_EVERY_MS } from '../middleware/session.ts'
import { paths } from '../paths.ts'

export interface PageSettings {
  demo: boolean
  /** Where a style, a script or an icon is found. @throws for a name that there is none of. */
  fileAt(name: string): string
  idleMinutes: number
}

export interface PageOptions {
  title: string
  width?: 'narrow' | 'wide'
  /** Without places to go to: for who has no session here, and none is looked for. */
  bare?: true
  /** Where browsers without scripts go by themselves after a while. */
  refresh?: { seconds: number; href: string } | null
}

const SAVER_NAV = [
  { href: paths.dashboard, label: term('Today'), icon: 'today' },
  { href: paths.goals, label: term('Goals'), icon: 'goals' },
  { href: paths.payments, label: term('Payments'), icon: 'payments' },
  { href: paths.bank, label: term('Bank'), icon: 'bank' },
  { href: paths.settings, label: term('Settings'), icon: 'settings' },
]
const ADMIN_NAV = [
  { href: paths.admin, label: term('Overview'), icon: 'activity' },
  { href: paths.adminStatus, label: term('Status'), icon: 'pulse' },
  { href: paths.adminAlarms, label: term('Alarms'), icon: 'warning' },
  { href: paths.adminUsers, label: term('People'), icon: 'user' },
  { href: paths.adminPayments, label: term('Payments'), icon: 'payments' },
  { href: paths.adminCalls, label: term('Calls'), icon: 'bank' },
  { href: paths.adminJobs, label: term('Jobs'), icon: 'clock' },
  { href: paths.adminAudit, label: term('Audit'), icon: 'shield' },
  { href: paths.adminSandbox, label: term('Sandbox'), icon: 'coin-jar' },
  { href: paths.adminRoutes, label: term('Routes'), icon: 'shield' },
  { href: paths.bank, label: term('Bank'), icon: 'bank' },
  { href: paths.settings, label: term('Settings'), icon: 'settings' },
]
const VISITOR_NAV = [
  { href: paths.login, label: term('Sign in') },
  { href: paths.signup, label: term('Sign up') },
]

/**
 * Renders a view with named props; `page` is what the layout needs on every page, and nothing else is global. What fails goes
 * to the next error handler, as with express's own `render`.
 */
export function renderPage(
  req: Request,
  res: Response,
  view: string,
  options: PageOptions,
  props: object = {},
): void {
  takeFlashes(req)
    .then((flashes) => {
      const page = pageOf(req, res, options, flashes, () => csrfToken(req))
      res.render(view, { ...props, page })
    })
    .catch((error) => req.next?.(error))
}

/** What a page is made of, apart from what is on every page. */
export interface Lasting {
  /** The page is kept in this object, and as long as it is there. */
  of: object & { [PAGES]?: Map<string, KeptPage> }
  /** All else that is read for it, but for the language. */
  by: unknown
}

/** A page as it was last sent to one session, with that session's token in its forms. */
interface KeptPage {
  key: string
  packed: Packed
}

/** Of one saver: they look with a telephone and a computer, hardly with more. */
const MOST_SESSIONS = 8
const PAGES = Symbol('pages')

/**
 * The same for a page that is asked for again and again: made of the same it says the same, and is not written anew. Whoever asks
 * for it twice with one session is sent the same bytes: nothing of the request is in them.
 * @param props worked out only where the page is; `again` where that is for this once, because it says a sentence of the one before.
 */
export function renderLasting(
  req: Request,
  res: Response,
  view: string,
  options: PageOptions,
  { of, by }: Lasting,
  props: (how: { again: boolean }) => Promise<object>,
): void {
  takeFlashes(req)
    .then(async (flashes) => {
      const page = pageOf(req, res, options, flashes, () => csrfToken(req))
      const key = JSON.stringify([view, page, by])
      const pages = of[PAGES] ?? new Map<string, KeptPage>()
      of[PAGES] = pages
      const kept = pages.get(req.sessionID)
      if (kept?.key === key && req.acceptsEncodings(kept.packed.encoding)) {
        sendPacked(res, kept.packed)
        return
      }
      const again = flashes.length > 0
      res.render(view, { ...(await props({ again })), page }, (error, html) => {
        if (error) throw error
        const packed = again ? null : packedFor(req, Buffer.from(html))
        if (!packed) {
          res.vary('Accept-Encoding').type('html').send(html)
          return
        }
        if (pages.size >= MOST_SESSIONS) pages.clear()
        pages.set(req.sessionID, { key, packed: { ...packed, bytes: apart(packed.bytes) } })
        sendPacked(res, packed)
      })
    })
    .catch((error) => req.next?.(error))
}

/**
 * A page without a form, which is the same for everybody who brings no session: their browser may keep it, and asks each time
 * whether it still holds. Whoever brings one gets a page of their own, which nobody keeps.
 */
export function renderOpenPage(
  req: Request,
  res: Response,
  view: string,
  options: PageOptions,
  props: object = {},
): void {
  if (bringsSession(req)) {
    renderPage(req, res, view, options, props)
    return
  }
  const page = pageOf(req, res, options, [], noToken)
  res.render(view, { ...props, page }, (error: unknown, html: string) => {
    if (error) {
      req.next?.(error)
      return
    }
    res.setHeader('Cache-Control', 'no-cache')
    res.vary('Cookie, Accept-Language')
    // Weak, because it is the same page in whatever it is packed.
    res.setHeader('ETag', `W/"${createHash('sha256').update(html).digest('base64url')}"`)
    res.send(html)
  })
}

/** A form that was refused is shown again: same page, status 422 unless there is a better one. */
export function renderRefused(
  req: Request,
  res: Response,
  view: string,
  options: PageOptions,
  props: object,
  status = 422,
): void {
  res.status(status)
  renderPage(req, res, view, { ...options, title: t('Please check: {page}', { page: options.title }) }, props)
}

/** For a form that comes too soon: how long to wait, also for programs. */
export function askToWait(res: Response, ms: number): void {
  res.status(429).setHeader('Retry-After', Math.ceil(ms / SECOND))
}

/** A token would begin a session, and its cookie would be kept with the page. */
function noToken(): never {
  throw new Error('an open page has no form')
}

/**
 * Views know it as `page`. Its token is an accessor of the class: one of each page's own, as an object written out would have it, makes
 * V8 keep everything around it until all of the heap is collected.
 */
class Page {
  readonly #tokenForForm: () => string

  constructor(facts: object, tokenForForm: () => string) {
    Object.assign(this, facts)
    this.#tokenForForm = tokenForForm
  }

  /** Made when a form asks for it: a page without one makes no session. */
  get csrfToken(): string {
    return this.#tokenForForm()
  }
}

function pageOf(
  req: Request,
  res: Response,
  options: PageOptions,
  flashes: Flash[],
  tokenForForm: () => string,
): Page {
  const { demo, fileAt, idleMinutes } = res.app.locals as unknown as PageSettings
  const user = req.user ?? null
  const confirmed = Boolean(user?.emailConfirmedOn)
  const facts = {
    title: options.title,
    width: options.width,
    // Nobody has asked for it by hand, so it keeps no session alive.
    refresh: options.refresh ? { ...options.refresh, href: asBackground(options.refresh.href) } : null,
    // By then the session has ended for sure, and not a moment before the page says so.
    idleSeconds: user ? idleMinutes * 60 - SEEN_EVERY_MS / SECOND : null,
    lang: currentLanguage(),
    languagePath: languagePath(req, res),
    user: user && {
      name: user.fullName,
      email: user.email,
      isAdmin: user.role === 'ADMIN',
      unconfirmed: !confirmed,
    },
    nav: (options.bare ? [] : navOf(user, confirmed)).map((place) => ({
      ...place,
      label: t(place.label),
      current: isCurrent(place.href, req.path, req.baseUrl),
    })),
    flashes,
    demo,
    fileAt,
  }
  return new Page(facts, tokenForForm)
}

/** Where another language is chosen, and back from there. What comes behind an address is not repeated, nor is the one-time part of a link. */
function languagePath(req: Request, res: Response): string {
  const mayComeBack = req.method === 'GET' && res.statusCode < 400 && req.params.token === undefined
  return mayComeBack ? paths.languageFor(req.baseUrl + req.path) : paths.language
}

function asBackground(href: string): string {
  return `${href}${href.includes('?') ? '&' : '?'}auto=1`
}

function navOf(user: Express.User | null, confirmed: boolean) {
  if (!user) return VISITOR_NAV
  if (!confirmed) return []
  return user.role === 'ADMIN' ? ADMIN_NAV : SAVER_NAV
}

function isCurrent(href: string, path: string, baseUrl: string): boolean {
  const here = (baseUrl + path).replace(/\/$/, '')
  return here === href || (href !== paths.admin && here.startsWith(`${href}/`))
}
