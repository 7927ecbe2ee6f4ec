/** v5: like v4, with unreadable account ids, the holder's role, and an instructed amount beside the flat one. */

import { longMessageId } from '../ids.ts'
import {
  accountFields,
  accountLinks,
  amount,
  type Dialect,
  paymentFields,
  transactionFields,
} from './common.ts'

export const v5: Dialect = {
  version: 'v5',
  prefix: '/personal/v5',
  messageId: longMessageId,
  accountId: (account) => account.opaqueId,
  account: (account, scopes, numbers) => ({
    ...accountFields(account, account.opaqueId, scopes, numbers),
    nickname: account.name,
    account_role: 'OWNER',
    _links: accountLinks('v5', account.opaqueId),
  }),
  transaction: (transaction, account, numbers) => ({
    ...transactionFields(transaction, account, numbers),
    account_number: account.bban ?? account.iban,
  }),
  payment: (payment, links, numbers) => {
    const money = { amount: amount(payment.amountMinor, numbers), currency: payment.currency }
    return {
      ...paymentFields(payment, links),
      ...money,
      instructed_amount: money,
      requested_execution_date: payment.executionDate,
    }
  },
  transactionQuery: { from: 'from_date', to: 'to_date', key: 'continuation_key' },
  keyInList: false,
}
