import { describe, expect, it } from 'vitest'
import type { PaymentOrder } from '../../src/bank/index.ts'
import { paymentBody } from '../../src/bank/nordea/payment-body.ts'
import { order } from './support/fixtures.ts'

const swedish: PaymentOrder = {
  ...order,
  currency: 'SEK',
  debtor: {
    iban: 'SE8030000000041351300039',
    number: { type: 'BBAN_SE', value: '41351300039' },
    country: 'SE',
  },
  creditor: {
    iban: 'SE1730000000031412034086',
    number: { type: 'IBAN', value: 'SE1730000000031412034086' },
    country: 'SE',
    name: 'Holiday account',
  },
}
const norwegian: PaymentOrder = {
  ...order,
  currency: 'NOK',
  debtor: { iban: 'NO5160010502570', number: { type: 'BBAN_NO', value: '60010502570' }, country: 'NO' },
  creditor: {
    iban: 'NO9568520561165',
    number: { type: 'BBAN_NO', value: '68520561165' },
    country: 'NO',
    name: 'Holiday account',
  },
}
const finnish: PaymentOrder = {
  ...order,
  currency: 'EUR',
  debtor: {
    iban: 'FI7473834510057469',
    number: { type: 'IBAN', value: 'FI7473834510057469' },
    country: 'FI',
  },
  creditor: {
    iban: 'FI6593857450293470',
    number: { type: 'IBAN', value: 'FI6593857450293470' },
    country: 'FI',
    name: 'Holiday account',
  },
}

const body = (wanted: PaymentOrder) => {
  const result = paymentBody(wanted)
  if (result.kind === 'refused') throw new Error(result.code)
  return result.json
}

describe('the order the bank is given', () => {
  it('names amount, currency, our id and both accounts', () => {
    expect(body(order)).toEqual({
      amount: '25.00',
      currency: 'DKK',
      external_id: 'd630b00a-227c-474e-8d20-1fc2b7141fdc',
      debtor: {
        account: { _type: 'BBAN_DK', currency: 'DKK', value: '20301544117544' },
        message: 'SPV7K2M4Q9XT',
      },
      creditor: {
        account: { _type: 'BBAN_DK', currency: 'DKK', value: '20301544118028' },
        message: 'SPV7K2M4Q9XT',
      },
    })
  })

  it('fits Sweden: a message of 12, the payee’s name, our own note', () => {
    expect(body(swedish)).toMatchObject({
      debtor: { message: 'SPV7K2M4Q9XT' },
      creditor: { name: 'Holiday account', message: 'SPV7K2M4Q9XT' },
    })
  })

  it.each([
    ['Norway', norwegian],
    ['Finland', finnish],
  ])('carries no note of our own in %s, and never a structured reference', (_country, wanted) => {
    const json = JSON.stringify(body(wanted))
    expect(json).not.toContain('"reference"')
    expect(body(wanted)).not.toHaveProperty('debtor.message')
  })

  it.each([
    ['Sweden', swedish, 35],
    ['Norway', norwegian, 30],
    ['Finland', finnish, 70],
  ])('cuts the payee’s name to what %s carries, by whole characters', (_country, wanted, length) => {
    const long = { ...wanted, creditor: { ...wanted.creditor, name: `Å${'ö'.repeat(100)}` } }
    expect(body(long)).toHaveProperty('creditor.name', `Å${'ö'.repeat(length - 1)}`)
  })

  it('drops from the name what the schemes do not carry', () => {
    const odd = { ...swedish, creditor: { ...swedish.creditor, name: '  Résa 🏝️\n<b>2027</b> ' } }
    expect(body(odd)).toHaveProperty('creditor.name', 'Résa b 2027 /b')
  })

  const changed = (changes: Partial<PaymentOrder>) => paymentBody({ ...order, ...changes })

  it.each([
    ['order.amount', { amountMinor: 0 }],
    ['order.amount', { amountMinor: -1 }],
    ['order.amount', { amountMinor: 0.5 }],
    ['order.amount', { amountMinor: 1_000_000_000 }],
    ['order.currency', { currency: 'EUR' }],
    ['order.countries', { creditor: swedish.creditor }],
    ['order.reference', { reference: '' }],
    ['order.reference', { reference: 'SPV7K2M4Q9XT SPV7K2M4Q9XT' }],
    ['order.external-id', { externalId: '' }],
    ['order.debtor', { debtor: { ...order.debtor, iban: 'DK6120301544118028' } }],
    [
      'order.creditor',
      { creditor: { ...order.creditor, number: { type: 'BBAN_DK', value: '20301544117544' } } },
    ],
    ['order.same-account', { creditor: { ...order.creditor, ...order.debtor } }],
  ] as [string, Partial<PaymentOrder>][])('is never made where %s is wrong: %j', (code, changes) => {
    expect(changed(changes)).toEqual({ kind: 'refused', code })
  })

  it('is never made with a reference longer than Sweden’s 12 or without a payee’s name', () => {
    expect(paymentBody({ ...swedish, reference: 'SPV7K2M4Q9XTA' })).toEqual({
      kind: 'refused',
      code: 'order.reference',
    })
    const nameless = { ...swedish, creditor: { ...swedish.creditor, name: '🏝️' } }
    expect(paymentBody(nameless)).toEqual({ kind: 'refused', code: 'order.creditor-name' })
  })
})
