import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BankAccount } from '../../src/bank/index.ts'
import type { Db } from '../../src/db.ts'
import { securityLetter } from '../../src/jobs/handlers/security-letters.ts'
import {
  bankAccount,
  grantTo,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

describe('choosing the two accounts', () => {
  test('keeps what identifies them hashed, and nothing of their numbers', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const listed = [bankAccount({ name: 'Daily' }), bankAccount({ name: 'Holiday' })] as const
    expect(await choose(world, user.id, listed, ...listed)).toEqual({ kind: 'chosen' })
    const chosen = await world.models.accounts.chosenBy(user.id)
    expect([chosen?.debtor.name, chosen?.creditor.name]).toEqual(['Daily', 'Holiday'])
    expect((await world.models.users.find(user.id))?.accLoaded).toBe(true)
    const stored = JSON.stringify([
      await db.prisma.account.findMany({ where: { userId: user.id } }),
      await db.prisma.auditEvent.findMany({ where: { subjectId: user.id } }),
    ])
    for (const account of listed) {
      expect(stored).not.toContain(account.iban)
      expect(stored).not.toContain(account.number.value)
    }
  })

  test('can be turned round', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const [one, other] = [bankAccount({ name: 'One' }), bankAccount({ name: 'Other' })]
    await choose(world, user.id, [one, other], one, other)
    await choose(world, user.id, [one, other], other, one)
    const chosen = await world.models.accounts.chosenBy(user.id)
    expect([chosen?.debtor.name, chosen?.creditor.name]).toEqual(['Other', 'One'])
    expect(await db.prisma.account.count({ where: { userId: user.id } })).toBe(2)
  })

  test('other accounts are told by mail, by their names; the same ones again, and the first, are not (R-09)', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const [one, other] = [bankAccount({ name: 'Daily' }), bankAccount({ name: 'Holiday' })]
    await choose(world, user.id, [one, other], one, other)
    await choose(world, user.id, [one, other], one, other)
    expect(world.jobs).toEqual([])
    await choose(world, user.id, [one, other], other, one)
    expect(world.jobs.map(({ data }) => data)).toEqual([{ userId: user.id, kind: 'accounts-changed' }])
    const deps = { models: world.models, baseUrl: 'http://localhost' }
    const letter = await securityLetter(deps, user.id, 'accounts-changed')
    expect(letter?.text).toContain('Money comes from “Holiday” and goes to “Daily”.')
    for (const { iban, number } of [one, other]) {
      expect(letter?.text).not.toContain(iban)
      expect(letter?.text).not.toContain(number.value)
    }
  })

  test('keeps accounts that are no longer chosen, because payments point at them', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const listed = [bankAccount(), bankAccount()] as const
    await choose(world, user.id, listed, ...listed)
    expect(await db.prisma.account.count({ where: { userId: user.id } })).toBe(4)
  })

  test.each<
    [
      string,
      string,
      string,
      (mine: BankAccount) => { debtor: BankAccount; creditor: BankAccount; unlisted?: 'debtor' | 'creditor' },
    ]
  >([
    [
      'that the bank does not list, to pay from',
      'debtorAccount',
      'unknown',
      (mine) => ({ debtor: bankAccount(), creditor: mine, unlisted: 'debtor' }),
    ],
    [
      'that the bank does not list, to save to',
      'creditorAccount',
      'unknown',
      (mine) => ({ debtor: mine, creditor: bankAccount(), unlisted: 'creditor' }),
    ],
    ['for both', 'creditorAccount', 'same', (mine) => ({ debtor: mine, creditor: mine })],
    [
      'that is closed, to pay from',
      'debtorAccount',
      'closed',
      (mine) => ({ debtor: bankAccount({ open: false }), creditor: mine }),
    ],
    [
      'that is closed, to save to',
      'creditorAccount',
      'closed',
      (mine) => ({ debtor: mine, creditor: bankAccount({ open: false }) }),
    ],
    [
      'in another currency',
      'creditorAccount',
      'currency',
      (mine) => ({ debtor: mine, creditor: bankAccount({ currency: 'EUR' }) }),
    ],
    [
      'in another country',
      'creditorAccount',
      'country',
      (mine) => ({ debtor: mine, creditor: bankAccount({ country: 'FI' }) }),
    ],
  ])('refuses an account %s', async (_what, field, because, choice) => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const before = await world.models.accounts.chosenBy(user.id)
    const { debtor, creditor, unlisted } = choice(bankAccount())
    const listed = [debtor, creditor].filter((_, at) => unlisted !== (['debtor', 'creditor'] as const)[at])
    expect(await choose(world, user.id, listed, debtor, creditor)).toEqual({
      kind: 'refused',
      field,
      because,
    })
    expect(await world.models.accounts.chosenBy(user.id)).toEqual(before)
  })

  test('refuses a number in the place of its hash', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const [one, other] = [bankAccount(), bankAccount()]
    const choice = { debtorAccount: one.iban, creditorAccount: other.iban }
    const result = await world.models.accounts.choose(
      user.id,
      await consentOf(world, user.id),
      [one, other],
      choice,
      SOMEBODY,
    )
    expect(result).toMatchObject({ kind: 'refused', because: 'unknown' })
  })

  test("under somebody else's consent is impossible", async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newLinkedUser(world)]
    const listed = [bankAccount(), bankAccount()] as const
    const [debtorAccount, creditorAccount] = [
      world.models.accounts.hashOf(listed[0]),
      world.models.accounts.hashOf(listed[1]),
    ]
    await expect(
      world.models.accounts.choose(
        user.id,
        await consentOf(world, other.id),
        listed,
        { debtorAccount, creditorAccount },
        SOMEBODY,
      ),
    ).rejects.toThrow()
    expect(await world.models.accounts.chosenBy(user.id)).toBeNull()
  })

  test('twelve times at one moment, to and fro, leaves exactly one on each side', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id)
    const listed = Array.from({ length: 4 }, () => bankAccount())
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, at) => {
        const [from, to] = [listed[at % 4], listed[(at + 1 + (at % 3)) % 4]]
        return choose(world, user.id, listed, from as BankAccount, to as BankAccount)
      }),
    )
    expect(results.every((result) => result.kind === 'chosen')).toBe(true)
    const rows = await db.prisma.account.findMany({ where: { userId: user.id } })
    expect(rows.filter((row) => row.isDebitor)).toHaveLength(1)
    expect(rows.filter((row) => row.isCreditor)).toHaveLength(1)
  })
})

test('a stored account is found in what the bank lists, and only there', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  const listed = [bankAccount(), bankAccount()] as const
  await choose(world, user.id, listed, ...listed)
  const chosen = await world.models.accounts.chosenBy(user.id)
  if (!chosen) throw new Error('nothing was chosen')
  expect(world.models.accounts.findAtBank(chosen.creditor, [bankAccount(), ...listed])).toBe(listed[1])
  expect(world.models.accounts.findAtBank(chosen.creditor, [listed[0], bankAccount()])).toBeNull()
})

test('one side alone is no choice', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  await db.prisma.account.updateMany({
    where: { userId: user.id, isCreditor: true },
    data: { isCreditor: false },
  })
  expect(await world.models.accounts.chosenBy(user.id)).toBeNull()
})

async function choose(
  world: World,
  userId: string,
  listed: readonly BankAccount[],
  debtor: BankAccount,
  creditor: BankAccount,
) {
  const { hashOf } = world.models.accounts
  const choice = { debtorAccount: hashOf(debtor), creditorAccount: hashOf(creditor) }
  return world.models.accounts.choose(userId, await consentOf(world, userId), listed, choice, SOMEBODY)
}

async function consentOf(world: World, userId: string): Promise<string> {
  return (await world.models.consents.live(userId))?.id ?? (await grantTo(world, userId)).id
}
