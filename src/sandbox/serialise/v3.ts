/** v3: transactions carry a discriminator, query parameters are still camelCase. */

import { shortMessageId } from '../ids.ts'
import {
  accountFields,
  accountLinks,
  amount,
  type Dialect,
  paymentFields,
  transactionFields,
} from './common.ts'

export const v3: Dialect = {
  version: 'v3',
  prefix: '/v3',
  messageId: shortMessageId,
  accountId: (account) => account.id,
  account: (account, scopes, numbers) => ({
    ...accountFields(account, account.id, scopes, numbers),
    _links: accountLinks('v3', account.id),
  }),
  transaction: (transaction, account, numbers) => {
    const { counterparty_account, ...fields } = transactionFields(transaction, account, numbers)
    if (transaction.amountMinor >= 0) return { _type: 'CreditTransaction', ...fields }
    return {
      _type: 'DebitTransaction',
      ...fields,
      ...(counterparty_account !== undefined && { counterparty_account }),
    }
  },
  payment: (payment, links, numbers) => ({
    ...paymentFields(payment, links),
    amount: amount(payment.amountMinor, numbers),
    currency: payment.currency,
  }),
  transactionQuery: { from: 'fromDate', to: 'toDate', key: 'continuationKey' },
  keyInList: true,
}
