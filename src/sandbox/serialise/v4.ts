/** v4: one transaction model, snake_case throughout. */

import { longMessageId } from '../ids.ts'
import {
  accountFields,
  accountLinks,
  amount,
  type Dialect,
  paymentFields,
  transactionFields,
} from './common.ts'

export const v4: Dialect = {
  version: 'v4',
  prefix: '/personal/v4',
  messageId: longMessageId,
  accountId: (account) => account.id,
  account: (account, scopes, numbers) => ({
    ...accountFields(account, account.id, scopes, numbers),
    _links: accountLinks('v4', account.id),
  }),
  transaction: transactionFields,
  payment: (payment, links, numbers) => ({
    ...paymentFields(payment, links),
    amount: amount(payment.amountMinor, numbers),
    currency: payment.currency,
  }),
  transactionQuery: { from: 'from_date', to: 'to_date', key: 'continuation_key' },
  keyInList: false,
}
