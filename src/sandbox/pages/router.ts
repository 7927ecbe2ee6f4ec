/** The bank's own pages in the customer's browser: signing in and granting access, approving payments. No JavaScript needed. */

import { readFileSync } from 'node:fs'
import express, { type ErrorRequestHandler, type Router } from 'express'
import type { Bank } from '../bank.ts'
import { settleDue } from '../settlement.ts'
import { approvalPages } from './approval.ts'
import { render } from './render.ts'
import { signInPages } from './sign-in.ts'

const styles = readFileSync(new URL('./style.css', import.meta.url), 'utf8')

export function pagesRouter(bank: Bank): Router {
  const router = express.Router()
  const contentPolicy = policy(bank)
  router.get(
    '/style.css',
    (_req, res) => void res.type('css').set('Cache-Control', 'max-age=3600').send(styles),
  )
  router.use((_req, res, next) => {
    res.set({
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': contentPolicy,
    })
    settleDue(bank)
    next()
  })
  router.use(express.urlencoded({ extended: false, limit: '20kb', parameterLimit: 200 }))
  router.use(signInPages(bank))
  router.use(approvalPages(bank))
  router.use((_req, res) => void res.status(404).send(render('message', lost)))
  router.use(onError)
  return router
}

/** Browsers hold redirects after a form to `form-action` too, so the app's own addresses must be named. */
function policy(bank: Bank): string {
  const apps = [...new Set(bank.app.redirectUris.map((uri) => new URL(uri).origin))].join(' ')
  return `default-src 'none'; style-src 'self'; img-src data:; form-action 'self' ${apps}; frame-ancestors 'none'; base-uri 'none'`
}

const lost = {
  title: 'Nothing here',
  text: 'This address is not known, or what it was for is over.',
  back: null,
}

const onError: ErrorRequestHandler = (error, _req, res, _next) => {
  const status = Number(Object(error).status)
  const known = status >= 400 && status < 500
  if (!known) console.error('sandbox:', error)
  res.status(known ? status : 500)
  res.send(
    render('message', {
      title: 'That did not work',
      text: 'Go back to the app and start again.',
      back: null,
    }),
  )
}
