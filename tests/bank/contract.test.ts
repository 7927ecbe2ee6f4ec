/** The client and the emulated bank keep the same contract, over real HTTP, in both profiles. */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BankAccount,
  type CallContext,
  type Country,
  isSameAccount,
  type PaymentOrder,
} from '../../src/bank/index.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'
import {
  bankAt,
  findOrder,
  PAYMENT_RETURN_URI,
  REDIRECT_URI,
  saver,
  type TestBank,
} from './support/fixtures.ts'

const { accessToken: _none, ...anonymous } = saver
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const privateKeyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const VARIANTS = [
  ['paper', 'string', false],
  ['paper', 'number', false],
  ['current', 'string', false],
  ['current', 'number', true],
] as const

function emulator(changes: Partial<SandboxOptions>): Promise<Sandbox> {
  return startSandbox({
    port: 0,
    clientId: 'client-id-1',
    clientSecret: 'client-secret-1',
    redirectUris: [REDIRECT_URI, PAYMENT_RETURN_URI],
    publicKeys: { 'client-id-1': publicKeyPem },
    consentMode: 'straight-back',
    settleDelayMs: 0,
    approval: 'never',
    seed: 'standard',
    exposeControl: false,
    ...changes,
  })
}

describe.each(VARIANTS)(
  'the %s profile, amounts as %s, signature required: %s',
  (profile, numbers, requireSignature) => {
    let sandbox: Sandbox
    let bank: TestBank
    let count = 0

    beforeAll(async () => {
      sandbox = await emulator({ numbers, requireSignature })
      bank = bankAt(sandbox.url, {
        profile,
        clock: { now: () => new Date() },
        ...(requireSignature
          ? { signing: { kind: 'key', keyId: 'client-id-1', privateKeyPem } as const }
          : {}),
      })
    })

    afterAll(async () => {
      await bank.close()
      await sandbox.close()
    })

    /** Consent given in the country, as the browser's way back would bring it. */
    async function link(country: Country) {
      const { redirectTo } = await bank.beginConsent(
        { state: 'st-1', country, durationMinutes: 1_440 },
        anonymous,
      )
      const back = new URL(redirectTo)
      expect(back.searchParams.get('state')).toBe('st-1')
      const tokens = await bank.exchangeCode(String(back.searchParams.get('code')), anonymous)
      return { tokens, context: { ...saver, accessToken: tokens.accessToken } satisfies CallContext }
    }

    async function accountsOf(country: Country) {
      const { context, tokens } = await link(country)
      const accounts = await bank.listAccounts(context)
      const current = accounts.find(({ kind }) => kind === 'current') as BankAccount
      const savings = accounts.find(({ kind }) => kind === 'savings') as BankAccount
      return { context, tokens, accounts, current, savings }
    }

    function orderFrom(current: BankAccount, savings: BankAccount, amountMinor = 2_500): PaymentOrder {
      count += 1
      return {
        externalId: `order-${profile}-${numbers}-${count}`,
        reference: `SPV${String(count).padStart(9, '0')}`,
        amountMinor,
        currency: current.currency,
        debtor: { iban: current.iban, number: current.number, country: current.country },
        creditor: {
          iban: savings.iban,
          number: savings.number,
          country: savings.country,
          name: savings.name,
        },
      }
    }

    it('links, and tells the token’s life', async () => {
      const { tokens } = await link('DK')
      expect(tokens.expiresInSeconds).toBe(3_600)
      expect(tokens.accessToken).not.toBe(tokens.refreshToken)
    })

    it('exchanges a code once only', async () => {
      const { redirectTo } = await bank.beginConsent(
        { state: 's', country: 'DK', durationMinutes: 1_440 },
        anonymous,
      )
      const code = String(new URL(redirectTo).searchParams.get('code'))
      await bank.exchangeCode(code, anonymous)
      await expect(bank.exchangeCode(code, anonymous)).rejects.toMatchObject({ kind: 'invalid-request' })
    })

    it('refreshes with a new refresh token each time; the old one is worth nothing', async () => {
      const { tokens } = await link('DK')
      const next = await bank.refreshTokens(tokens.refreshToken, anonymous)
      expect(next.refreshToken).not.toBe(tokens.refreshToken)
      expect(await bank.listAccounts({ ...saver, accessToken: next.accessToken })).not.toHaveLength(0)
      await expect(bank.refreshTokens(tokens.refreshToken, anonymous)).rejects.toMatchObject({
        kind: 'token-invalid',
      })
    })

    it('revokes a consent where the version can', async () => {
      const { tokens, context } = await link('DK')
      await bank.revoke(tokens.refreshToken, anonymous)
      const listing = bank.listAccounts(context)
      if (profile === 'paper') expect(await listing).not.toHaveLength(0)
      else await expect(listing).rejects.toMatchObject({ kind: 'token-invalid' })
    })

    // Version 3 has no redirect for Sweden.
    const countries =
      profile === 'paper' ? (['DK', 'NO', 'FI'] as const) : (['DK', 'SE', 'NO', 'FI'] as const)

    describe.each(countries)('in %s', (country) => {
      it('lists the accounts with balances, and shows each', async () => {
        const { context, accounts } = await accountsOf(country)
        expect(accounts.length).toBeGreaterThanOrEqual(2)
        for (const account of accounts) {
          expect(account).toMatchObject({ country, open: true, availableMinor: expect.any(Number) })
          expect(await bank.account(account.id, context)).toEqual(account)
          expect(sandbox.control.account(account.iban).availableMinor).toBe(account.availableMinor)
        }
      })

      it('moves money once from initiating to paid, and finds the order by our id', async () => {
        const { context, current, savings } = await accountsOf(country)
        const wanted = orderFrom(current, savings)
        const begun = await bank.initiate(wanted, context)
        expect(begun).toMatchObject({ kind: 'order', order: { status: { kind: 'awaiting-confirmation' } } })
        if (begun.kind !== 'order') return
        const { bankPaymentId } = begun.order

        const confirm = { bankPaymentIds: [bankPaymentId], country, returnState: 'rs-1' }
        expect(await bank.confirm(confirm, context)).toMatchObject([
          { kind: 'order', order: { bankPaymentId } },
        ])
        expect(await bank.order(bankPaymentId, country, context)).toMatchObject({
          kind: 'order',
          order: { amountMinor: 2_500, status: { kind: 'paid' } },
        })
        const found = await bank.findOrders([wanted.externalId, 'never-sent'], country, context)
        expect(found.get('never-sent')).toEqual({ kind: 'absent' })
        const mine = found.get(wanted.externalId)
        expect(mine).toMatchObject({ kind: 'found', order: { bankPaymentId, status: { kind: 'paid' } } })
        if (mine?.kind !== 'found') return
        expect(isSameAccount(String(mine.order.debtorNumber), current.iban)).toBe(true)
        expect(isSameAccount(String(mine.order.creditorNumber), savings.iban)).toBe(true)
        expect((await bank.account(savings.id, context)).bookedMinor).toBe(
          Number(savings.bookedMinor) + 2_500,
        )
        expect((await bank.account(current.id, context)).bookedMinor).toBe(
          Number(current.bookedMinor) - 2_500,
        )

        const today = sandbox.control.now()
        const range = { from: day(today, -7), to: day(today, 1) }
        const booked = await bank.transactions(savings.id, range, context)
        expect(booked).toContainEqual(
          expect.objectContaining({
            amountMinor: 2_500,
            currency: current.currency,
            text: wanted.reference,
            booked: true,
          }),
        )
        const paidOut = await bank.transactions(current.id, range, context)
        const debit = paidOut.find(({ text }) => text.includes(wanted.reference))
        expect(debit).toMatchObject({ amountMinor: -2_500, booked: true })
        expect(isSameAccount(String(debit?.counterpartyNumber), savings.iban)).toBe(true)
      })

      it('says that money is missing in the order, not as an error', async () => {
        const { context, current, savings } = await accountsOf(country)
        const begun = await bank.initiate(orderFrom(current, savings, 900_000_000), context)
        if (begun.kind !== 'order') throw new Error(JSON.stringify(begun))
        const id = begun.order.bankPaymentId
        await bank.confirm({ bankPaymentIds: [id], country, returnState: 'rs' }, context)
        expect(await bank.order(id, country, context)).toMatchObject({
          order: { status: { kind: 'rejected', reason: 'insufficient-funds', code: 'AM04' } },
        })
      })
    })

    it('hands on the approval link, and waits for the saver', async () => {
      const { context, current, savings } = await accountsOf('DK')
      sandbox.control.setApproval('always')
      const begun = await bank.initiate(orderFrom(current, savings), context)
      if (begun.kind !== 'order') throw new Error(JSON.stringify(begun))
      const id = begun.order.bankPaymentId
      const confirm = { bankPaymentIds: [id], country: 'DK', returnState: 'rs-1' } as const
      const [confirmed] = await bank.confirm(confirm, context)
      sandbox.control.setApproval('never')
      expect(confirmed).toMatchObject({ kind: 'order', order: { status: { kind: 'awaiting-approval' } } })
      const url = confirmed?.kind === 'order' ? confirmed.order.approvalUrl : undefined
      expect(url?.startsWith(`${sandbox.url}/`)).toBe(true)
      expect(await bank.confirm(confirm, context)).toMatchObject([
        { kind: 'conflict', code: expect.stringContaining('confirm.conflict') },
      ])
    })

    it('confirms several at once and names the one that cannot be', async () => {
      const { context, current, savings } = await accountsOf('DK')
      const begun = [
        await bank.initiate(orderFrom(current, savings), context),
        await bank.initiate(orderFrom(current, savings), context),
      ]
      const ids = begun.map((outcome) => (outcome.kind === 'order' ? outcome.order.bankPaymentId : ''))
      const confirm = { bankPaymentIds: ids, country: 'DK', returnState: 'rs' } as const
      expect(await bank.confirm(confirm, context)).toMatchObject([{ kind: 'order' }, { kind: 'order' }])
      expect(await bank.confirm(confirm, context)).toMatchObject([{ kind: 'conflict' }, { kind: 'conflict' }])
      const third = await bank.initiate(orderFrom(current, savings), context)
      const mixed = [ids[0] ?? '', third.kind === 'order' ? third.order.bankPaymentId : '']
      expect(await bank.confirm({ ...confirm, bankPaymentIds: mixed }, context)).toMatchObject([
        { kind: 'conflict', code: expect.stringContaining('illegal_state') },
        { kind: 'order' },
      ])
    })

    it('does not know an order nobody placed', async () => {
      const { context } = await accountsOf('DK')
      expect(await bank.order('no-such-order', 'DK', context)).toEqual({ kind: 'not-found' })
      const confirm = { bankPaymentIds: ['no-such-order'], country: 'DK', returnState: 'rs' } as const
      expect(await bank.confirm(confirm, context)).toEqual([{ kind: 'not-found' }])
    })

    it('takes back an unconfirmed order where the version can', async () => {
      const { context, current, savings } = await accountsOf('DK')
      const begun = await bank.initiate(orderFrom(current, savings), context)
      if (begun.kind !== 'order') throw new Error(JSON.stringify(begun))
      const id = begun.order.bankPaymentId
      if (profile === 'paper') expect(bank.deleteOrder).toBeNull()
      else {
        expect(await bank.deleteOrder?.(id, 'DK', context)).toMatchObject({
          order: { status: { kind: 'cancelled' } },
        })
        expect(await bank.order(id, 'DK', context)).toMatchObject({
          order: { status: { kind: 'cancelled' } },
        })
      }
    })

    it('reads lists longer than a page to the end', async () => {
      const { context, current, savings } = await accountsOf('NO')
      const first = orderFrom(current, savings)
      await bank.initiate(first, context)
      for (let more = 0; more < 41; more += 1) await bank.initiate(orderFrom(current, savings), context)
      expect(await findOrder(bank, first.externalId, 'NO', context)).toMatchObject({ kind: 'found' })
      expect((await bank.listOrders('NO', context)).length).toBeGreaterThanOrEqual(42)
    })

    it('knows an answer lost on the way from an order never taken', async () => {
      const { context, current, savings } = await accountsOf('DK')
      const taken = orderFrom(current, savings)
      sandbox.control.addFault({ kind: 'drop-after', route: 'POST *' })
      expect(await bank.initiate(taken, context)).toMatchObject({ kind: 'unknown', because: 'connection' })
      expect(await findOrder(bank, taken.externalId, 'DK', context)).toMatchObject({ kind: 'found' })

      const lost = orderFrom(current, savings)
      sandbox.control.addFault({ kind: 'drop-before', route: 'POST *' })
      expect(await bank.initiate(lost, context)).toMatchObject({ kind: 'unknown', because: 'connection' })
      expect(await findOrder(bank, lost.externalId, 'DK', context)).toEqual({ kind: 'absent' })
    })

    it('hears of limits and of failures', async () => {
      const { context, current, savings } = await accountsOf('DK')
      sandbox.control.addFault({ kind: 'rate-limit', route: 'POST *', retryAfterSeconds: 7 })
      const limited = { kind: 'not-sent', because: 'rate-limited', retryAfterSeconds: 7 }
      expect(await bank.initiate(orderFrom(current, savings), context)).toEqual(limited)
      sandbox.control.addFault({ kind: 'status', route: 'GET *', status: 503 })
      await expect(bank.listAccounts(context)).rejects.toMatchObject({ kind: 'server-error', status: 503 })
    })

    it('is told that a token means nothing', async () => {
      const stranger = { ...saver, accessToken: 'nonsense' }
      await expect(bank.listAccounts(stranger)).rejects.toMatchObject({ kind: 'token-invalid' })
      const { current, savings } = await accountsOf('DK')
      expect(await bank.initiate(orderFrom(current, savings), stranger)).toMatchObject({
        kind: 'not-sent',
        because: 'token-invalid',
      })
    })

    it('makes, funds and unmakes sandbox accounts, under the ids of the account list', async () => {
      const { context } = await accountsOf('DK')
      const wallet = await bank.sandbox?.createAccount(
        {
          country: 'DK',
          number: { type: 'BBAN_DK', value: '20309999999999' },
          currency: 'DKK',
          name: 'Wallet',
          kind: 'savings',
          balanceMinor: 100_000,
        },
        context,
      )
      if (!wallet) throw new Error('no sandbox')
      expect(wallet).toMatchObject({ name: 'Wallet', kind: 'savings', bookedMinor: 100_000 })
      const listed = async () => (await bank.listAccounts(context)).find(({ id }) => id === wallet.id)
      expect(await listed()).toEqual(wallet)
      await bank.sandbox?.createTransaction(
        wallet.id,
        { amountMinor: 5_000, currency: 'DKK', text: 'Funds' },
        context,
      )
      expect(await listed()).toMatchObject({ bookedMinor: 105_000 })
      await bank.sandbox?.deleteAccount(wallet.id, context)
      expect(await listed()).toBeUndefined()
    })

    it('has logged every call without a secret in it', async () => {
      const { tokens } = await link('DK')
      const log = JSON.stringify(bank.log)
      expect(bank.log.length).toBeGreaterThan(20)
      for (const secret of ['client-secret-1', tokens.accessToken, tokens.refreshToken])
        expect(log).not.toContain(secret)
      for (const { iban } of sandbox.control.accounts()) {
        expect(log).not.toContain(iban)
        expect(log).not.toContain(iban.slice(4))
      }
    })
  },
)

function day(date: Date, shift: number): string {
  return new Date(date.getTime() + shift * 86_400_000).toISOString().slice(0, 10)
}
