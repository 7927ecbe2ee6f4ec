/** Two stages of signing in, then the consent: what the app asks for, and for which accounts. */

import express, { type Request, type Response, type Router } from 'express'
import type { Bank } from '../bank.ts'
import { backToApp, grant } from '../consents.ts'
import type { Account, Scope, SignIn } from '../model.ts'
import { DEMO_CUSTOMER } from '../seed.ts'
import { moneyText, render } from './render.ts'

/** Wrong codes before the sign-in is given up. */
const MOST_ATTEMPTS = 5

const PLAIN_WORDS: Record<Scope, string> = {
  ACCOUNTS_BASIC: 'see which accounts you have',
  ACCOUNTS_BALANCES: 'see their balances',
  ACCOUNTS_DETAILS: 'see their details, such as product and credit limit',
  ACCOUNTS_TRANSACTIONS: 'see their transactions',
  PAYMENTS_MULTIPLE: 'order payments from them',
  CARDS_INFORMATION: 'see your cards',
  CARDS_TRANSACTIONS: 'see your cards’ transactions',
}

export function signInPages(bank: Bank): Router {
  const router = express.Router()
  router.get('/sign-in/:id', (req, res) =>
    withStage(bank, req, res, 'user', (signIn) => showUser(res, signIn, null)),
  )
  router.post('/sign-in/:id', (req, res) =>
    withStage(bank, req, res, 'user', (signIn) => takeUser(bank, req, res, signIn)),
  )
  router.get('/sign-in/:id/code', (req, res) =>
    withStage(bank, req, res, 'code', (signIn) => showCode(res, signIn, null)),
  )
  router.post('/sign-in/:id/code', (req, res) =>
    withStage(bank, req, res, 'code', (signIn) => takeCode(bank, req, res, signIn)),
  )
  router.get('/consent/:id', (req, res) =>
    withStage(bank, req, res, 'consent', (signIn) => showConsent(bank, res, signIn, null)),
  )
  router.post('/consent/:id', (req, res) =>
    withStage(bank, req, res, 'consent', (signIn) => takeConsent(bank, req, res, signIn)),
  )
  router.post('/sign-in/:id/cancel', (req, res) => cancel(bank, req, res))
  return router
}

/** Runs `act` when the sign-in is at this stage, and leads to the right page when it is at another. */
function withStage(
  bank: Bank,
  req: Request,
  res: Response,
  stage: SignIn['stage'],
  act: (signIn: SignIn) => void,
): void {
  const signIn = findOpen(bank, req, res)
  if (!signIn) return
  if (signIn.stage === stage) act(signIn)
  else res.redirect(303, pageOf(signIn))
}

function findOpen(bank: Bank, req: Request, res: Response): SignIn | null {
  const signIn = bank.store.get('signIn', String(req.params.id))
  if (signIn && signIn.stage !== 'closed' && signIn.expiresAt > bank.clock.now().toISOString()) return signIn
  const text = 'This sign-in has ended or taken too long. Go back to the app and start again.'
  res.status(signIn ? 410 : 404).send(render('message', { title: 'This sign-in is over', text, back: null }))
  return null
}

function pageOf({ id, stage }: SignIn): string {
  if (stage === 'consent') return `/bank/consent/${id}`
  return stage === 'code' ? `/bank/sign-in/${id}/code` : `/bank/sign-in/${id}`
}

function showUser(res: Response, { id }: SignIn, error: string | null): void {
  res.status(error ? 422 : 200).send(render('user', { id, customer: DEMO_CUSTOMER, error }))
}

function takeUser(bank: Bank, req: Request, res: Response, signIn: SignIn): void {
  const known = fieldOf(req, 'userId') === DEMO_CUSTOMER
  if (known) moveTo(bank, res, { ...signIn, stage: 'code' })
  else showUser(res, signIn, `Only ${DEMO_CUSTOMER} is a customer here.`)
}

function showCode(res: Response, { id, oneTimeCode }: SignIn, error: string | null): void {
  res.status(error ? 422 : 200).send(render('code', { id, oneTimeCode, error }))
}

function takeCode(bank: Bank, req: Request, res: Response, signIn: SignIn): void {
  if (fieldOf(req, 'code').replace(/\s/g, '') === signIn.oneTimeCode) {
    moveTo(bank, res, { ...signIn, stage: 'consent' })
    return
  }
  const attempts = signIn.attempts + 1
  const next: SignIn = { ...signIn, attempts, stage: attempts < MOST_ATTEMPTS ? 'code' : 'closed' }
  bank.store.write(() => bank.store.put('signIn', next))
  if (next.stage === 'closed') leave(res, signIn)
  else showCode(res, next, 'This is not the code shown in the code app.')
}

function showConsent(bank: Bank, res: Response, signIn: SignIn, error: string | null): void {
  const { request } = signIn
  const asked = request.accountIds
  const accounts = accountsOf(bank, signIn).map((account) => ({
    id: account.id,
    name: account.name,
    number: account.bban ?? account.iban,
    balance: moneyText(account.bookedMinor, account.currency),
    checked: asked === null || asked.includes(account.id),
  }))
  const props = {
    id: signIn.id,
    app: new URL(request.redirectUri).host,
    permissions: request.scopes.map((scope) => PLAIN_WORDS[scope]),
    days: Math.max(1, Math.round(request.durationMinutes / (24 * 60))),
    accounts,
    fixed: request.fixedAccounts,
    error,
  }
  res.status(error ? 422 : 200).send(render('consent', props))
}

function takeConsent(bank: Bank, req: Request, res: Response, signIn: SignIn): void {
  const { store } = bank
  const accountIds = chosenAccounts(bank, req, signIn)
  if (accountIds?.length === 0) {
    showConsent(bank, res, signIn, 'Choose at least one account.')
    return
  }
  const location = store.write(() => {
    store.put('signIn', { ...signIn, stage: 'closed' })
    return grant(bank, signIn.request, accountIds)
  })
  res.redirect(303, location)
}

/** Only what was offered counts, whatever the form says. */
function chosenAccounts(bank: Bank, req: Request, signIn: SignIn): string[] | null {
  if (signIn.request.fixedAccounts) return signIn.request.accountIds
  const chosen: unknown[] = [Object(req.body).accounts].flat()
  return accountsOf(bank, signIn)
    .map((account) => account.id)
    .filter((id) => chosen.includes(id))
}

function accountsOf(bank: Bank, { request }: SignIn): Account[] {
  const offered = request.fixedAccounts ? request.accountIds : null
  return bank.store
    .all('account')
    .filter(({ id, country }) => country === request.country && (offered === null || offered.includes(id)))
    .sort((a, b) => a.seq - b.seq)
}

function cancel(bank: Bank, req: Request, res: Response): void {
  const signIn = findOpen(bank, req, res)
  if (!signIn) return
  bank.store.write(() => bank.store.put('signIn', { ...signIn, stage: 'closed' }))
  leave(res, signIn)
}

function leave(res: Response, { request }: SignIn): void {
  res.redirect(303, backToApp(request.redirectUri, { error: 'access_denied', state: request.state }))
}

function moveTo(bank: Bank, res: Response, signIn: SignIn): void {
  bank.store.write(() => bank.store.put('signIn', signIn))
  res.redirect(303, pageOf(signIn))
}

function fieldOf(req: Request, name: string): string {
  const value: unknown = Object(req.body)[name]
  return typeof value === 'string' ? value.trim() : ''
}
