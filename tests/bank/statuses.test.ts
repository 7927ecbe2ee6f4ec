import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reasonOf, statusOf } from '../../src/bank/nordea/statuses.ts'

const error = (code: string) => [{ category: 'ERROR', code }]

describe('the bank’s payment statuses', () => {
  it.each([
    ['PendingConfirmation', 'awaiting-confirmation'],
    ['PendingSecondConfirmation', 'awaiting-confirmation'],
    ['PendingUserApproval', 'awaiting-approval'],
    ['OnHold', 'on-hold'],
    ['Confirmed', 'accepted'],
    ['Paid', 'paid'],
    ['UserApprovalTimeout', 'expired'],
    ['Cancelled', 'cancelled'],
    ['Stopped', 'cancelled'],
  ])('%s is %s, whatever the messages beside it say', (status, kind) => {
    expect(statusOf(status, []).kind).toBe(kind)
    expect(statusOf(status, error('AM04')).kind).toBe(kind)
  })

  it.each([
    ['InsufficientFunds', 'insufficient-funds'],
    ['LimitExceeded', 'limit-exceeded'],
    ['UserApprovalFailed', 'approval-refused'],
    ['UserApprovalCancelled', 'approval-cancelled'],
  ])('%s is a rejection because of %s', (status, reason) => {
    expect(statusOf(status, [])).toEqual({ kind: 'rejected', reason, code: null })
    expect(statusOf(status, error('NARR'))).toEqual({ kind: 'rejected', reason, code: 'NARR' })
  })

  it.each([
    ['AM04', 'insufficient-funds'],
    ['AM21', 'limit-exceeded'],
    ['AM13', 'limit-exceeded'],
    ['AC02', 'debtor-account'],
    ['AC05', 'debtor-account'],
    ['AC03', 'creditor-account'],
    ['AC14', 'creditor-account'],
    ['AM12', 'invalid-order'],
    ['RR10', 'invalid-order'],
    ['FF10', 'refused-by-bank'],
    ['NARR', 'refused-by-bank'],
    ['ZZ99', 'refused-by-bank'],
    ['constructor', 'refused-by-bank'],
  ])('Rejected with %s is a rejection because of %s', (code, reason) => {
    expect(statusOf('Rejected', error(code))).toEqual({ kind: 'rejected', reason, code })
  })

  it('lets the error decide, not the hint before it', () => {
    const messages = [{ category: 'INFO', code: 'NARR' }, ...error('AM04')]
    expect(statusOf('Rejected', messages)).toMatchObject({ reason: 'insufficient-funds' })
  })

  it('gives every published reason code a reason', () => {
    const published =
      'DS0A NARR AM21 AM04 TM01 AM12 RC06 RC07 RC04 AG06 BE22 BE20 FF06 BE19 AM03 AM11 CH04 DT01 CH03 FF08 AC10 AC02 AG08 RR09 RC11 FF10 RR10 FF05 CH15 FF04 AC11 AC03 AC13 AC14 AC05 AC06 RR07 DT03 AM13 BG06 DS24 FR01 AM02'
    for (const code of published.split(' ')) expect(reasonOf(code)).toMatch(/^[a-z-]+$/)
  })

  it.each(['Unknown', 'Teleported', 'paid', '', 'toString', '__proto__'])(
    'does not understand %j: neither success nor failure',
    (status) => expect(statusOf(status, error('AM04')).kind).toBe('not-understood'),
  )

  it('does not understand a missing status', () => {
    expect(statusOf(undefined, [])).toEqual({ kind: 'not-understood', status: 'none given' })
    expect(statusOf(null, [])).toEqual({ kind: 'not-understood', status: 'none given' })
  })

  it('keeps an unknown status short and printable', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5_000 }), (text) => {
        const status = statusOf(`<${text}>`, [])
        expect(status.kind === 'not-understood' && /^[\w .?-]{1,60}$/.test(status.status)).toBe(true)
      }),
    )
  })
})
