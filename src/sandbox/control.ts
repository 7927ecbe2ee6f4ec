/** Looking into the emulator and steering it: typed for tests in the same process, over HTTP under /__emulator. */

import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { z } from 'zod'
import type { Bank } from './bank.ts'
import type { Faults, Strikes } from './faults/index.ts'
import type { Fault, FaultOrder } from './faults/orders.ts'
import { imbalance } from './ledger.ts'
import type { Account, Payment, Transaction } from './model.ts'
import type { RateLimit } from './rate-limit.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'
import { type ApprovalRule, type ConsentMode, type Settings, settingsSchema } from './settings.ts'
import { settleDue } from './settlement.ts'

/** Every look first lets happen what is due by the bank's clock. Rows are as the bank keeps them; amounts in minor units. */
export interface Control {
  now(): Date
  accounts(): Account[]
  /** By IBAN or BBAN. @throws Error when there is none. */
  account(number: string): Account
  payments(): Payment[]
  /** All, or those of one account number; in the order they were booked. */
  transactions(number?: string): Transaction[]
  /** Per currency; all zeros unless money was made or lost. */
  imbalance(): ReturnType<typeof imbalance>
  settings(): Settings
  /** @throws ZodError for settings that don't exist or don't fit. */
  changeSettings(change: Partial<Settings>): Settings
  setApproval(approval: ApprovalRule): void
  setConsentMode(mode: ConsentMode): void
  setSettleDelay(milliseconds: number): void
  /** Forward only. @throws RangeError otherwise. */
  advanceClock(milliseconds: number): void
  /** The last 10 000, oldest first. */
  requests(): LoggedRequest[]
  clearRequests(): void
  addFault(order: FaultOrder): Fault
  faults(): Fault[]
  clearFaults(id?: string): void
  /** How many calls each kind of fault has struck since the last reset. */
  strikes(): Strikes
  /** How many calls were answered 429 since the last reset. */
  rateLimited(): number
  /** Back to the seed: all accounts, consents, payments, faults, counts and logged requests go, and the clock's lead with them; settings stay. */
  reset(): void
}

export interface Controlled {
  bank: Bank
  faults: Faults
  log: RequestLog
  rateLimit: RateLimit
}

/** @param seed lays down what the bank opens with. */
export function createControl({ bank, faults, log, rateLimit }: Controlled, seed: () => void): Control {
  const { store, clock, settings } = bank
  const changeSettings = (change: Partial<Settings>) =>
    Object.assign(settings, settingsSchema.partial().parse(change))
  const account = (number: string) => {
    settleDue(bank)
    const found = store.accountByNumber(number)
    if (!found) throw new Error(`the sandbox has no account ${number}`)
    return found
  }
  const bySeq = <Row extends { seq: number }>(rows: Row[]) => rows.sort((a, b) => a.seq - b.seq)
  const looked = <Result>(look: () => Result) => {
    settleDue(bank)
    return look()
  }
  return {
    now: () => clock.now(),
    accounts: () => looked(() => bySeq(store.all('account'))),
    account,
    payments: () => looked(() => bySeq(store.all('payment'))),
    transactions: (number) =>
      looked(() =>
        bySeq(number === undefined ? store.all('transaction') : store.transactionsOf(account(number).id)),
      ),
    imbalance: () => looked(() => imbalance(store)),
    settings: () => ({ ...settings }),
    changeSettings,
    setApproval: (approval) => void changeSettings({ approval }),
    setConsentMode: (consentMode) => void changeSettings({ consentMode }),
    setSettleDelay: (settleDelayMs) => void changeSettings({ settleDelayMs }),
    advanceClock: (milliseconds) => clock.advance(milliseconds),
    requests: () => log.list(),
    clearRequests: () => log.clear(),
    addFault: (order) => faults.add(order),
    faults: () => faults.list(),
    clearFaults: (id) => faults.clear(id),
    strikes: () => faults.strikes(),
    rateLimited: () => log.rateLimited,
    reset: () => {
      store.clear()
      faults.reset()
      log.reset()
      rateLimit.reset()
      seed()
    },
  }
}

const clockMove = z.union([
  z.strictObject({ advanceMs: z.int().min(0) }),
  z.strictObject({ advanceTo: z.iso.datetime({ offset: true }) }),
])

/** Not part of the bank's API. Bodies are JSON; what doesn't fit is answered 422 with its reasons. */
export function controlRouter(control: Control, publicUrl: string): Router {
  const router = express.Router()
  router.use(refuseForeignPages(publicUrl))
  router.use(express.json({ type: () => true, limit: '100kb' }))
  router.get('/state', (_req, res) => void res.json(stateOf(control)))
  router.post('/reset', (_req, res) => {
    control.reset()
    res.json(stateOf(control))
  })
  router.get('/clock', (_req, res) => void res.json({ now: control.now().toISOString() }))
  router.post('/clock', (req, res) => {
    const move = clockMove.parse(req.body)
    const ahead = 'advanceMs' in move ? move.advanceMs : Date.parse(move.advanceTo) - control.now().getTime()
    control.advanceClock(ahead)
    res.json({ now: control.now().toISOString() })
  })
  router.get('/settings', (_req, res) => void res.json(control.settings()))
  router.post('/settings', (req, res) => void res.json(control.changeSettings(req.body ?? {})))
  router.get('/requests', (_req, res) => void res.json({ requests: control.requests() }))
  router.delete('/requests', (_req, res) => {
    control.clearRequests()
    res.status(204).end()
  })
  faultRoutes(router, control)
  router.use((_req, res) => void res.status(404).json({ error: 'There is no such control.' }))
  router.use(answerMistakes)
  return router
}

function faultRoutes(router: Router, control: Control): void {
  router.get('/faults', (_req, res) => void res.json({ faults: control.faults() }))
  router.post('/faults', (req, res) => void res.status(201).json(control.addFault(req.body)))
  router.delete(['/faults', '/faults/:id'], (req, res) => {
    const { id } = req.params
    control.clearFaults(typeof id === 'string' ? id : undefined)
    res.status(204).end()
  })
}

function stateOf(control: Control) {
  return {
    now: control.now().toISOString(),
    accounts: control.accounts(),
    payments: control.payments(),
    transactions: control.transactions().length,
    imbalance: control.imbalance(),
    settings: control.settings(),
    faults: control.faults(),
    strikes: control.strikes(),
    rateLimited: control.rateLimited(),
  }
}

/** Browsers name the page a request comes from; no page but our own may steer a bank that listens on this machine. */
function refuseForeignPages(publicUrl: string) {
  const own = new URL(publicUrl).origin
  return (req: Request, res: Response, next: NextFunction): void => {
    const origin = req.get('origin')
    if (origin === undefined || origin === own) next()
    else res.status(403).json({ error: 'Not from another page.' })
  }
}

/** Four parameters make it an error handler in express's eyes. */
function answerMistakes(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (error instanceof z.ZodError) res.status(422).json({ error: 'This does not fit.', issues: error.issues })
  else if (error instanceof RangeError) res.status(422).json({ error: error.message })
  else if (error instanceof SyntaxError) res.status(400).json({ error: 'The body is no JSON.' })
  else next(error)
}
