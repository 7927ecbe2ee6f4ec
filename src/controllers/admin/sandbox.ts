import type { Request, RequestHandler } from 'express'
import type { Bank, BankAccount, BankOrder } from '../../bank/index.ts'
import { maskIban } from '../../bank/index.ts'
import { BankTrouble, NotFound, WrongState } from '../../errors.ts'
import { formatMoney } from '../../format.ts'
import { t, term } from '../../language.ts'
import { paths } from '../../paths.ts'
import { type BankAccess, bankAccessFor, bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { bankOrderParam } from '../forms/bank-forms.ts'
import { renderPage } from '../page.ts'
import { balanceText, kindLabel } from './sandbox-access.ts'
import { cannotShow, orderProps } from './sandbox-orders.ts'
import { ORDER_WORDS, orderMoneyTone } from './sandbox-words.ts'

const ORDERS = 20
const page = () => ({ title: t('Sandbox'), width: 'wide' }) as const
const WAYS = [
  { href: paths.adminConsoleCall('payment'), label: term('Make a payment') },
  { href: paths.adminConsoleCall('funds'), label: term('Add funds') },
  { href: paths.adminConsoleCall('account-new'), label: term('New account') },
  { href: paths.adminConsoleCall('account-delete'), label: term('Delete an account') },
  { href: paths.adminConsoleCalls, label: term('All calls') },
  { href: paths.adminFaults, label: term('Faults') },
  { href: paths.adminClock, label: term('Clock') },
]

export function sandboxControllers({ models, bank }: WebContext) {
  /** GET /admin/sandbox */
  const show: RequestHandler = async (req, res) => {
    const access = await accessOrNone(req)
    if (!access) return renderPage(req, res, 'admin/sandbox', page(), { linkPath: paths.bank, ways: [] })
    const [accounts, orders] = await Promise.all([
      shown(bank.listAccounts(access.context)),
      shown(newestOrders(bank, access)),
    ])
    renderPage(req, res, 'admin/sandbox', page(), {
      linkPath: null,
      ways: WAYS.map(({ href, label }) => ({ href, label: t(label) })),
      accountRows: accounts.items.map(accountRow),
      accountTrouble: accounts.trouble,
      orderRows: orders.items.map(orderRow),
      orderTrouble: orders.trouble,
      mostOrders: ORDERS,
    })
  }

  /** GET /admin/sandbox/payments/:id */
  const showOrder: RequestHandler = async (req, res) => {
    const id = bankOrderParam.safeParse(req.params.id)
    if (!id.success) throw new NotFound()
    const { country, context } = await bankAccessFor(req, models, bank)
    const outcome = await bank.order(id.data, country, context)
    if (outcome.kind !== 'order') throw cannotShow(outcome)
    renderPage(req, res, 'admin/sandbox-payment', { title: t('Order') }, orderProps(outcome.order))
  }

  return { show, showOrder }

  /** Without a consent there is nothing to show yet, and that is no error on this page. */
  async function accessOrNone(req: Request): Promise<BankAccess | null> {
    try {
      return await bankAccessFor(req, models, bank)
    } catch (error) {
      if (error instanceof WrongState) return null
      throw error
    }
  }
}

async function newestOrders(bank: Bank, { country, context }: BankAccess): Promise<BankOrder[]> {
  return (await bank.listOrders(country, context)).slice(0, ORDERS)
}

/** One list that the bank can't show must not hide the other. */
async function shown<T>(reading: Promise<T[]>): Promise<{ items: T[]; trouble: string | null }> {
  try {
    return { items: await reading, trouble: null }
  } catch (error) {
    const trouble = bankTroubleFor(error)
    if (trouble instanceof BankTrouble) return { items: [], trouble: trouble.meaning }
    throw trouble
  }
}

function accountRow(account: BankAccount) {
  return {
    cells: [
      { text: account.name, ...(account.open ? {} : { hint: t('Closed') }) },
      { text: maskIban(account.iban) },
      { text: kindLabel(account) },
      { text: balanceText(account.bookedMinor, account) },
      { text: balanceText(account.availableMinor, account) },
      { text: account.currency },
    ],
  }
}

function orderRow(order: BankOrder) {
  const { label, tone } = ORDER_WORDS[order.status.kind]
  return {
    cells: [
      { text: order.bankPaymentId, href: paths.adminPayment(order.bankPaymentId) },
      { text: order.externalId ?? t('none') },
      { badge: { text: t(label), tone } },
      { money: { text: formatMoney(order.amountMinor, order.currency), tone: orderMoneyTone(order.status) } },
    ],
  }
}
