/** The bank's own pages, walked over plain HTTP as a browser without JavaScript would. */

import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  authorize,
  CALLBACK,
  call,
  codeIn,
  customerOf,
  EVERYDAY,
  exchangeCode,
  type Json,
  order,
  RETURN,
  sandboxWith,
  type Version,
} from './support.ts'

const withPages = () => sandboxWith({ consentMode: 'pages' })

/** Sends a form and returns where it leads. */
async function submit(sandbox: Sandbox, path: string, fields: [string, string][] = []) {
  const reply = await call(sandbox, 'POST', path, { body: new URLSearchParams(fields) })
  return { ...reply, to: (reply.headers.get('location') ?? '').replace(sandbox.url, '') }
}

async function startAt(sandbox: Sandbox, version: Version = 'v5'): Promise<string> {
  const location = (await authorize(sandbox, version)).headers.get('location') ?? ''
  expect(location).toMatch(new RegExp(`^${sandbox.url}/bank/sign-in/`))
  return location.replace(sandbox.url, '')
}

const codeShown = (html: string) => /<output[^>]*>(\d{6})</.exec(html)?.[1] ?? ''
const accountsOffered = (html: string) =>
  [...html.matchAll(/name="accounts" value="([^"]+)"/g)].map(([, id]) => id ?? '')

/** Through both stages of signing in. @returns the path of the consent page. */
async function signIn(sandbox: Sandbox, start: string): Promise<string> {
  const user = await submit(sandbox, start, [['userId', 'demo-customer']])
  expect([user.status, user.to]).toEqual([303, `${start}/code`])
  const code = codeShown((await call(sandbox, 'GET', user.to)).body)
  const consent = await submit(sandbox, user.to, [['code', code]])
  expect(consent.status).toBe(303)
  return consent.to
}

test.each(['v3', 'v4', 'v5'] as const)(
  '%s: signing in twice over and approving one account gives a code for it',
  async (version) => {
    const sandbox = await withPages()
    const consent = await signIn(sandbox, await startAt(sandbox, version))
    const { body: html } = await call(sandbox, 'GET', consent)
    expect(html).toContain('app.example')
    expect(html).toContain('order payments from them')
    expect(accountsOffered(html)).toHaveLength(3)

    const [first = ''] = accountsOffered(html)
    const approved = await submit(sandbox, consent, [['accounts', first]])
    expect(approved.status).toBe(303)
    expect(approved.to).toMatch(/\/bank\/callback\?code=.+&state=state-1$/)
    const { body: tokens } = await exchangeCode(sandbox, version, codeIn(approved))
    expect(tokens.access_token).toBeDefined()
  },
)

test('the consent covers what was ticked, and nothing that was not offered', async () => {
  const sandbox = await withPages()
  const consent = await signIn(sandbox, await startAt(sandbox, 'v4'))
  const approved = await submit(sandbox, consent, [
    ['accounts', `DK${EVERYDAY}-DKK`],
    ['accounts', 'SE41351300039-SEK'],
  ])
  const { body: tokens } = await exchangeCode(sandbox, 'v4', codeIn(approved))
  const headers = {
    'X-IBM-Client-Id': 'app-1',
    'X-IBM-Client-Secret': 'app-secret',
    Signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX',
    Authorization: `Bearer ${tokens.access_token}`,
  }
  const { body } = await call(sandbox, 'GET', '/personal/v4/accounts', { headers })
  expect(body.response.accounts.map((account: Json) => account._id)).toEqual([`DK${EVERYDAY}-DKK`])
})

test('cancelling goes back to the app with access_denied, from every page', async () => {
  const sandbox = await withPages()
  const start = await startAt(sandbox)
  const cancelled = await submit(sandbox, `${start}/cancel`)
  expect([cancelled.status, cancelled.to]).toEqual([303, `${CALLBACK}?error=access_denied&state=state-1`])
  expect((await call(sandbox, 'GET', start)).status).toBe(410)
})

test('no stage can be skipped', async () => {
  const sandbox = await withPages()
  const start = await startAt(sandbox)
  const consent = start.replace('sign-in', 'consent')
  const skipped = await submit(sandbox, consent, [['accounts', `DK${EVERYDAY}-DKK`]])
  expect([skipped.status, skipped.to]).toEqual([303, start])
})

test('a wrong code is said so, and five end the sign-in', async () => {
  const sandbox = await withPages()
  const start = await startAt(sandbox)
  await submit(sandbox, start, [['userId', 'demo-customer']])
  const wrong = await submit(sandbox, `${start}/code`, [['code', 'x']])
  expect(wrong.status).toBe(422)
  expect(wrong.body).toContain('role="alert"')
  for (let attempt = 2; attempt < 5; attempt += 1) await submit(sandbox, `${start}/code`, [['code', 'x']])
  const last = await submit(sandbox, `${start}/code`, [['code', 'x']])
  expect([last.status, last.to]).toEqual([303, `${CALLBACK}?error=access_denied&state=state-1`])
})

test('approving without an account asks again', async () => {
  const sandbox = await withPages()
  const consent = await signIn(sandbox, await startAt(sandbox))
  const none = await submit(sandbox, consent)
  expect(none.status).toBe(422)
  expect(none.body).toContain('Choose at least one account')
})

test('a sign-in runs out of time', async () => {
  const sandbox = await withPages()
  const start = await startAt(sandbox)
  sandbox.control.advanceClock(600_000)
  expect((await call(sandbox, 'GET', start)).status).toBe(410)
})

test('what comes from outside is escaped', async () => {
  const sandbox = await sandboxWith({ consentMode: 'pages' })
  const api = await sandboxWith({ approval: 'always' })
  const customer = await customerOf(api, 'v4')
  const evil = '<script>alert(1)</script>'
  const { body } = await customer.send('POST', '/payments/domestic', {
    ...order('1.00'),
    creditor: { account: { _type: 'IBAN', value: 'FI1350001520000081' }, name: evil },
  })
  const confirmed = await customer.send('PUT', '/payments/domestic/confirm', {
    payments_ids: [body.response._id],
  })
  const page = await call(api, 'GET', confirmed.body._links[0].href.replace(api.url, ''))
  expect(page.body).toContain('&lt;script&gt;')
  expect(page.body).not.toContain('<script')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const start = await startAt(sandbox)
  const mirrored = await submit(sandbox, start, [['userId', evil]])
  expect(mirrored.body).not.toContain('<script')
})

test('every field has a label, and every page a language, a title and one main heading', async () => {
  const sandbox = await withPages()
  const start = await startAt(sandbox)
  const pages = [await call(sandbox, 'GET', start)]
  const consent = await signIn(sandbox, start)
  pages.push(await call(sandbox, 'GET', consent))
  for (const { body: html } of pages) {
    expect(html).toMatch(/<html lang="en">/)
    expect(html.match(/<h1>/g)).toHaveLength(1)
    for (const [, id] of html.matchAll(/<input[^>]* id="([^"]+)"/g)) expect(html).toContain(`for="${id}"`)
  }
})

test('the style sheet is served', async () => {
  const reply = await call(await withPages(), 'GET', '/bank/style.css')
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
})

describe('approving payments', () => {
  async function pending(approval: 'always' | { aboveMinor: number } = 'always', amount = '50.00') {
    const sandbox = await sandboxWith({ approval, settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v4')
    const { body } = await customer.send('POST', '/payments/domestic', order(amount))
    const confirmed = await customer.send('PUT', '/payments/domestic/confirm', {
      payments_ids: [body.response._id],
      redirect_url: RETURN,
      state: 'sign-1',
    })
    const links: Json[] = confirmed.body._links
    const path = links.find((link) => link.rel === 'signing')?.href.replace(sandbox.url, '') ?? ''
    const status = () => sandbox.control.payments()[0]?.status
    return { sandbox, confirmed, path, status }
  }

  test('the payment waits for the customer, who approves and is led back', async () => {
    const { sandbox, path, status } = await pending()
    sandbox.control.advanceClock(60_000)
    expect(status()).toBe('PendingUserApproval')
    const page = await call(sandbox, 'GET', path)
    expect(page.body).toContain('50.00 DKK')
    const approved = await submit(sandbox, path, [['answer', 'approve']])
    expect([approved.status, approved.to]).toEqual([303, `${RETURN}?success=true&state=sign-1`])
    expect(status()).toBe('Confirmed')
    sandbox.control.advanceClock(1_000)
    expect(status()).toBe('Paid')
  })

  test('refusing cancels it, and answering again changes nothing', async () => {
    const { sandbox, path, status } = await pending()
    const refused = await submit(sandbox, path, [['answer', 'refuse']])
    expect(refused.to).toBe(`${RETURN}?success=false&state=sign-1`)
    expect((await submit(sandbox, path, [['answer', 'approve']])).status).toBe(410)
    expect(status()).toBe('UserApprovalCancelled')
  })

  test('nobody approving lets it lapse', async () => {
    const { sandbox, path, status } = await pending()
    sandbox.control.advanceClock(600_000)
    expect((await call(sandbox, 'GET', path)).status).toBe(410)
    expect(status()).toBe('UserApprovalTimeout')
  })

  test('only amounts above the limit need it', async () => {
    const { confirmed } = await pending({ aboveMinor: 5_000 }, '50.00')
    expect(confirmed.body._links).toEqual([])
    const above = await pending({ aboveMinor: 4_999 }, '50.00')
    expect(above.confirmed.body._links).toHaveLength(1)
  })

  test('a return address that is not registered is refused', async () => {
    const sandbox = await sandboxWith({ approval: 'always' })
    const customer = await customerOf(sandbox, 'v4')
    const { body } = await customer.send('POST', '/payments/domestic', order('1.00'))
    const wish = { payments_ids: [body.response._id], redirect_url: 'https://evil.example/' }
    expect((await customer.send('PUT', '/payments/domestic/confirm', wish)).status).toBe(400)
    expect(sandbox.control.payments()[0]?.status).toBe('PendingConfirmation')
  })

  test('v3 finds the link with the payment', async () => {
    const customer = await customerOf(await sandboxWith({ approval: 'always' }), 'v3')
    const { body } = await customer.send('POST', '/payments/domestic', order('1.00'))
    const confirmed = await customer.send('PUT', `/payments/domestic/${body.response._id}/confirm`)
    expect(confirmed.body.response._links.map((link: Json) => link.rel)).toContain('signing')
  })
})
