import type { BankAccount } from '../bank/index.ts'
import { hashAccountNumber } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { Account, Payment } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { wakeWaiting } from './payment/waking.ts'

/** Where money goes from, and where to. */
export interface ChosenAccounts {
  debtor: Account
  creditor: Account
}

export type ChooseResult =
  | { kind: 'chosen' }
  | {
      kind: 'refused'
      field: 'debtorAccount' | 'creditorAccount'
      because: 'unknown' | 'same' | 'closed' | 'currency' | 'country'
    }

/** @returns the two accounts the saver has chosen as of now; null before they have. */
export async function chosenIn(tx: Pick<Tx, 'account'>, userId: string): Promise<ChosenAccounts | null> {
  const accounts = await tx.account.findMany({
    where: { userId, OR: [{ isDebitor: true }, { isCreditor: true }] },
  })
  const debtor = accounts.find((account) => account.isDebitor)
  const creditor = accounts.find((account) => account.isCreditor)
  return debtor && creditor ? { debtor, creditor } : null
}

export type Accounts = ReturnType<typeof createAccounts>

export function createAccounts({ db, clock, queue, accountHashKey }: ModelContext) {
  const hashOf = (account: Pick<BankAccount, 'iban'>) => hashAccountNumber(account.iban, accountHashKey)

  return {
    /** How an account is named in a form: its hash, so that no number travels through the page. */
    hashOf,

    /** Finds a stored account in what the bank lists now. */
    findAtBank(account: Pick<Account, 'hashedAccNo'>, listed: readonly BankAccount[]): BankAccount | null {
      return listed.find((candidate) => hashOf(candidate) === account.hashedAccNo) ?? null
    },

    chosenBy: (userId: string): Promise<ChosenAccounts | null> => chosenIn(db.prisma, userId),

    /** The two accounts that a payment goes between. */
    async sidesOf(
      payment: Pick<Payment, 'userId' | 'debtorAccountId' | 'creditorAccountId'>,
    ): Promise<ChosenAccounts> {
      const { userId, debtorAccountId, creditorAccountId } = payment
      const accounts = await db.prisma.account.findMany({
        where: { userId, id: { in: [debtorAccountId, creditorAccountId] } },
      })
      const one = (id: string) => {
        const found = accounts.find((account) => account.id === id)
        if (!found) throw new Error(`no account ${id} of saver ${userId}`)
        return found
      }
      return { debtor: one(debtorAccountId), creditor: one(creditorAccountId) }
    },

    /**
     * Makes two of the accounts the bank has just listed for this saver the current and the savings account.
     * The form carries hashes; only what the bank listed can be found by one.
     */
    async choose(
      userId: string,
      consentId: string,
      listed: readonly BankAccount[],
      choice: { debtorAccount: string; creditorAccount: string },
      by: Actor,
    ): Promise<ChooseResult> {
      const debtor = listed.find((account) => hashOf(account) === choice.debtorAccount)
      const creditor = listed.find((account) => hashOf(account) === choice.creditorAccount)
      const refusal = refusalOf(debtor, creditor)
      if (refusal || !debtor || !creditor)
        return { kind: 'refused', ...(refusal ?? { field: 'debtorAccount', because: 'unknown' }) }
      await db.transaction(async (tx) => {
        const now = clock.now()
        await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        const before = await chosenIn(tx, userId)
        await tx.account.updateMany({ where: { userId }, data: { isDebitor: false, isCreditor: false } })
        for (const [account, side] of [
          [debtor, { isDebitor: true }],
          [creditor, { isCreditor: true }],
        ] as const) {
          const facts = {
            consentId,
            name: account.name,
            currency: account.currency,
            country: account.country,
            loadedOn: now,
            ...side,
          }
          const hashedAccNo = hashOf(account)
          await tx.account.upsert({
            where: { userId_hashedAccNo: { userId, hashedAccNo } },
            create: { userId, hashedAccNo, ...facts },
            update: facts,
          })
        }
        await tx.user.update({ where: { id: userId }, data: { accLoaded: true } })
        await wakeWaiting(tx, userId, now)
        await audit(tx, {
          action: 'accounts.chosen',
          by,
          at: now,
          subjectId: userId,
          detail: { currency: debtor.currency },
        })
        const isOther =
          before?.debtor.hashedAccNo !== hashOf(debtor) || before.creditor.hashedAccNo !== hashOf(creditor)
        if (before && isOther) await queue.enqueue(tx, 'send-mail', { userId, kind: 'accounts-changed' })
      })
      return { kind: 'chosen' }
    },
  }
}

function refusalOf(
  debtor: BankAccount | undefined,
  creditor: BankAccount | undefined,
): {
  field: 'debtorAccount' | 'creditorAccount'
  because: 'unknown' | 'same' | 'closed' | 'currency' | 'country'
} | null {
  if (!debtor) return { field: 'debtorAccount', because: 'unknown' }
  if (!creditor) return { field: 'creditorAccount', because: 'unknown' }
  if (!debtor.open) return { field: 'debtorAccount', because: 'closed' }
  if (!creditor.open) return { field: 'creditorAccount', because: 'closed' }
  if (debtor.iban === creditor.iban) return { field: 'creditorAccount', because: 'same' }
  if (debtor.currency !== creditor.currency) return { field: 'creditorAccount', because: 'currency' }
  if (debtor.country !== creditor.country) return { field: 'creditorAccount', because: 'country' }
  return null
}
