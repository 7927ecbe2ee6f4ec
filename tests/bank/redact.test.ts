import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactBody, redactForm, redactPath } from '../../src/bank/nordea/redact.ts'

describe('bodies for the log', () => {
  it('hold no tokens', () => {
    const body = JSON.stringify({
      access_token: 'AAAA',
      refresh_token: 'BBBB',
      expires_in: 3600,
      token_type: 'Bearer',
    })
    expect(redactBody(body)).toBe(
      '{"access_token":"[redacted]","refresh_token":"[redacted]","expires_in":3600,"token_type":"Bearer"}',
    )
  })

  it('hold no authorization code, but the codes of failures', () => {
    expect(redactBody('{"code":"f00dbabe"}')).toBe('{"code":"[redacted]"}')
    const failure = '{"error":{"failures":[{"code":"error.token.expired"}]}}'
    expect(redactBody(failure)).toBe(failure)
    const message = '{"tpp_messages":[{"category":"ERROR","code":"AM04"}]}'
    expect(redactBody(message)).toBe(message)
  })

  it('hold no form secrets', () => {
    const form = {
      grant_type: 'authorization_code',
      code: 'f00dbabe',
      refresh_token: 'r',
      redirect_uri: 'https://a.example/',
    }
    expect(redactForm(form)).toBe(
      'grant_type=authorization_code&code=[redacted]&refresh_token=[redacted]&redirect_uri=https://a.example/',
    )
  })

  it('mask account numbers wherever they stand', () => {
    const body = JSON.stringify({
      _id: 'FI7473834510057469-EUR',
      account: { _type: 'BBAN_DK', value: '20301544117544' },
      creditor: { account: { _type: 'BBAN_NO', value: 60010502570 } },
      description: 'from DK34 2030 1544 1175 44 to 60010502570',
      _links: [{ href: '/v3/accounts/FI7473834510057469-EUR' }],
    })
    const clean = String(redactBody(body))
    for (const secret of ['738345', '203015', '2030 1544', '600105']) expect(clean).not.toContain(secret)
    expect(clean).toContain('DK •••• ')
  })

  it('hide names, texts and balances of people, and keep what our orders are made of', () => {
    const body = JSON.stringify({
      account_name: 'Anna Andersson',
      narrative: 'Pharmacy',
      booked_balance: '10.00',
      credit_limit: 5,
      amount: '25.00',
      payment_status: 'Paid',
      external_id: 'd630b00a-227c-474e-8d20-1fc2b7141fdc',
    })
    expect(JSON.parse(String(redactBody(body)))).toEqual({
      account_name: '[string]',
      narrative: '[string]',
      booked_balance: '[string]',
      credit_limit: '[number]',
      amount: '25.00',
      payment_status: 'Paid',
      external_id: 'd630b00a-227c-474e-8d20-1fc2b7141fdc',
    })
  })

  it('are shown by their type where nobody has said that they are kept, whatever they are called (S-040)', () => {
    const body = JSON.stringify({
      response: {
        payments: [
          {
            _id: 'p-1',
            payment_status: 'Paid',
            loyalty_tier: 'gold',
            spouse: { name: 'Bo Berg', born: '1971-02-03' },
            visits: [1, 2, 3],
            isVip: true,
            'Anna Andersson': 'friend',
            'anna@example.com': 1,
            '0101701234': {},
            x1: 'y',
            __proto__x: 'z',
            'constructor name': null,
            ÆØÅ: 'blå',
          },
        ],
        favourites: { shop: 'Pharmacy' },
      },
    })
    expect(JSON.parse(String(redactBody(body)))).toEqual({
      response: {
        payments: [
          {
            _id: 'p-1',
            payment_status: 'Paid',
            loyalty_tier: '[string]',
            spouse: '[object]',
            visits: '[list of 3]',
            isVip: '[boolean]',
            '[odd name]': '[string]',
          },
        ],
        favourites: '[object]',
      },
    })
  })

  it('hold of transactions that there are some, and when, but not of how much or with whom', () => {
    const transaction = {
      transaction_id: 't-1',
      booking_date: '2026-11-01',
      status: 'billed',
      currency: 'DKK',
      amount: '-399.00',
      narrative: 'Pharmacy',
      type_description: 'Card',
      reference: 'Rx 12',
      card: { status: 'x' },
    }
    const body = JSON.stringify({ response: { transactions: [transaction], continuation_key: 'k-1' } })
    expect(JSON.parse(String(redactBody(body)))).toEqual({
      response: {
        transactions: [
          {
            transaction_id: 't-1',
            booking_date: '2026-11-01',
            status: 'billed',
            currency: 'DKK',
            amount: '[string]',
            narrative: '[string]',
            type_description: '[string]',
            reference: '[string]',
            card: '[object]',
          },
        ],
        continuation_key: 'k-1',
      },
    })
  })

  it('never hold a word that stands under a name we do not know', () => {
    const word = fc.stringMatching(/^[a-zA-ZæøåÆØÅ ]{6,30}$/).map((text) => `Pia ${text}`)
    const holder = fc.constantFrom('response', 'payments', 'debtor', 'errors', 'accounts')
    fc.assert(
      fc.property(word, fc.string(), fc.array(holder, { maxLength: 4 }), (secret, name, holders) => {
        const body = holders.reduce<unknown>((inner, key) => ({ [key]: inner }), {
          [`${name}-`]: secret,
          [secret]: name,
        })
        expect(redactBody(JSON.stringify(body))).not.toContain(secret)
      }),
    )
  })

  it('are told by their size where they are no JSON, with what the gateway says', () => {
    expect(redactBody('<p>bad secret: hunter2hunter2</p>', ['hunter2hunter2'])).toBe(
      '[text of 33 characters]',
    )
    const xml =
      '<errorResponse><httpCode>401</httpCode><moreInformation>hunter2hunter2 is wrong</moreInformation></errorResponse>'
    expect(redactBody(xml, ['hunter2hunter2'])).toBe(
      `[text of ${xml.length} characters, httpCode: 401, moreInformation: [redacted] is wrong]`,
    )
  })

  it('hold no known secret and no long unbroken run, which is how tokens look, in what is kept', () => {
    const body = JSON.stringify({ error_description: `hunter2hunter2 eyJ${'a1_-'.repeat(40)} end` })
    expect(redactBody(body, ['hunter2hunter2'])).toBe('{"error_description":"[redacted] [redacted] end"}')
  })

  it('are never long, deep or many', () => {
    expect(String(redactBody('x '.repeat(100_000))).length).toBeLessThan(4_100)
    expect(String(redactBody(JSON.stringify(Array(10_000).fill({ a: 'b' })))).length).toBeLessThan(4_100)
    expect(String(redactBody(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)).length).toBeLessThan(4_100)
  })

  it('are null where there is none', () => {
    expect(redactBody(null)).toBeNull()
    expect(redactBody('')).toBeNull()
  })

  it('mask paths and their queries', () => {
    expect(redactPath('/v3/accounts/DK20301544117544-DKK/transactions?fromDate=2026-11-01')).toBe(
      '/v3/accounts/DK •••• 7544-DKK/transactions?fromDate=2026-11-01',
    )
    expect(redactPath('/v3/authorize?client_id=abc&state=s3cr3t&country=DK')).toBe(
      '/v3/authorize?client_id=[redacted]&state=[redacted]&country=DK',
    )
    const payment = '/v3/payments/domestic/d630b00a-227c-474e-8d20-1fc2b7141fdc/confirm'
    expect(redactPath(payment)).toBe(payment)
  })

  it('never leak a Danish number from any JSON that holds one', () => {
    const number = fc.stringMatching(/^[1-9]\d{13}$/)
    fc.assert(
      fc.property(number, fc.string(), (digits, key) => {
        for (const text of [
          digits,
          `DK99${digits}`,
          `dk99${digits}`,
          `value${digits}`,
          `to ${digits}.`,
          `/x/DK${digits}-DKK`,
        ]) {
          expect(redactBody(JSON.stringify({ [key]: [{ text, [text]: 1 }] }))).not.toContain(digits)
        }
      }),
    )
  })
})
