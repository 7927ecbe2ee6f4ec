import { describe, expect, it } from 'vitest'
import { lookUpOf, outcomeOf, outcomeOfInitiation } from '../../src/bank/nordea/outcomes.ts'
import { errorOf, resting, retryAfter, troubleOfAnswer } from '../../src/bank/nordea/trouble.ts'
import { failures, NOW } from './support/fixtures.ts'

const now = new Date(NOW)
const trouble = (status: number, body: unknown, headers = {}) =>
  troubleOfAnswer({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, now)
const gateway = (status: number, moreInformation: string) => ({
  httpCode: String(status),
  httpMessage: 'x',
  moreInformation,
})

describe('refusals by the bank', () => {
  it.each([
    [401, 'error.token.expired', 'token-expired'],
    [401, 'error.token.invalid', 'token-invalid'],
    [401, 'error.token', 'token-invalid'],
    [401, 'error.apikey.missing', 'client-refused'],
    [401, 'error.signature.invalid', 'client-refused'],
    [401, 'error.digest.invalid', 'client-refused'],
    [401, 'error.date.invalid', 'client-refused'],
    [401, 'error.tokenish', 'client-refused'],
    [401, 'error.nobody.knows', 'client-refused'],
    [403, 'error.resource.denied', 'consent-denied'],
    [404, 'error.resource.notfound', 'not-found'],
    [409, 'nordea.error.payment.confirm.conflict', 'conflict'],
    [409, 'nordea.error.payment.update.illegal_state', 'conflict'],
    [400, 'error.validation', 'invalid-request'],
    [422, 'error.validation', 'invalid-request'],
    [408, 'error.slow', 'timeout'],
    [429, 'error.limit', 'rate-limited'],
    [500, 'error.internal', 'server-error'],
    [503, 'error.internal', 'server-error'],
  ])('%i %s is %s', (status, code, kind) => {
    expect(trouble(status, failures(code))).toMatchObject({
      kind,
      code,
      status,
      speaker: 'interface',
      written: true,
    })
  })

  it('are read in their 2018 shape too', () => {
    const body = { response: { failures: [{ code: 'error.token.expired' }] } }
    expect(trouble(401, body)).toMatchObject({ kind: 'token-expired', code: 'error.token.expired' })
  })

  it.each([
    [401, 'Invalid client id or secret.', 'client-refused'],
    [405, 'The method is not allowed for the requested URL', 'invalid-request'],
    [429, 'Assembly Rate Limit exceeded', 'rate-limited'],
  ])('come from the gateway as flat JSON or XML: %i', (status, words, kind) => {
    const expected = { kind, code: words, speaker: 'gateway' }
    expect(trouble(status, gateway(status, words))).toMatchObject(expected)
    const xml = `<?xml version="1.0"?><errorResponse><httpCode>${status}</httpCode><moreInformation>${words}</moreInformation></errorResponse>`
    expect(trouble(status, xml)).toMatchObject(expected)
  })

  it.each([
    [401, 'client-refused'],
    [403, 'consent-denied'],
    [400, 'invalid-request'],
    [502, 'server-error'],
  ])('are judged by status alone where the body says nothing: %i', (status, kind) => {
    for (const body of ['', '<html><h1>No</h1></html>', '[]', '{"error":"no"}', '{"half":']) {
      expect(trouble(status, body)).toMatchObject({ kind, code: null, speaker: 'nobody' })
    }
  })

  it('keep codes short and printable', () => {
    const { code } = trouble(400, failures(`error.\u0000\n<b>${'x'.repeat(1_000)}`))
    expect(code).toMatch(/^error\.\?\?<b>x+$/)
    expect(code).toHaveLength(100)
  })
})

describe('Retry-After', () => {
  it.each([
    ['7', 7],
    ['0', 0],
    ['Fri, 20 Nov 2026 12:01:30 GMT', 90],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['99999999', 86_400],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('%j is %j seconds', (header, seconds) => {
    expect(retryAfter(header, now)).toBe(seconds)
  })
})

describe('what trouble means for an order', () => {
  it.each([
    [400, 'rejected'],
    [401, 'not-sent'],
    [403, 'not-sent'],
    [404, 'rejected'],
    [408, 'unknown'],
    [409, 'conflict'],
    [429, 'not-sent'],
    [500, 'unknown'],
    [503, 'unknown'],
    [504, 'unknown'],
  ])('a new order answered with the interface’s %i is %s', (status, kind) => {
    expect(outcomeOfInitiation(trouble(status, failures('error.x'))).kind).toBe(kind)
  })

  it.each([
    [400, 'not-sent'],
    [401, 'not-sent'],
    [403, 'not-sent'],
    [404, 'not-found'],
    [408, 'unknown'],
    [409, 'conflict'],
    [429, 'not-sent'],
    [500, 'unknown'],
  ])('a request about an order answered with %i is %s', (status, kind) => {
    expect(outcomeOf(trouble(status, failures('error.x'))).kind).toBe(kind)
  })

  it('hands on how long to wait, whether or not the bank acted', () => {
    for (const status of [429, 500, 503]) {
      const busy = trouble(status, '', { 'retry-after': '7' })
      for (const outcome of [outcomeOf(busy), outcomeOfInitiation(busy), lookUpOf(busy)]) {
        expect(outcome).toMatchObject({ retryAfterSeconds: 7 })
      }
    }
  })

  it('is never an act when the gate was closed, and the wait is rounded up', () => {
    const closed = { because: 'resting', retryAfterSeconds: 2 }
    expect(outcomeOf(resting(1_001))).toEqual({ kind: 'not-sent', ...closed })
    expect(outcomeOfInitiation(resting(2_000))).toEqual({ kind: 'not-sent', ...closed })
    expect(lookUpOf(resting(1_500))).toEqual({ kind: 'unknown', ...closed })
    expect(errorOf(resting(1_500))).toMatchObject({
      name: 'BankError',
      kind: 'resting',
      retryAfterSeconds: 2,
    })
  })

  it('blames us, not the order, where the objection is not the interface’s own', () => {
    for (const status of [400, 404, 405]) {
      expect(outcomeOfInitiation(trouble(status, gateway(status, 'x'))).kind).toBe('not-sent')
      expect(outcomeOfInitiation(trouble(status, '<html>')).kind).toBe('not-sent')
    }
  })

  it.each([
    ['$.creditor.account.value', 'creditor-account'],
    ['debtor.account', 'debtor-account'],
    ['amount', 'invalid-order'],
    [undefined, 'invalid-order'],
  ])('an objection to %s is %s', (path, reason) => {
    const refused = outcomeOfInitiation(trouble(400, failures('error.validation', { path })))
    expect(refused).toEqual({ kind: 'rejected', reason, code: 'error.validation' })
  })
})
