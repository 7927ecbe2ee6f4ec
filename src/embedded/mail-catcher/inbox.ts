import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import express, { type Express, type Handler, type Response } from 'express'
import { linkParts } from './link-parts.ts'
import type { KeptMail, MailStore } from './store.ts'

const VIEWS = fileURLToPath(new URL('./views', import.meta.url))

/** The names this machine has for itself. Any other means that a foreign page made its own name point here. */
const OUR_NAMES = new Set(['localhost', '127.0.0.1', '[::1]'])

const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The mail's own HTML runs nothing, loads nothing and has no origin; its links open in a window of their own. */
const MAIL_POLICY = [
  'sandbox allow-popups allow-popups-to-escape-sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** The pages over what was caught: a list, one mail, its HTML in a frame, and the list as JSON. */
export function createInbox(store: MailStore): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(onlyOurNames, quietHeaders)

  app.get('/', async (_req, res) => {
    await page(res, 'list', { title: 'Caught mail', mails: store.all().map(row) })
  })
  app.get('/style.css', (_req, res) => {
    // By folder and name: a whole path with a dot folder in it, as a home may have, would not be served.
    res.sendFile('style.css', { root: VIEWS })
  })
  app.get('/messages.json', (_req, res) => {
    res.json(store.all().map(({ mail }) => mail))
  })
  app.delete('/messages', (_req, res) => {
    store.clear()
    res.status(204).end()
  })
  app.post('/messages/clear', onlyOurPages, (_req, res) => {
    store.clear()
    res.redirect(303, '/')
  })
  app.get('/messages/:id', async (req, res) => {
    const id = Number(req.params.id)
    const mail = store.find(id)
    if (!mail) return notFound(res)
    const parts = linkParts(mail.text)
    await page(res, 'mail', {
      title: subjectOf(mail.subject),
      mail: row({ id, mail }),
      parts,
      hasHtml: mail.html !== null,
    })
  })
  app.get('/messages/:id/html', async (req, res) => {
    const mail = store.find(Number(req.params.id))
    if (!mail?.html) return notFound(res)
    res.set('Content-Security-Policy', MAIL_POLICY)
    res.type('html').send(`<!doctype html><base target="_blank">${mail.html}`)
  })
  app.use((_req, res) => notFound(res))
  return app
}

/** A page of somewhere else whose name was made to resolve to 127.0.0.1 would read our mails as its own. */
const onlyOurNames: Handler = (req, res, next) => {
  const name = (req.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  if (OUR_NAMES.has(name)) return next()
  res.status(421).type('text').send('The mail catcher answers as localhost only.')
}

/** A form on a foreign page needs no permission to post here; DELETE does, which nobody is given. */
const onlyOurPages: Handler = (req, res, next) => {
  const { origin, host } = req.headers
  const site = req.headers['sec-fetch-site']
  const foreign = (site && site !== 'same-origin') || (origin && origin !== `http://${host}`)
  if (!foreign) return next()
  res.status(403).type('text').send('Only the inbox page itself may do this.')
}

const quietHeaders: Handler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy': PAGE_POLICY,
    'Cache-Control': 'no-store',
    // Not `no-referrer`, under which browsers send our own form with the origin "null".
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  })
  next()
}

async function notFound(res: Response): Promise<void> {
  res.status(404)
  await page(res, 'missing', { title: 'No such mail' })
}

async function page(res: Response, name: string, props: Record<string, unknown>): Promise<void> {
  res
    .type('html')
    .send(await ejs.renderFile(join(VIEWS, `${name}.ejs`), props, { _with: false, cache: true }))
}

function row({ id, mail }: KeptMail) {
  return {
    id,
    to: mail.to,
    subject: subjectOf(mail.subject),
    at: mail.at,
    when: WHEN.format(new Date(mail.at)),
  }
}

function subjectOf(subject: string): string {
  return subject.trim() || '(no subject)'
}

/** In this machine's zone, which is the reader's. */
const WHEN = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
