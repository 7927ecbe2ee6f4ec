/** What a consent is asked for is what the calls of the client need, and no more (S-053). */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BankAccount, type CallContext, SCOPES } from '../../src/bank/index.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { bankAt, order, REDIRECT_URI, saver } from './support/fixtures.ts'

type Scope = (typeof SCOPES)[number]

/** As the bank's own definitions of its interfaces have it: list and detail of accounts name three scopes together. */
const NEEDED: Record<string, readonly Scope[]> = {
  'accounts.list': ['ACCOUNTS_BASIC', 'ACCOUNTS_BALANCES', 'ACCOUNTS_DETAILS'],
  'accounts.detail': ['ACCOUNTS_BASIC', 'ACCOUNTS_BALANCES', 'ACCOUNTS_DETAILS'],
  'accounts.transactions': ['ACCOUNTS_BASIC', 'ACCOUNTS_TRANSACTIONS'],
  'payments.initiate': ['PAYMENTS_MULTIPLE'],
  'payments.confirm': ['PAYMENTS_MULTIPLE'],
  'payments.detail': ['PAYMENTS_MULTIPLE'],
  'payments.list': ['PAYMENTS_MULTIPLE'],
  'payments.delete': ['PAYMENTS_MULTIPLE'],
}

let sandbox: Sandbox
let bank: ReturnType<typeof bankAt>

beforeAll(async () => {
  sandbox = await startSandbox({
    port: 0,
    clientId: 'client-id-1',
    clientSecret: 'client-secret-1',
    redirectUris: [REDIRECT_URI],
    consentMode: 'straight-back',
    settleDelayMs: 0,
    approval: 'never',
    seed: 'standard',
    exposeControl: true,
  })
  bank = bankAt(sandbox.url)
})
afterAll(async () => {
  await bank.close()
  await sandbox.close()
})

/** The way to accounts and payments that a consent of these scopes gives. */
async function contextWith(scopes: readonly string[]): Promise<CallContext> {
  const answer = await fetch(`${sandbox.url}/personal/v5/authorize`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      'x-ibm-client-id': 'client-id-1',
      'x-ibm-client-secret': 'client-secret-1',
      signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX',
    },
    body: JSON.stringify({
      redirect_uri: REDIRECT_URI,
      state: 's',
      country: 'DK',
      scope: scopes,
      duration: 60,
    }),
  })
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const { accessToken } = await bank.exchangeCode(code, saver)
  return { ...saver, accessToken }
}

const without = (scope: Scope) => contextWith(SCOPES.filter((each) => each !== scope))
const firstOf = async (context: CallContext): Promise<BankAccount> => {
  const [account] = await bank.listAccounts(context)
  if (!account) throw new Error('no account')
  return account
}

test('the calls of the client need exactly what is asked for', () => {
  const source = ['accounts', 'payments', 'confirmation', 'order-search', 'answered-order'].map((file) =>
    readFileSync(`src/bank/nordea/${file}.ts`, 'utf8'),
  )
  const made = new Set(
    source.flatMap((text) =>
      [...text.matchAll(/'((?:accounts|payments)\.[a-z-]+)'/g)].map(([, api = '']) => api),
    ),
  )
  expect(made).toEqual(new Set(Object.keys(NEEDED)))
  expect(new Set(Object.values(NEEDED).flat())).toEqual(new Set(SCOPES))
})

describe('without it, what needs it is missing:', () => {
  test('ACCOUNTS_TRANSACTIONS', async () => {
    const context = await without('ACCOUNTS_TRANSACTIONS')
    const { id } = await firstOf(context)
    const range = { from: '2026-11-01', to: '2026-11-20' }
    await expect(bank.transactions(id, range, context)).rejects.toThrow('bank: token-invalid')
  })

  test('ACCOUNTS_BALANCES', async () => {
    expect(await firstOf(await without('ACCOUNTS_BALANCES'))).toMatchObject({ availableMinor: null })
    expect((await firstOf(await contextWith(SCOPES))).availableMinor).not.toBeNull()
  })

  test('PAYMENTS_MULTIPLE', async () => {
    const context = await without('PAYMENTS_MULTIPLE')
    expect(await bank.initiate(order, context)).toMatchObject({ kind: 'not-sent', because: 'token-invalid' })
    expect(sandbox.control.payments()).toEqual([])
  })

  test('ACCOUNTS_BASIC, which no other account scope comes without', async () => {
    const context = await contextWith(['PAYMENTS_MULTIPLE'])
    await expect(bank.listAccounts(context)).rejects.toThrow('bank: token-invalid')
  })
})
