import { expect, it } from 'vitest'
import { browserUrlCheck } from '../../src/bank/nordea/browser-url.ts'
import { PAYMENT_RETURN_URI, REDIRECT_URI, settingsFor } from './support/fixtures.ts'

const BANK = 'http://127.0.0.1:4010'
const check = (allowPlainHttp: boolean) => browserUrlCheck({ ...settingsFor(BANK), allowPlainHttp })

it.each(['https://identify.bank.example/login?a=b', 'https://bank.example:8443/'])(
  'sends browsers to %s',
  (url) => {
    expect(check(true)(url)).toBe(url)
    expect(check(false)(url)).toBe(url)
  },
)

it.each([`${BANK}/bank/sign-in/1`, `${REDIRECT_URI}?code=a&state=b`, PAYMENT_RETURN_URI])(
  'sends browsers to %s only where plain http is allowed',
  (url) => {
    expect(check(true)(url)).toBe(url)
    expect(check(false)(url)).toBeNull()
  },
)

it.each([
  'http://127.0.0.1:4011/',
  'http://evil.example/',
  'ftp://bank.example/',
  'data:text/html,x',
  '',
  null,
  undefined,
])('never sends browsers to %s', (url) => expect(check(true)(url)).toBeNull())
