/** Orders by hand. They are not payments of Sparvana: no ledger, no worker; the bank alone keeps them. */
import { randomUUID } from 'node:crypto'
import type { Request } from 'express'
import type { OrderOutcome, PaymentOrder } from '../../bank/index.ts'
import { randomReference } from '../../crypto.ts'
import { NotFound } from '../../errors.ts'
import { t, term } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import { bankAccessFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { bankOrderParam, type SandboxPaymentForm, sandboxPaymentForm } from '../forms/bank-forms.ts'
import { noFieldsForm, orderCallForm } from '../forms/console-forms.ts'
import type { FieldError } from '../forms/form.ts'
import { type ConsoleCall, described, type Field, MADE, type Made, type Typed } from './console-call.ts'
import { accountCards, chosenAccount, type OpenSandbox, openSandbox, UNLISTED } from './sandbox-access.ts'
import { outcomeWords, refusalOf } from './sandbox-orders.ts'

export const ORDER_CALLS: readonly ConsoleCall[] = [
  described({
    name: 'orders',
    api: 'payments.list',
    title: term('List orders'),
    lede: term('Every order of your own at the bank, page by page until there are no more.'),
    button: term('List orders'),
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: async (req, { models, bank }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.listOrders(country, context)
      return MADE
    },
    again: () => ({}),
  }),
  described({
    name: 'order',
    api: 'payments.detail',
    title: term('Look at an order'),
    lede: term('Asks the bank how one of your own orders stands.'),
    button: term('Look at the order'),
    fields: orderFields,
    form: orderCallForm,
    noted: (value) => value,
    run: async (req, { models, bank }, { order }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.order(order, country, context)
      return MADE
    },
    again: ({ path }) => orderIn(path),
  }),
  described({
    name: 'order-delete',
    api: 'payments.delete',
    title: term('Delete an order'),
    lede: term('One of your own that has not been confirmed. The bank is asked how it stands first.'),
    button: term('Delete the order'),
    missing: (bank) =>
      bank.deleteOrder ? null : t('Version 3 of the bank’s interface can’t delete an order.'),
    fields: orderFields,
    form: orderCallForm,
    noted: (value) => value,
    run: async (req, { models, bank }, { order }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.deleteOrder?.(order, country, context)
      return MADE
    },
  }),
  described({
    name: 'payment',
    api: 'payments.initiate',
    action: 'payment',
    title: term('Make a payment'),
    lede: term('Orders a transaction between two accounts. It moves money only once you have confirmed it.'),
    button: term('Order the payment'),
    fields: async (req, { models, bank }, { debtorAccount, creditorAccount, amount = '' }) => {
      const opened = await openSandbox(req, models, bank)
      return [
        accountCards('debtorAccount', t('From'), models, opened, debtorAccount),
        accountCards('creditorAccount', t('To'), models, opened, creditorAccount),
        {
          kind: 'field',
          name: 'amount',
          label: t('Amount'),
          value: amount,
          hint: t('In the currency of both accounts, for example 25 or 12,50'),
          autocomplete: 'off',
          inputmode: 'decimal',
        },
      ]
    },
    form: sandboxPaymentForm,
    noted: ({ amount, ...accounts }) => ({ ...accounts, amountMinor: amount }),
    run: placeOrder,
  }),
  described({
    name: 'order-confirm',
    api: 'payments.confirm',
    action: 'payment-confirmation',
    title: term('Confirm an order'),
    lede: term('One of your own that waits for it. The money moves, or the bank asks you for your approval.'),
    button: term('Confirm the order'),
    fields: orderFields,
    form: orderCallForm,
    noted: ({ order }) => ({ bankPaymentId: order }),
    run: async (req, { models, bank }, { order }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      const wish = { bankPaymentIds: [order], country, returnState: randomUUID() }
      const [outcome] = await bank.confirm(wish, context)
      if (!outcome) throw new NotFound()
      return { kind: 'made', said: { ...outcomeWords(outcome), link: linkTo(outcome) } }
    },
  }),
]

async function placeOrder(
  req: Request,
  { models, bank }: WebContext,
  form: SandboxPaymentForm,
): Promise<Made> {
  const opened = await openSandbox(req, models, bank)
  const order = orderFrom(models, opened, form)
  if ('message' in order) return { kind: 'refused', errors: [order] }
  const outcome = await bank.initiate(order, opened.context)
  const refusal = refusalOf(outcome)
  if (refusal) return { kind: 'refused', errors: [refusal] }
  const { kind, text } = outcomeWords(outcome)
  const ours = outcome.kind === 'unknown' ? [t('Our id of the order is {id}.', { id: order.externalId })] : []
  return { kind: 'made', said: { kind, text: [text, ...ours].join(' '), link: linkTo(outcome) } }
}

function orderFrom(
  models: WebContext['models'],
  opened: OpenSandbox,
  form: SandboxPaymentForm,
): PaymentOrder | FieldError {
  const debtor = chosenAccount(models, opened, form.debtorAccount)
  const creditor = chosenAccount(models, opened, form.creditorAccount)
  if (!debtor || !creditor)
    return { field: debtor ? 'creditorAccount' : 'debtorAccount', message: t(UNLISTED) }
  const ours = { externalId: randomUUID(), reference: randomReference() }
  return { ...ours, amountMinor: form.amount, currency: debtor.currency, debtor, creditor }
}

/** Where an order can be looked at, or where it can be seen whether there is one. */
function linkTo(outcome: OrderOutcome): NonNullable<Flash['link']> {
  return outcome.kind === 'order'
    ? { href: paths.adminPayment(outcome.order.bankPaymentId), label: t('To the order') }
    : { href: paths.adminSandbox, label: t('To the orders') }
}

/** The newest order is there to begin with, where the bank shows any. */
async function orderFields(req: Request, { models, bank }: WebContext, { order }: Typed): Promise<Field[]> {
  const { country, context } = await bankAccessFor(req, models, bank)
  const newest = order === undefined ? await bank.listOrders(country, context).catch(() => []) : []
  return [
    {
      kind: 'field',
      name: 'order',
      label: t('The bank’s id of the order'),
      value: order ?? newest[0]?.bankPaymentId ?? '',
      autocomplete: 'off',
      maxlength: 200,
    },
  ]
}

/** Ids of orders are kept in the log; what was taken out of a path is no id any more. */
function orderIn(path: string): Typed | null {
  const id = decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '')
  return bankOrderParam.safeParse(id).success && !id.includes('[') ? { order: id } : null
}
