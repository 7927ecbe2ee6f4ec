/** The mock signing page: the customer approves or refuses payments that need it, or lets them lapse. */

import express, { type Request, type Response, type Router } from 'express'
import type { Bank } from '../bank.ts'
import { backToApp } from '../consents.ts'
import type { Payment, Signing } from '../model.ts'
import { approve, endPayment } from '../settlement.ts'
import { moneyText, render } from './render.ts'

export function approvalPages(bank: Bank): Router {
  const router = express.Router()
  router.get('/sign/:id', (req, res) => {
    const signing = findOpen(bank, req, res)
    if (signing) res.send(render('approval', propsOf(bank, signing)))
  })
  router.post('/sign/:id', (req, res) => {
    const signing = findOpen(bank, req, res)
    if (signing) takeAnswer(bank, res, signing, Object(req.body).answer === 'approve')
  })
  return router
}

function takeAnswer(bank: Bank, res: Response, signing: Signing, approved: boolean): void {
  const { store } = bank
  store.write(() => {
    store.put('signing', { ...signing, answer: approved ? 'approved' : 'refused' })
    for (const payment of waiting(bank, signing)) {
      if (approved) approve(bank, payment)
      else endPayment(store, payment, 'UserApprovalCancelled')
    }
  })
  const back = backTo(signing, approved)
  const done = { title: approved ? 'Approved' : 'Refused', text: 'You can close this page now.', back: null }
  if (back) res.redirect(303, back)
  else res.send(render('message', done))
}

function findOpen(bank: Bank, req: Request, res: Response): Signing | null {
  const signing = bank.store.get('signing', String(req.params.id))
  if (signing && waiting(bank, signing).length > 0) return signing
  const text = signing ? overText(signing) : 'This address is not known.'
  const back = signing ? backTo(signing, signing.answer === 'approved') : null
  res.status(signing ? 410 : 404).send(render('message', { title: 'Nothing to approve', text, back }))
  return null
}

function overText({ answer }: Signing): string {
  if (answer === null) return 'The time for approving has run out, or the payments were taken back.'
  return answer === 'approved' ? 'You have approved this already.' : 'You have refused this already.'
}

/** null when the app named no address to come back to. */
function backTo({ redirectUrl, state }: Signing, success: boolean): string | null {
  if (redirectUrl === null) return null
  return backToApp(redirectUrl, { success: String(success), ...(state !== null && { state }) })
}

function waiting(bank: Bank, { id, paymentIds }: Signing): Payment[] {
  return paymentIds
    .map((paymentId) => bank.store.get('payment', paymentId))
    .filter((payment) => payment !== undefined)
    .filter((payment) => payment.status === 'PendingUserApproval' && payment.signingId === id)
}

function propsOf(bank: Bank, signing: Signing) {
  const payments = waiting(bank, signing).map(({ amountMinor, currency, debtor, creditor }) => ({
    amount: moneyText(amountMinor, currency),
    from: debtor.account.value,
    to: [creditor.name, creditor.account.value].filter((text) => text).join(', '),
    text: creditor.message ?? creditor.reference?.value ?? '',
  }))
  return { id: signing.id, payments, until: `${signing.expiresAt.slice(0, 16).replace('T', ' ')} UTC` }
}
