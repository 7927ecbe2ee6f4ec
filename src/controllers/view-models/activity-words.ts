import type { BankCallEntry } from '../../bank/index.ts'
import { t, term } from '../../language.ts'

/** What each call to the bank did, by its name in the log. */
export const CALL_WORDS: Record<string, string> = {
  'authorization.begin': term('Took you to Nordea to give your consent'),
  'authorization.exchange': term('Fetched the keys to your new consent'),
  'authorization.refresh': term('Renewed the keys to your consent'),
  'authorization.revoke': term('Told Nordea that your consent is over'),
  'accounts.list': term('Looked at your accounts and their balances'),
  'accounts.detail': term('Looked at one of your accounts'),
  'accounts.transactions': term('Read the transactions of one of your two accounts'),
  'payments.initiate': term('Sent a payment order'),
  'payments.confirm': term('Gave our word that payment orders may be carried out'),
  'payments.detail': term('Asked how a payment order stands'),
  'payments.list': term('Looked through your payment orders'),
  'payments.delete': term('Took a payment order back'),
  'sandbox.create-account': term('Made an account in Nordea’s sandbox'),
  'sandbox.delete-account': term('Deleted an account in Nordea’s sandbox'),
  'sandbox.create-transaction': term('Put a transaction into Nordea’s sandbox'),
}

const RESULT_WORDS: Record<
  BankCallEntry['outcome'],
  { text: string; tone: 'done' | 'waiting' | 'attention' }
> = {
  ok: { text: term('Done'), tone: 'done' },
  timeout: { text: term('No answer in time'), tone: 'attention' },
  connection: { text: term('Nordea was not reached'), tone: 'attention' },
  'server-error': { text: term('Nordea had trouble'), tone: 'attention' },
  unreadable: { text: term('The answer was not understood'), tone: 'attention' },
  'rate-limited': { text: term('Nordea asked us to wait'), tone: 'waiting' },
  resting: { text: term('Not asked: Nordea was left alone'), tone: 'waiting' },
  'token-expired': { text: term('The key had run out'), tone: 'waiting' },
  'token-invalid': { text: term('Nordea did not take the key'), tone: 'attention' },
  'consent-denied': { text: term('Your consent does not cover it'), tone: 'attention' },
  'client-refused': { text: term('Nordea refused Sparvana'), tone: 'attention' },
  'invalid-request': { text: term('Nordea refused it'), tone: 'attention' },
  'not-found': { text: term('Nordea did not know it'), tone: 'attention' },
  conflict: { text: term('Not possible in that state'), tone: 'attention' },
}

/** A line of the audit trail; the second sentence is for what was refused. */
type EventWords = string | readonly [done: string, refused: string]

/** Every action that is written to the trail; tests hold the list against the source. */
export const EVENT_WORDS: Record<string, EventWords> = {
  'user.signed-up': term('The account was made'),
  'user.signed-up-again': [
    term('Somebody signed up with your address again'),
    term('Somebody tried to sign up with your address'),
  ],
  'user.email-confirmed': [
    term('Your address was confirmed'),
    term('A confirmation link was opened with a wrong password'),
  ],
  'user.confirmation-resent': term('The confirmation mail was sent again'),
  'user.sign-in': [term('Signed in'), term('A sign-in was refused')],
  'user.password-shown': term('The right password was given; the second step was asked for'),
  'user.sign-out': term('Signed out'),
  'user.sessions-ended': term('Sign-ins were ended'),
  'user.password-changed': [term('The password was changed'), term('A change of the password was refused')],
  'user.password-reset-asked': term('A mail for a new password was asked for'),
  'user.preferences-changed': term('Name or calendar were changed'),
  'user.factor-begun': term('Setting up an authenticator was begun'),
  'user.factor-on': [
    term('The authenticator was switched on'),
    term('A code for a new authenticator was wrong'),
  ],
  'user.factor-off': term('The authenticator was switched off'),
  'user.factor-checked': [term('The second step was shown'), term('A wrong code or passkey was refused')],
  'user.factor-lost': term('A mail for signing in without the second step was asked for'),
  'user.factor-reset-asked': term('It was asked to do without the second step'),
  'user.factor-reset': term('The second step was taken away'),
  'user.factor-reset-called-off': term('Doing without the second step was called off'),
  'user.backup-codes-renewed': term('New backup codes were made'),
  'user.passkey-added': term('A passkey was added'),
  'user.passkey-removed': term('A passkey was removed'),
  'user.passkey-renamed': term('A passkey was renamed'),
  'user.passkey-copied': term('A passkey that may be a copy was refused'),
  'user.address-asked': term('A change of the e-mail address was asked for'),
  'user.address-called-off': term('The change of the e-mail address was called off'),
  'user.address-moved': term('The e-mail address was changed'),
  'user.address-taken-back': term('The change of the e-mail address was taken back'),
  'user.token-made': term('A token for a program was made'),
  'user.token-revoked': term('A token for a program was ended'),
  'user.token-refused': term('A token that opens nothing was refused'),
  'user.questions-changed': term('When a check-off asks who is there was changed'),
  'user.locked': term('The account was locked by Sparvana'),
  'user.unlocked': term('The account was opened again by Sparvana'),
  'user.appointed': term('The account was made for an admin'),
  'user.role-changed': term('What the account may do was changed by Sparvana'),
  'user.exported': term('A copy of your data was downloaded'),
  'user.statement-downloaded': term('A statement was downloaded'),
  'user.import-read': term('A text to be imported was read'),
  'user.import-discarded': term('A text that was to be imported was thrown away'),
  'user.imported': term('Habits and check-offs were imported'),
  'user.erasure-asked': term('It was asked to erase the account'),
  'user.erasure-called-off': term('Erasing the account was called off'),
  'user.closed': term('The account was closed'),
  'user.erased': term('The account was erased'),
  'user.unused-told': term('You were told that nobody uses the account'),
  'user.dormant': term('The account was shut, because nobody had used it'),
  'user.woken': term('The account was opened again by a new password'),
  'browser.link-asked': term('A mail for confirming a browser was asked for'),
  'browser.confirmed': term('A browser was confirmed as yours'),
  'access.refused': term('A page or an action was refused'),
  'admin.looked': term('Something of others was looked at as an admin'),
  'audit.exported': term('Lines of the audit trail were exported'),
  'job.retry-asked': term('A job was tried again'),
  'alarm.raised': term('Something unusual was noticed'),
  'alarm.acknowledged': term('Somebody at Sparvana looked at what was unusual'),
  'reminder.wishes-changed': term('What you are reminded of was changed'),
  'reminder.time-changed': term('The time at which you are reminded of a habit was changed'),
  'reminder.turned-off': term('A kind of letter was ended by the link in it'),
  'push.added': term('A browser was chosen to show reminders'),
  'push.removed': term('A browser no longer shows reminders'),
  'consent.requested': term('The way to Nordea’s consent was begun'),
  'consent.granted': term('A consent was given at Nordea'),
  'consent.ended': term('A consent ended'),
  'consent.end-told': term('You were told that your consent ends soon'),
  'consent.unused-told': term('You were told that nobody uses your consent'),
  'consent.bank-told': term('Nordea confirmed that a consent is over'),
  'consent.bank-not-told': term('Nordea could not be told that a consent is over; it runs out there'),
  'consent.checked': term('It was checked whether your consent works'),
  'accounts.chosen': term('The two accounts were chosen'),
  'habit.created': term('A habit was made'),
  'habit.imported': term('A habit or its check-offs were imported'),
  'habit.edited': term('A habit was changed'),
  'habit.archived': term('A habit was ended'),
  'habit.restored': term('A habit was taken back out of the archive'),
  'habit.break-added': term('Days without a habit were entered'),
  'habit.break-ended': term('Days without a habit were ended early'),
  'habit.noted': term('A note was written about a day of a habit'),
  'habit.note-removed': term('A note about a day of a habit was taken away'),
  'habit.moved': term('A habit was given another place in the list'),
  'habit.deleted': term('A habit was deleted'),
  'goal.created': term('A goal was made'),
  'goal.edited': term('A goal was changed'),
  'goal.imported': term('A goal was imported; money was not'),
  'goal.moved': term('The order of the goals was changed'),
  'goal.reached': term('A goal was reached'),
  'goal.celebrated': term('You saw that a goal was reached'),
  'goal.archived': term('A goal was put away'),
  'goal.restored': term('A goal was brought back'),
  'goal.deleted': term('A goal was deleted'),
  'check-off.recorded': term('A habit was checked off'),
  'check-off.backfilled': term('A habit was checked off for an earlier day'),
  'check-off.undone': term('A check-off was taken back'),
  'check-off.moved-back': term('Saved money was asked back'),
  'payment.scheduled': term('A payment was scheduled'),
  'payment.scheduled-again': term('A payment was scheduled again'),
  'payment.batch-joined': term('A check-off joined a payment that goes out later'),
  'payment.batch-left': term('A check-off was taken out of a payment'),
  'payment.blocked': term('A payment had to wait'),
  'payment.sending': term('A payment was being sent'),
  'payment.initiated': term('Nordea had the order of a payment'),
  'payment.confirming': term('A payment was being confirmed'),
  'payment.awaiting_approval': term('Nordea wanted your approval of a payment'),
  'payment.accepted': term('Nordea accepted a payment'),
  'payment.unknown': term('It was not known whether Nordea took a payment'),
  'payment.paid': term('A payment arrived'),
  'payment.rejected': term('Nordea refused a payment'),
  'payment.cancelled': term('A payment was cancelled'),
  'payment.expired': term('A payment expired'),
  'payment.look-asked': term('Somebody at Sparvana asked for another look at a payment'),
  'payment.marked': term('Somebody at Sparvana wants to look at a payment; until then nothing is sent'),
  'payment.unmarked': term('Somebody at Sparvana has looked at a payment; what waited goes on'),
  'payments.stopped': term('All payments were stopped'),
  'payments.resumed': term('The stop of all payments was ended'),
  'savings.paused': term('Savings were paused'),
  'savings.resumed': term('Savings were resumed'),
  'savings.cadence-changed': term('How often money goes out was changed'),
  'limits.changed': term('Limits were changed'),
  'limits.withdrawn': term('A wider limit was taken back before it counted'),
  'difference.found': term('Our books and Nordea’s differed'),
  'difference.gone': term('Our books and Nordea’s agreed again'),
  'ledger.balance-corrected': term('A sum in our books was put right'),
  'sandbox.account-creation-asked': term('An account was made in the sandbox'),
  'sandbox.account-deletion-asked': term('An account was deleted in the sandbox'),
  'sandbox.funds-asked': term('Money was put into an account in the sandbox'),
  'sandbox.payment-asked': term('A payment was ordered in the sandbox'),
  'sandbox.payment-confirmation-asked': term('A payment was confirmed in the sandbox'),
  'sandbox.call-asked': term('A call was made from the console of the sandbox'),
  'sandbox.fault-asked': term('A fault of the emulator was ordered'),
  'sandbox.fault-clearing-asked': term('The faults of the emulator were cleared'),
  'sandbox.clock-move-asked': term('The clock of the emulator was moved'),
}

const NO_WORDS: EventWords = [term('Something was noted'), term('Something was noted, and refused')]

export function callWords(api: string): string {
  const words = CALL_WORDS[api]
  return words ? t(words) : t('Another call to Nordea')
}

/** Results change with the bank; what is written stays. */
export function resultBadge(outcome: string) {
  const words = RESULT_WORDS[outcome as BankCallEntry['outcome']]
  return words ? { ...words, text: t(words.text) } : ({ text: outcome, tone: 'attention' } as const)
}

/** Actions come and go; their lines stay. */
export function eventWords(action: string, outcome: string): string {
  const words = EVENT_WORDS[action] ?? NO_WORDS
  if (typeof words === 'string') return t(words)
  return t(outcome === 'refused' ? words[1] : words[0])
}
