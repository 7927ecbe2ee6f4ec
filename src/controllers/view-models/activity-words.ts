import type { BankCallEntry } from '../../bank/index.ts'

/** What each call to the bank did, by its name in the log. */
export const CALL_WORDS: Record<string, string> = {
  'authorization.begin': 'Took you to Nordea to give your consent',
  'authorization.exchange': 'Fetched the keys to your new consent',
  'authorization.refresh': 'Renewed the keys to your consent',
  'authorization.revoke': 'Told Nordea that your consent is over',
  'accounts.list': 'Looked at your accounts and their balances',
  'accounts.detail': 'Looked at one of your accounts',
  'accounts.transactions': 'Read the transactions of one of your two accounts',
  'payments.initiate': 'Sent a payment order',
  'payments.confirm': 'Gave our word that payment orders may be carried out',
  'payments.detail': 'Asked how a payment order stands',
  'payments.list': 'Looked through your payment orders',
  'payments.delete': 'Took a payment order back',
  'sandbox.create-account': 'Made an account in Nordea’s sandbox',
  'sandbox.delete-account': 'Deleted an account in Nordea’s sandbox',
  'sandbox.create-transaction': 'Put a transaction into Nordea’s sandbox',
}

export const RESULT_WORDS: Record<
  BankCallEntry['outcome'],
  { text: string; tone: 'done' | 'waiting' | 'attention' }
> = {
  ok: { text: 'Done', tone: 'done' },
  timeout: { text: 'No answer in time', tone: 'attention' },
  connection: { text: 'Nordea was not reached', tone: 'attention' },
  'server-error': { text: 'Nordea had trouble', tone: 'attention' },
  unreadable: { text: 'The answer was not understood', tone: 'attention' },
  'rate-limited': { text: 'Nordea asked us to wait', tone: 'waiting' },
  resting: { text: 'Not asked: Nordea was left alone', tone: 'waiting' },
  'token-expired': { text: 'The key had run out', tone: 'waiting' },
  'token-invalid': { text: 'Nordea did not take the key', tone: 'attention' },
  'consent-denied': { text: 'Your consent does not cover it', tone: 'attention' },
  'client-refused': { text: 'Nordea refused Sparvana', tone: 'attention' },
  'invalid-request': { text: 'Nordea refused it', tone: 'attention' },
  'not-found': { text: 'Nordea did not know it', tone: 'attention' },
  conflict: { text: 'Not possible in that state', tone: 'attention' },
}

/** A line of the audit trail; the second sentence is for what was refused. */
type EventWords = string | readonly [done: string, refused: string]

/** Every action that is written to the trail; tests hold the list against the source. */
export const EVENT_WORDS: Record<string, EventWords> = {
  'user.signed-up': 'The account was made',
  'user.signed-up-again': [
    'Somebody signed up with your address again',
    'Somebody tried to sign up with your address',
  ],
  'user.email-confirmed': [
    'Your address was confirmed',
    'A confirmation link was opened with a wrong password',
  ],
  'user.confirmation-resent': 'The confirmation mail was sent again',
  'user.sign-in': ['Signed in', 'A sign-in was refused'],
  'user.password-shown': 'The right password was given; the second step was asked for',
  'user.sign-out': 'Signed out',
  'user.sessions-ended': 'Sign-ins were ended',
  'user.password-changed': ['The password was changed', 'A change of the password was refused'],
  'user.password-reset-asked': 'A mail for a new password was asked for',
  'user.preferences-changed': 'Name or calendar were changed',
  'user.factor-begun': 'Setting up an authenticator was begun',
  'user.factor-on': ['The authenticator was switched on', 'A code for a new authenticator was wrong'],
  'user.factor-off': 'The authenticator was switched off',
  'user.factor-checked': ['The second step was shown', 'A wrong code or passkey was refused'],
  'user.factor-lost': 'A mail for signing in without the second step was asked for',
  'user.factor-reset-asked': 'It was asked to do without the second step',
  'user.factor-reset': 'The second step was taken away',
  'user.factor-reset-called-off': 'Doing without the second step was called off',
  'user.backup-codes-renewed': 'New backup codes were made',
  'user.passkey-added': 'A passkey was added',
  'user.passkey-removed': 'A passkey was removed',
  'user.passkey-renamed': 'A passkey was renamed',
  'user.passkey-copied': 'A passkey that may be a copy was refused',
  'user.address-asked': 'A change of the e-mail address was asked for',
  'user.address-called-off': 'The change of the e-mail address was called off',
  'user.address-moved': 'The e-mail address was changed',
  'user.address-taken-back': 'The change of the e-mail address was taken back',
  'user.questions-changed': 'When a check-off asks who is there was changed',
  'user.locked': 'The account was locked by Sparvana',
  'user.unlocked': 'The account was opened again by Sparvana',
  'user.appointed': 'The account was made for an admin',
  'user.role-changed': 'What the account may do was changed by Sparvana',
  'user.exported': 'A copy of your data was downloaded',
  'user.erasure-asked': 'It was asked to erase the account',
  'user.erasure-called-off': 'Erasing the account was called off',
  'user.closed': 'The account was closed',
  'user.erased': 'The account was erased',
  'user.unused-told': 'You were told that nobody uses the account',
  'user.dormant': 'The account was shut, because nobody had used it',
  'user.woken': 'The account was opened again by a new password',
  'browser.link-asked': 'A mail for confirming a browser was asked for',
  'browser.confirmed': 'A browser was confirmed as yours',
  'access.refused': 'A page or an action was refused',
  'admin.looked': 'Something of others was looked at as an admin',
  'audit.exported': 'Lines of the audit trail were exported',
  'job.retry-asked': 'A job was tried again',
  'alarm.raised': 'Something unusual was noticed',
  'alarm.acknowledged': 'Somebody at Sparvana looked at what was unusual',
  'consent.requested': 'The way to Nordea’s consent was begun',
  'consent.granted': 'A consent was given at Nordea',
  'consent.ended': 'A consent ended',
  'consent.end-told': 'You were told that your consent ends soon',
  'consent.unused-told': 'You were told that nobody uses your consent',
  'consent.bank-told': 'Nordea confirmed that a consent is over',
  'consent.bank-not-told': 'Nordea could not be told that a consent is over; it runs out there',
  'consent.checked': 'It was checked whether your consent works',
  'accounts.chosen': 'The two accounts were chosen',
  'habit.created': 'A habit was made',
  'habit.edited': 'A habit was changed',
  'habit.archived': 'A habit was ended',
  'habit.deleted': 'A habit was deleted',
  'check-off.recorded': 'A habit was checked off',
  'check-off.backfilled': 'A habit was checked off for an earlier day',
  'check-off.undone': 'A check-off was taken back',
  'check-off.moved-back': 'Saved money was asked back',
  'payment.scheduled': 'A payment was scheduled',
  'payment.scheduled-again': 'A payment was scheduled again',
  'payment.batch-joined': 'A check-off joined a payment that goes out later',
  'payment.batch-left': 'A check-off was taken out of a payment',
  'payment.blocked': 'A payment had to wait',
  'payment.sending': 'A payment was being sent',
  'payment.initiated': 'Nordea had the order of a payment',
  'payment.confirming': 'A payment was being confirmed',
  'payment.awaiting_approval': 'Nordea wanted your approval of a payment',
  'payment.accepted': 'Nordea accepted a payment',
  'payment.unknown': 'It was not known whether Nordea took a payment',
  'payment.paid': 'A payment arrived',
  'payment.rejected': 'Nordea refused a payment',
  'payment.cancelled': 'A payment was cancelled',
  'payment.expired': 'A payment expired',
  'payment.look-asked': 'Somebody at Sparvana asked for another look at a payment',
  'payment.marked': 'Somebody at Sparvana wants to look at a payment; until then nothing is sent',
  'payment.unmarked': 'Somebody at Sparvana has looked at a payment; what waited goes on',
  'payments.stopped': 'All payments were stopped',
  'payments.resumed': 'The stop of all payments was ended',
  'savings.paused': 'Savings were paused',
  'savings.resumed': 'Savings were resumed',
  'savings.cadence-changed': 'How often money goes out was changed',
  'limits.changed': 'Limits were changed',
  'limits.withdrawn': 'A wider limit was taken back before it counted',
  'difference.found': 'Our books and Nordea’s differed',
  'difference.gone': 'Our books and Nordea’s agreed again',
  'ledger.balance-corrected': 'A sum in our books was put right',
  'sandbox.account-creation-asked': 'An account was made in the sandbox',
  'sandbox.account-deletion-asked': 'An account was deleted in the sandbox',
  'sandbox.funds-asked': 'Money was put into an account in the sandbox',
  'sandbox.payment-asked': 'A payment was ordered in the sandbox',
  'sandbox.payment-confirmation-asked': 'A payment was confirmed in the sandbox',
}

const NO_WORDS = 'Something was noted'

export function callWords(api: string): string {
  return CALL_WORDS[api] ?? 'Another call to Nordea'
}

/** Actions come and go; their lines stay. */
export function eventWords(action: string, outcome: string): string {
  const words = EVENT_WORDS[action]
  if (words === undefined) return outcome === 'refused' ? `${NO_WORDS}, and refused` : NO_WORDS
  if (typeof words !== 'string') return outcome === 'refused' ? words[1] : words[0]
  return words
}
