import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as parser from '../../src/bank/nordea/parser.ts'
import { enveloped, wirePayment } from './support/fixtures.ts'

function wireAccount(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    _id: 'DK20301544117544-DKK',
    country: 'DK',
    account_numbers: [{ _type: 'BBAN_DK', value: '20301544117544' }],
    currency: 'DKK',
    account_name: 'Everyday account',
    product: 'Grundkonto',
    account_type: 'Current',
    available_balance: '507.03',
    booked_balance: 494.93,
    credit_limit: '100',
    status: 'OPEN',
    bank: { name: 'Nordea', bic: 'NDEADKKK', country: 'DK' },
    ...changes,
  }
}

const accounts = (...elements: unknown[]) => parser.readAccounts(enveloped({ accounts: elements }))
const value = <T>(reading: parser.Reading<T>): T => {
  if (reading.kind === 'unreadable') throw new Error(reading.why)
  return reading.value
}

describe('accounts in the bank’s answers', () => {
  it('are told in our words, with amounts as text or number, and nothing else of the answer', () => {
    const account = value(
      parser.readAccount(enveloped(wireAccount({ secret_extra: 'x', owner_name: 'Somebody' }))),
    )
    expect(account).toEqual({
      id: 'DK20301544117544-DKK',
      name: 'Everyday account',
      iban: 'DK3420301544117544',
      number: { type: 'BBAN_DK', value: '20301544117544' },
      country: 'DK',
      currency: 'DKK',
      kind: 'current',
      open: true,
      availableMinor: 50_703,
      bookedMinor: 49_493,
      creditLimitMinor: 10_000,
    })
  })

  it('have null balances where the consent does not cover them, never 0', () => {
    const { available_balance: _a, booked_balance: _b, credit_limit: _c, ...bare } = wireAccount()
    expect(value(parser.readAccount(enveloped({ ...bare, credit_limit: null })))).toMatchObject({
      availableMinor: null,
      bookedMinor: null,
      creditLimitMinor: null,
    })
  })

  it('prefer the printed IBAN and the national number, in whatever order they come', () => {
    const numbers = [
      { _type: 'BBAN_SE', value: '41351300039' },
      { _type: 'IBAN', value: 'SE80 3000 0000 0413 5130 0039' },
    ]
    for (const account_numbers of [numbers, numbers.toReversed()]) {
      const account = value(
        parser.readAccount(enveloped(wireAccount({ account_numbers, country: 'SE', currency: 'SEK' }))),
      )
      expect(account.iban).toBe('SE8030000000041351300039')
      expect(account.number).toEqual({ type: 'BBAN_SE', value: '41351300039' })
    }
  })

  it('take the country from the bank or the number where version 3 leaves it out', () => {
    const { country: _country, ...bare } = wireAccount()
    expect(value(parser.readAccount(enveloped(bare))).country).toBe('DK')
    expect(value(parser.readAccount(enveloped({ ...bare, bank: null }))).country).toBe('DK')
  })

  it.each([
    ['an unknown currency', { currency: 'USD' }],
    ['an unknown country', { country: 'EE' }],
    ['an unknown kind', { account_type: 'Crypto' }],
    ['no number that gives an IBAN', { account_numbers: [{ _type: 'BGNR', value: '51965770' }] }],
    [
      'an IBAN with wrong check digits',
      { account_numbers: [{ _type: 'IBAN', value: 'FI2112345600000666' }] },
    ],
    ['a balance that is no amount', { booked_balance: 'a lot' }],
    ['no id', { _id: undefined }],
  ])('are left out and counted if they have %s', (_what, changes) => {
    const reading = accounts(wireAccount(), wireAccount(changes))
    expect(reading).toMatchObject({ kind: 'read', remark: 'left out 1 of 2', value: { leftOut: 1 } })
    expect(value(reading).items).toHaveLength(1)
  })

  it('are open only if the bank says so', () => {
    for (const [status, open] of [
      ['OPEN', true],
      ['CLOSED', false],
      ['FROZEN', false],
      [undefined, false],
    ] as const) {
      expect(value(parser.readAccount(enveloped(wireAccount({ status })))).open).toBe(open)
    }
  })

  it('come in pages whose key is in the header', () => {
    const header = { message_pagination: { continuation_key: 'next-2' } }
    expect(parser.readAccounts(enveloped({ accounts: [] }, header))).toMatchObject({
      value: { continuation: 'next-2' },
    })
  })
})

describe('transactions in the bank’s answers', () => {
  const read = (element: unknown) => value(parser.readTransactions(enveloped({ transactions: [element] })))

  it('are told in our words, debits negative', () => {
    const transaction = {
      _type: 'DebitTransaction',
      transaction_id: 't1',
      currency: 'EUR',
      booking_date: '2019-07-15',
      amount: '-4.55',
      message: 'SPV7K2M4Q9XT',
      reference: '678944335600',
      status: 'billed',
      counterparty_account: 'FI1350001520000081',
    }
    expect(read(transaction).items).toEqual([
      {
        id: 't1',
        bookedOn: '2019-07-15',
        amountMinor: -455,
        currency: 'EUR',
        text: 'SPV7K2M4Q9XT',
        reference: '678944335600',
        counterpartyNumber: 'FI1350001520000081',
        booked: true,
      },
    ])
  })

  it('may lack everything but the amount', () => {
    expect(read({ amount: 12 }).items).toEqual([
      {
        id: null,
        bookedOn: null,
        amountMinor: 1_200,
        currency: null,
        text: '',
        reference: null,
        counterpartyNumber: null,
        booked: false,
      },
    ])
  })

  it('show every text once, so that a reference is found in whichever it stands', () => {
    const text = (changes: Record<string, unknown>) => read({ amount: '1.00', ...changes }).items[0]?.text
    expect(text({ message: 'Transfer', own_message: 'SPV7K2M4Q9XT', narrative: 'Transfer' })).toBe(
      'Transfer · SPV7K2M4Q9XT',
    )
    expect(text({ message: null, narrative: 'SPV7K2M4Q9XT', counterparty_name: 'Anna' })).toBe('SPV7K2M4Q9XT')
    expect(text({ message: '', counterparty_name: 'Anna', type_description: 'Deposit' })).toBe('Anna')
    expect(text({ type_description: 'Deposit' })).toBe('Deposit')
  })

  it('are not hidden by an odd counterparty', () => {
    const odd = { amount: '1.00', counterparty_account: { value: '20301544118028' } }
    expect(read(odd).items).toMatchObject([{ amountMinor: 100, counterpartyNumber: null }])
  })

  it('count as booked only when billed or confirmed', () => {
    for (const [status, booked] of [
      ['billed', true],
      ['confirmed', true],
      ['reserved', false],
      ['odd', false],
    ] as const) {
      expect(read({ amount: '1.00', status }).items[0]?.booked).toBe(booked)
    }
  })

  it('are left out and counted in an unknown currency or without an amount', () => {
    expect(read({ amount: '1.00', currency: 'USD' })).toMatchObject({ items: [], leftOut: 1 })
    expect(read({ currency: 'EUR' })).toMatchObject({ items: [], leftOut: 1 })
  })

  it('take the continuation key from version 3’s place too', () => {
    const body = enveloped({ transactions: [], continuation_key: 'sandboxContinuationKey-2' })
    expect(value(parser.readTransactions(body)).continuation).toBe('sandboxContinuationKey-2')
  })
})

describe('orders in the bank’s answers', () => {
  const read = (changes: Record<string, unknown>) => parser.readOrder(enveloped(wirePayment(changes)))

  it('are told in our words', () => {
    expect(value(read({})).order).toEqual({
      bankPaymentId: 'payment-1',
      externalId: 'd630b00a-227c-474e-8d20-1fc2b7141fdc',
      amountMinor: 2_500,
      currency: 'DKK',
      status: { kind: 'awaiting-confirmation' },
      debtorNumber: '20301544117544',
      creditorNumber: '20301544118028',
    })
  })

  it.each([null, undefined, {}, { account: null }, { account: { value: '' } }])(
    'name no account where the bank leaves it out: %j',
    (party) => {
      const bare = { debtorNumber: null, creditorNumber: null }
      expect(value(read({ debtor: party, creditor: party })).order).toMatchObject(bare)
    },
  )

  it('may carry their amount the way version 5 does', () => {
    const changes = {
      amount: undefined,
      currency: undefined,
      instructed_amount: { amount: 534.45, currency: 'SEK' },
    }
    expect(value(read(changes)).order).toMatchObject({ amountMinor: 53_445, currency: 'SEK' })
  })

  it('carry the signing link from the payment or from the envelope', () => {
    const links = [
      { rel: 'self', href: '/v4/x' },
      { rel: 'signing', href: 'https://sign.bank.example/1' },
    ]
    expect(value(read({ _links: links })).order.approvalUrl).toBe('https://sign.bank.example/1')
    const body = { ...(enveloped(wirePayment()) as object), _links: links }
    expect(value(parser.readOrder(body)).order.approvalUrl).toBe('https://sign.bank.example/1')
  })

  it.each([
    ['no id', { _id: undefined }],
    ['no amount', { amount: undefined }],
    ['an amount that is no number', { amount: '25,00' }],
    ['three decimals', { amount: '25.001' }],
    ['an unknown currency', { currency: 'XYZ' }],
  ])('are unreadable with %s', (_what, changes) => {
    expect(read(changes).kind).toBe('unreadable')
  })

  it('make a whole list unreadable if one of them is', () => {
    const body = enveloped({ payments: [wirePayment(), { external_id: 'who knows' }] })
    expect(parser.readOrders(body).kind).toBe('unreadable')
  })
})

describe('tokens in the bank’s answers', () => {
  const tokens = { access_token: 'a', refresh_token: 'r', expires_in: 3600, token_type: 'Bearer' }
  const expected = { accessToken: 'a', refreshToken: 'r', expiresInSeconds: 3_600 }

  it('come with and without an envelope, seconds as number or text', () => {
    expect(value(parser.readTokens(tokens))).toEqual(expected)
    expect(value(parser.readTokens(enveloped(tokens)))).toEqual(expected)
    expect(value(parser.readTokens({ ...tokens, expires_in: '3600' }))).toEqual(expected)
  })

  it.each([
    {},
    { ...tokens, refresh_token: undefined },
    { ...tokens, expires_in: -1 },
    { ...tokens, access_token: '' },
  ])('are unreadable if any is missing: %j', (body) =>
    expect(parser.readTokens(body).kind).toBe('unreadable'),
  )
})

it('answers for any JSON at all without throwing', () => {
  const readers = [
    parser.readTokens,
    parser.readAccount,
    parser.readAccounts,
    parser.readTransactions,
    parser.readOrder,
    parser.readOrders,
    parser.readConfirmation,
  ]
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...readers), (json, read) => {
      for (const body of [
        json,
        { response: json },
        { response: { accounts: [json], transactions: [json], payments: [json] } },
      ]) {
        expect(['read', 'unreadable']).toContain(read(body).kind)
      }
    }),
  )
})
