/** Every step at which a process is made to kill itself, in the order in which a payment comes to them. */
export interface Step {
  name: string
  in: 'web' | 'worker'
  /** It only comes after a call without a clear answer. */
  isRare: boolean
  /** Nothing is locked in the database there, so the process may also be stopped for a while instead of killed. */
  canPause: boolean
}

/** What a transaction writes that makes its commit a step; of a payment's moves, the state it comes to. */
export type Commit =
  | 'check-off'
  | 'undo'
  | 'claim'
  | 'new token'
  | 'SENDING'
  | 'INITIATED'
  | 'CONFIRMING'
  | 'ACCEPTED'
  | 'PAID'
  | 'UNKNOWN'
export type Exchange = 'refresh' | 'initiate' | 'confirm' | 'look-up'
/** Asked for, perhaps still without a connection; about to be written to one; with the kernel; the head of the answer is there. */
export type Moment = 'wanted' | 'leaving' | 'sent' | 'answered'

export const beforeCommit = (of: Commit) => `before the commit of ${of}`
export const afterCommit = (of: Commit) => `after the commit of ${of}`
export const during = (exchange: Exchange, moment: Moment) => `${exchange}: ${moment}`

export const STEPS: readonly Step[] = [
  ...commit('check-off', 'web'),
  ...commit('undo', 'web'),
  ...commit('claim'),
  ...exchange('refresh'),
  ...commit('new token'),
  ...commit('SENDING'),
  ...exchange('initiate'),
  ...commit('INITIATED'),
  ...commit('CONFIRMING'),
  ...exchange('confirm'),
  ...commit('ACCEPTED'),
  ...commit('PAID'),
  ...commit('UNKNOWN').map(rarely),
  ...exchange('look-up').map(rarely),
]

/** Deaths after which another worker finds a payment that may be at the bank; so the rare steps come. */
export const LEAVE_UNCLEAR: readonly Step[] = [
  afterCommit('SENDING'),
  during('initiate', 'sent'),
  during('initiate', 'answered'),
].flatMap((name) => STEPS.filter((step) => step.name === name))

function commit(of: Commit, where: Step['in'] = 'worker'): Step[] {
  return [
    { name: beforeCommit(of), in: where, isRare: false, canPause: false },
    { name: afterCommit(of), in: where, isRare: false, canPause: true },
  ]
}

function exchange(what: Exchange): Step[] {
  const moments: Moment[] = ['wanted', 'leaving', 'sent', 'answered']
  return moments.map((moment) => ({
    name: during(what, moment),
    in: 'worker',
    isRare: false,
    canPause: true,
  }))
}

function rarely(step: Step): Step {
  return { ...step, isRare: true }
}
