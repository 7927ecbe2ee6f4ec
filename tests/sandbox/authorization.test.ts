/** Consents, codes and tokens. */

import { describe, expect, test } from 'vitest'
import {
  ALL_SCOPES,
  authorize,
  CALLBACK,
  CREDENTIALS,
  call,
  codeIn,
  customerOf,
  EVERYDAY,
  exchange,
  exchangeCode,
  type Json,
  PREFIX,
  SAVINGS,
  sandboxWith,
} from './support.ts'

const firstCode = (body: Json) => body.error.failures[0].code

describe.each(['v3', 'v4', 'v5'] as const)('%s', (version) => {
  test('authorize leads straight back with the code first, and the code becomes long opaque tokens', async () => {
    const sandbox = await sandboxWith()
    const reply = await authorize(sandbox, version)
    expect(reply.status).toBe(302)
    expect(reply.headers.get('location')).toMatch(
      /^https:\/\/app\.example\/bank\/callback\?code=[^&]+&state=state-1$/,
    )
    const { status, body } = await exchangeCode(sandbox, version, codeIn(reply))
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type'])
    expect(body.expires_in).toBe(3_600)
    expect(body.access_token.length).toBeGreaterThanOrEqual(200)
  })

  test('assets name the scopes and the accounts', async () => {
    const customer = await customerOf(await sandboxWith(), version)
    const { body } = await customer.get('/assets')
    expect(body.response.scopes).toEqual(ALL_SCOPES)
    expect(body.response.accounts.map((account: Json) => account.account_number)).toContain(EVERYDAY)
  })

  test('a refresh token works once and is replaced', async () => {
    const sandbox = await sandboxWith()
    const { tokens } = await customerOf(sandbox, version)
    const refresh = (refresh_token: string) =>
      exchange(sandbox, version, { grant_type: 'refresh_token', refresh_token })
    const first = await refresh(tokens.refresh_token)
    expect(first.status).toBe(200)
    expect(first.body.refresh_token).not.toBe(tokens.refresh_token)
    const reused = await refresh(tokens.refresh_token)
    expect([reused.status, firstCode(reused.body)]).toEqual([401, 'error.token.invalid'])
    expect((await refresh(first.body.refresh_token)).status).toBe(200)
  })
})

describe('a code', () => {
  test('works once', async () => {
    const sandbox = await sandboxWith()
    const code = codeIn(await authorize(sandbox, 'v4'))
    await exchangeCode(sandbox, 'v4', code)
    const again = await exchangeCode(sandbox, 'v4', code)
    expect([again.status, firstCode(again.body)]).toEqual([400, 'error.code.invalid'])
  })

  test('expires', async () => {
    const sandbox = await sandboxWith({ codeSeconds: 30 })
    const code = codeIn(await authorize(sandbox, 'v4'))
    sandbox.control.advanceClock(30_000)
    const late = await exchangeCode(sandbox, 'v4', code)
    expect([late.status, firstCode(late.body)]).toEqual([400, 'error.code.expired'])
  })

  test('belongs to the address it was sent to', async () => {
    const sandbox = await sandboxWith()
    const code = codeIn(await authorize(sandbox, 'v4'))
    const fields = { grant_type: 'authorization_code', code, redirect_uri: 'https://other.example/' }
    expect((await exchange(sandbox, 'v4', fields)).status).toBe(400)
    expect((await exchangeCode(sandbox, 'v4', code)).status).toBe(200)
  })
})

test('an access token expires, and a consent ends even for a fresh refresh token', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4', { duration: 120 })
  sandbox.control.advanceClock(3_600_000)
  const expired = await customer.get('/accounts')
  expect([expired.status, firstCode(expired.body)]).toEqual([401, 'error.token.expired'])
  sandbox.control.advanceClock(3_600_000)
  const { refresh_token } = customer.tokens
  const ended = await exchange(sandbox, 'v4', { grant_type: 'refresh_token', refresh_token })
  expect([ended.status, firstCode(ended.body)]).toEqual([401, 'error.token.expired'])
})

test('an access token never outlives its consent', async () => {
  const { tokens } = await customerOf(await sandboxWith(), 'v4', { duration: 10 })
  expect(tokens.expires_in).toBe(600)
})

describe('revoking', () => {
  test.each(['v4', 'v5'] as const)('a refresh token in %s ends the whole consent', async (version) => {
    const customer = await customerOf(await sandboxWith(), version)
    const token = customer.tokens.refresh_token
    expect((await customer.send('POST', '/authorize/token/revoke', { token })).status).toBe(200)
    const { status, body } = await customer.get('/accounts')
    expect([status, firstCode(body)]).toEqual([401, 'error.token.invalid'])
  })

  test('an unknown token is fine', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    expect((await customer.send('POST', '/authorize/token/revoke', { token: 'unknown' })).status).toBe(200)
  })
})

describe('a consent', () => {
  test('covers the accounts that were asked for and no others', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4', { accounts: [SAVINGS] })
    const { body } = await customer.get('/accounts')
    expect(body.response.accounts.map((account: Json) => account._id)).toEqual([`DK${SAVINGS}-DKK`])
    const other = await customer.get(`/accounts/DK${EVERYDAY}-DKK`)
    expect([other.status, firstCode(other.body)]).toEqual([403, 'error.resource.denied'])
  })

  test('of one country shows nothing of another', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4', { country: 'SE' })
    const { body } = await customer.get('/accounts')
    expect(new Set(body.response.accounts.map((account: Json) => account.country))).toEqual(new Set(['SE']))
  })

  test('without a scope leaves out what the scope shows, and refuses its calls', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4', { scope: ['ACCOUNTS_BASIC'] })
    const [account] = (await customer.get('/accounts')).body.response.accounts
    expect(account).not.toHaveProperty('booked_balance')
    expect(account).not.toHaveProperty('product')
    for (const path of [`/accounts/${EVERYDAY}/transactions`, '/payments/domestic']) {
      const { status, body } = await customer.get(path)
      expect([status, firstCode(body)]).toEqual([401, 'error.token.invalid'])
    }
  })
})

describe('authorize refuses', () => {
  const query = (change: Record<string, string>) => {
    const right = {
      redirect_uri: CALLBACK,
      state: 's',
      scope: 'ACCOUNTS_BASIC',
      country: 'DK',
      duration: '60',
    }
    return new URLSearchParams({ client_id: CREDENTIALS['X-IBM-Client-Id'], ...right, ...change })
  }

  test.each([
    ['an address that is not registered', { redirect_uri: 'https://evil.example/' }, 'redirect_uri'],
    ['a duration of more than 90 days in v4', { duration: '129601' }, 'duration'],
    ['no duration', { duration: '' }, 'duration'],
    ['an unknown country', { country: 'DE' }, 'country'],
    ['account scopes without the basic one', { scope: 'ACCOUNTS_BALANCES' }, 'scope'],
    ['an unknown account', { account_list: '1234' }, 'account_list'],
  ])('%s', async (_what, change, path) => {
    const { status, body } = await call(await sandboxWith(), 'GET', `${PREFIX.v4}/authorize?${query(change)}`)
    expect(status).toBe(400)
    expect(body.error.failures).toMatchObject([{ code: 'error.validation', path }])
  })

  test('an unknown client, at the gateway', async () => {
    const { status, body } = await call(
      await sandboxWith(),
      'GET',
      `/v3/authorize?${query({ client_id: 'x' })}`,
    )
    expect([status, body.httpCode]).toEqual([401, '401'])
  })

  test('Sweden in v3, which never had it', async () => {
    const { status } = await call(await sandboxWith(), 'GET', `/v3/authorize?${query({ country: 'SE' })}`)
    expect(status).toBe(400)
  })
})

test('scopes may be separated by commas or blanks, in any case', async () => {
  const sandbox = await sandboxWith()
  const scope = 'accounts_basic, Accounts_Balances PAYMENTS_MULTIPLE'
  const fields = { redirect_uri: CALLBACK, state: 's', scope, country: 'DK', duration: '60' }
  const query = new URLSearchParams({ client_id: CREDENTIALS['X-IBM-Client-Id'], ...fields })
  expect((await call(sandbox, 'GET', `/v3/authorize?${query}`)).status).toBe(302)
})

test('the token call reads a form that is labelled as JSON', async () => {
  const sandbox = await sandboxWith()
  const code = codeIn(await authorize(sandbox, 'v3'))
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
  const headers = { ...CREDENTIALS, 'Content-Type': 'application/json' }
  expect(
    (await call(sandbox, 'POST', '/v3/authorize/token', { headers, body: body.toString() })).status,
  ).toBe(200)
})
