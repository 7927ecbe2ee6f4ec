/** What goes on the wire beside the body, and what comes into the log. */
import { createVerify, generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/bank/nordea/signature.ts'
import {
  bankAt,
  enveloped,
  failures,
  NOW,
  order,
  REDIRECT_URI,
  saver,
  type TestBank,
  wirePayment,
} from './support/fixtures.ts'
import { json, type ReceivedCall, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

let server: ScriptedBank
const open: TestBank[] = []
const connect = (...args: [changes?: Parameters<typeof bankAt>[1]]) => {
  const bank = bankAt(server.url, ...args)
  open.push(bank)
  return bank
}
const { accessToken: _token, ...anonymous } = saver
const tokens = {
  access_token: 'new-access',
  refresh_token: 'new-refresh',
  expires_in: 3600,
  token_type: 'Bearer',
}

beforeEach(async () => {
  server = await startScriptedBank((_call, res) => json(res, 201, enveloped(wirePayment())))
})

afterEach(async () => {
  for (const bank of open.splice(0)) await bank.close()
  await server.close()
})

const last = (): ReceivedCall => server.calls.at(-1) as ReceivedCall

describe('every call', () => {
  it('carries id, secret and token, and asks for plain JSON', async () => {
    await connect().initiate(order, saver)
    expect(last().headers).toMatchObject({
      'x-ibm-client-id': 'client-id-1',
      'x-ibm-client-secret': 'client-secret-1',
      authorization: 'Bearer access-token-of-the-saver',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
    })
    expect(last().headers).not.toHaveProperty('x-response-scenarios')
  })

  it('tells the bank about the saver only while the saver is there, cleaned of what a header cannot hold', async () => {
    const bank = connect()
    await bank.initiate(order, saver)
    expect(last().headers).not.toHaveProperty('x-nordea-originating-user-ip')
    await bank.initiate(order, {
      ...saver,
      presence: { ip: '2001:db8::1', userAgent: 'Mozilla\r\nX: 1 🦊'.repeat(100) },
    })
    expect(last().headers['x-nordea-originating-user-ip']).toBe('2001:db8::1')
    expect(last().headers['x-nordea-originating-user-agent']).toMatch(/^MozillaX: 1 .{0,250}$/)
    expect(last().headers).not.toHaveProperty('x')
    await bank.initiate(order, { ...saver, presence: { ip: 'unknown\r\n', userAgent: '' } })
    expect(last().headers).not.toHaveProperty('x-nordea-originating-user-ip')
    expect(last().headers).not.toHaveProperty('x-nordea-originating-user-agent')
  })

  it('keeps the prefix of the base address', async () => {
    const bank = bankAt(`${server.url}/open-banking/obi/`)
    await bank.order('payment-1', 'DK', saver)
    await bank.close()
    expect(last().target).toBe('/open-banking/obi/personal/v4/payments/domestic/payment-1')
  })

  it('has no signature in version 3', async () => {
    await connect({ profile: 'paper' }).initiate(order, saver)
    for (const name of ['signature', 'digest', 'x-nordea-originating-date', 'x-nordea-originating-host']) {
      expect(last().headers).not.toHaveProperty(name)
    }
  })

  it('has the sandbox’s bypass and a true digest where signing is skipped', async () => {
    await connect().initiate(order, saver)
    expect(last().headers.signature).toBe('SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX')
    expect(last().headers.digest).toBe(digestOf(last().body))
  })

  it('is signed with our key, over the digest of what was sent and a date that is not ahead', async () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const privateKeyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const bank = connect({
      signing: { kind: 'key', keyId: 'client-id-1', privateKeyPem },
      originatingHost: 'API.bank.example',
    })
    server.script = (_call, res) => json(res, 200, tokens)
    await bank.exchangeCode('the-code', anonymous)
    const { headers } = last()
    const signature = /signature="([^"]+)"/.exec(String(headers.signature))?.[1] ?? ''
    const signed = [
      '(request-target): post /personal/v5/authorize/token',
      'x-nordea-originating-host: api.bank.example',
      `x-nordea-originating-date: ${headers['x-nordea-originating-date']}`,
      'content-type: application/x-www-form-urlencoded',
      `digest: ${digestOf(`code=the-code&grant_type=authorization_code&redirect_uri=${REDIRECT_URI}`)}`,
    ].join('\n')
    expect(createVerify('sha256').update(signed).verify(keys.publicKey, signature, 'base64')).toBe(true)
    expect(Date.parse(String(headers['x-nordea-originating-date']))).toBeLessThan(Date.parse(NOW))
  })
})

describe('consent', () => {
  const begin = { state: 'st-1', country: 'DK', durationMinutes: 43_200 } as const
  const redirect = (location?: string) => {
    server.script = (_call, res) => json(res, 302, '', location === undefined ? {} : { Location: location })
  }

  it('begins in version 3 with a GET that names the application and keeps the secret home', async () => {
    redirect('https://identify.bank.example/login')
    expect(await connect({ profile: 'paper' }).beginConsent(begin, anonymous)).toEqual({
      redirectTo: 'https://identify.bank.example/login',
    })
    const url = new URL(last().target, server.url)
    expect(last().method).toBe('GET')
    expect(url.pathname).toBe('/v3/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'client-id-1',
      redirect_uri: REDIRECT_URI,
      state: 'st-1',
      country: 'DK',
      duration: '43200',
      scope: 'ACCOUNTS_BASIC,ACCOUNTS_BALANCES,ACCOUNTS_DETAILS,ACCOUNTS_TRANSACTIONS,PAYMENTS_MULTIPLE',
    })
    expect(last().headers).not.toHaveProperty('x-ibm-client-secret')
  })

  it('begins in the current version with a POST', async () => {
    redirect(`${REDIRECT_URI}?code=abc&state=st-1`)
    expect(await connect().beginConsent(begin, anonymous)).toEqual({
      redirectTo: `${REDIRECT_URI}?code=abc&state=st-1`,
    })
    expect([last().method, last().target]).toEqual(['POST', '/personal/v5/authorize'])
    expect(JSON.parse(last().body)).toMatchObject({ country: 'DK', duration: 43_200, state: 'st-1' })
  })

  it.each([
    undefined,
    '/login',
    'http://evil.example/',
    'javascript:alert(1)',
    'https://a:b@bank.example/',
    '//evil.example',
  ])('sends no browser to %s', async (location) => {
    redirect(location)
    await expect(connect().beginConsent(begin, anonymous)).rejects.toMatchObject({ kind: 'unreadable' })
  })

  it('does not take a page for a redirect', async () => {
    server.script = (_call, res) => json(res, 200, '<html>login</html>')
    await expect(connect().beginConsent(begin, anonymous)).rejects.toMatchObject({
      kind: 'unreadable',
      status: 200,
    })
  })

  it.each([
    [400, failures('error.code'), 'token-invalid'],
    [401, failures('error.token.expired'), 'token-invalid'],
    [401, failures('error.token.invalid'), 'token-invalid'],
    [401, failures('error.apikey.missing'), 'client-refused'],
    [
      401,
      { httpCode: '401', httpMessage: 'x', moreInformation: 'Invalid client id or secret.' },
      'client-refused',
    ],
    [400, '<html>', 'invalid-request'],
    [503, '', 'server-error'],
  ])('whose refresh is answered with %i %j fails as %s', async (status, body, kind) => {
    server.script = (_call, res) => json(res, status, body)
    await expect(connect().refreshTokens('old', anonymous)).rejects.toMatchObject({ kind, status })
  })

  it('is not revoked by version 3, which has no call for it', async () => {
    await connect({ profile: 'paper' }).revoke('token', anonymous)
    expect(server.calls).toHaveLength(0)
  })
})

describe('accounts', () => {
  const account = (id: string, changes = {}) => ({
    _id: id,
    country: 'DK',
    account_numbers: [{ _type: 'BBAN_DK', value: '20301544117544' }],
    currency: 'DKK',
    account_type: 'Current',
    status: 'OPEN',
    ...changes,
  })

  it('are read over all pages, and the log counts those left out', async () => {
    server.script = (call, res) =>
      call.target.includes('continuation_key=p2')
        ? json(res, 200, enveloped({ accounts: [account('2'), account('3', { currency: 'USD' })] }))
        : json(
            res,
            200,
            enveloped({ accounts: [account('1')] }, { message_pagination: { continuation_key: 'p2' } }),
          )
    const bank = connect()
    expect((await bank.listAccounts(saver)).map(({ id }) => id)).toEqual(['1', '2'])
    expect(bank.log.map(({ remark }) => remark)).toEqual([null, 'left out 1 of 2'])
  })

  it('that page in circles are an error', async () => {
    server.script = (_call, res) =>
      json(
        res,
        200,
        enveloped({ accounts: [account('1')] }, { message_pagination: { continuation_key: 'p' } }),
      )
    await expect(connect().listAccounts(saver)).rejects.toMatchObject({ kind: 'unreadable' })
    expect(server.calls.length).toBeLessThan(5)
  })

  it.each(['', '.', '..'])('are never asked for by the id %j', async (id) => {
    await expect(connect().account(id, saver)).rejects.toMatchObject({ kind: 'invalid-request' })
    expect(server.calls).toHaveLength(0)
  })

  it('price transactions that name no currency in their own', async () => {
    server.script = (call, res) =>
      json(
        res,
        200,
        call.target.includes('/transactions')
          ? enveloped({ transactions: [{ amount: '-1.00', status: 'billed' }] })
          : enveloped(account('1')),
      )
    const found = await connect().transactions('1', { from: '2026-11-01', to: '2026-11-20' }, saver)
    expect(found).toMatchObject([{ amountMinor: -100, currency: 'DKK' }])
    expect(server.calls[0]?.target).toBe(
      '/personal/v5/accounts/1/transactions?from_date=2026-11-01&to_date=2026-11-20',
    )
  })
})

describe('the log of calls', () => {
  it('says who, for whom, what, how long and with what result', async () => {
    const bank = connect()
    await bank.initiate(order, saver)
    expect(bank.log).toEqual([
      {
        actor: 'worker',
        onBehalfOf: 'user-1',
        requestId: 'request-1',
        api: 'payments.initiate',
        method: 'POST',
        path: '/personal/v4/payments/domestic',
        startedAt: new Date(NOW),
        durationMs: expect.any(Number),
        attended: false,
        outcome: 'ok',
        status: 201,
        remark: null,
        requestBody: expect.stringContaining('"amount":"25.00"'),
        responseBody: expect.stringContaining('"payment_status":"PendingConfirmation"'),
      },
    ])
  })

  it('counts a call as attended only if the bank was told where the saver sits', async () => {
    const bank = connect()
    for (const ip of ['192.0.2.1', '2001:db8::1', 'unknown', '']) {
      await bank.initiate(order, { ...saver, presence: { ip, userAgent: 'Mozilla' } })
      expect(bank.log.at(-1)?.attended).toBe('x-nordea-originating-user-ip' in last().headers)
    }
    expect(bank.log.map(({ attended }) => attended)).toEqual([true, true, false, false])
  })

  it('holds no token, code, secret, state or account number, of any call', async () => {
    const secrets = [
      'client-secret-1',
      'access-token-of-the-saver',
      'the-code',
      'the-refresh',
      'the-state',
      '2030154411',
      'new-access',
      'new-refresh',
    ]
    for (const profile of ['paper', 'current'] as const) {
      const bank = connect({ profile })
      server.script = (call, res) =>
        json(res, 302, `echo ${call.body} ${call.headers.authorization}`, {
          Location: `${REDIRECT_URI}?code=the-code`,
        })
      await bank.beginConsent({ state: 'the-state', country: 'DK', durationMinutes: 1 }, anonymous)
      await bank.account('DK20301544117544-DKK', saver).catch(() => {})
      await bank.initiate(order, saver)
      await bank.confirm({ bankPaymentIds: ['a'], country: 'DK', returnState: 'the-state' }, saver)
      server.script = (_call, res) => json(res, 200, tokens)
      await bank.exchangeCode('the-code', anonymous)
      await bank.refreshTokens('the-refresh', anonymous)
      await bank.revoke('the-refresh', anonymous)
      expect(bank.log.length).toBeGreaterThanOrEqual(6)
      for (const secret of secrets) expect(JSON.stringify(bank.log)).not.toContain(secret)
    }
  })

  it('does not undo an order when it fails, but warns', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => void warnings.push(warning)
    process.on('warning', listen)
    const bank = connect({ onCall: () => Promise.reject(new Error('log is down')) })
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    expect(warnings.map(({ name }) => name)).toEqual(['BankCallNotLogged'])
  })

  it('does not lose new tokens when it fails', async () => {
    server.script = (_call, res) => json(res, 200, tokens)
    const bank = connect({ onCall: () => Promise.reject(new Error('log is down')) })
    expect(await bank.refreshTokens('old', anonymous)).toMatchObject({ refreshToken: 'new-refresh' })
  })

  it('takes reading down with it when it fails: nothing is read without a trace', async () => {
    server.script = (_call, res) => json(res, 200, enveloped({ accounts: [] }))
    const bank = connect({ onCall: () => Promise.reject(new Error('log is down')) })
    await expect(bank.listAccounts(saver)).rejects.toThrow('log is down')
  })
})
