/** Both shapes of refusal, the order in which calls are checked, and the headers around every answer. */

import { describe, expect, test } from 'vitest'
import { CREDENTIALS, call, customerOf, EVERYDAY, sandboxWith } from './support.ts'

describe('the gateway refuses in its own flat shape', () => {
  const flat = (httpCode: string) => ({
    httpCode,
    httpMessage: expect.any(String),
    moreInformation: expect.any(String),
  })

  test.each([
    ['an unknown path, before the secret is looked at', 'GET', '/v3/nothing', 404],
    ['an unknown version', 'GET', '/v9/accounts', 404],
    ['a wrong method', 'GET', '/personal/v5/authorize', 405],
    ['a wrong method where the path has an id', 'POST', '/v3/accounts/1', 405],
    ['a call without id and secret', 'GET', '/personal/v4/accounts', 401],
  ])('%s', async (_what, method, path, status) => {
    const reply = await call(await sandboxWith(), method, path)
    expect(reply.status).toBe(status)
    expect(reply.body).toEqual(flat(String(status)))
  })

  test('a call too many in one second, until the next', async () => {
    const sandbox = await sandboxWith({ rateLimitPerSecond: 2 })
    const ask = () => call(sandbox, 'GET', '/v3/accounts', { headers: CREDENTIALS })
    expect([(await ask()).status, (await ask()).status]).toEqual([401, 401])
    const third = await ask()
    expect([third.status, third.body]).toEqual([429, flat('429')])
    expect(third.headers.get('retry-after')).toBe('1')
    sandbox.control.advanceClock(1_000)
    expect((await ask()).status).toBe(401)
  })

  test('in XML to a caller who does not take JSON', async () => {
    const reply = await call(await sandboxWith(), 'GET', '/v3/accounts', {
      headers: { Accept: 'application/xml' },
    })
    expect(reply.headers.get('content-type')).toContain('xml')
    expect(reply.body).toContain('<errorResponse><httpCode>401</httpCode>')
  })
})

describe('the API refuses in an envelope', () => {
  test.each(['/v3/accounts', '/personal/v4/accounts', '/personal/v5/accounts'])('at %s', async (path) => {
    const { status, body } = await call(await sandboxWith(), 'GET', path, { headers: CREDENTIALS })
    expect(status).toBe(401)
    expect(body.group_header).toMatchObject({
      http_code: 401,
      creation_date_time: '2026-11-20T10:00:00.000Z',
    })
    expect(body.error.request).toEqual({ url: path.replace('/personal', '') })
    expect(body.error.failures).toMatchObject([{ code: 'error.token.invalid' }])
  })

  test('a signature is asked for before a token, in v4 and v5 alone', async () => {
    const sandbox = await sandboxWith()
    const { Signature: _, ...headers } = CREDENTIALS
    const codeAt = async (path: string) =>
      (await call(sandbox, 'GET', path, { headers })).body.error.failures[0].code
    expect(await codeAt('/v3/accounts')).toBe('error.token.invalid')
    expect(await codeAt('/personal/v4/accounts')).toBe('error.signature.invalid')
    expect(await codeAt('/personal/v5/accounts')).toBe('error.signature.invalid')
  })

  test('every wrong field is named', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    const { status, body } = await customer.send('POST', '/payments/domestic', { currency: 'XXX' })
    expect(status).toBe(400)
    expect(body.error.failures).toMatchObject([
      { path: 'amount', type: 'NotNull' },
      { path: 'currency', type: 'Pattern' },
      { path: 'debtor', type: 'NotNull' },
      { path: 'creditor', type: 'NotNull' },
    ])
  })

  test.each(['{', '[]', '"x"', ''])('a body that is no JSON object: %j', async (body) => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    expect((await customer.send('POST', '/payments/domestic', body)).status).toBe(400)
  })

  test('unknown accounts and payments are 404', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    for (const path of ['/accounts/nobody', '/payments/domestic/nobody']) {
      const { status, body } = await customer.get(path)
      expect([status, body.error.failures[0].code]).toEqual([404, 'error.resource.notfound'])
    }
  })

  test('a path that cannot be decoded is the caller’s mistake', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    expect((await customer.get('/accounts/%zz')).status).toBe(400)
  })
})

test('answers carry a transaction id and what is left of the rate limit', async () => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  const { headers } = await customer.get(`/accounts/${EVERYDAY}`)
  expect(headers.get('x-global-transaction-id')).toMatch(/^[0-9a-f]{24}$/)
  expect(headers.get('x-ratelimit-limit')).toBe('name=default-rate,10000;')
  expect(headers.get('x-ratelimit-remaining')).toMatch(/^name=default-rate,99\d\d;$/)
})
