import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

let app: TestApp
const clock = new ManualClock('2026-06-10T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

interface Scene {
  saver: Person
  id: string
  habit: string
  saving: string
  moveBack: string
}

/** A check-off whose money has arrived. */
async function saved(): Promise<Scene> {
  const saver = await newLinkedSaver(app)
  const habit = await newHabit(app, saver)
  const id = await checkOff(app, saver, habit)
  await settle()
  await settle()
  const { payment } = await stored(id)
  expect(payment?.state).toBe('PAID')
  return { saver, id, habit, saving: `/payments/${payment?.id}`, moveBack: `/checkoffs/${id}/move-back` }
}

async function settle(): Promise<void> {
  clock.advance(2 * MINUTE)
  await app.settleDue()
}

const stored = (id: string) =>
  app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id }, include: { payment: true, reversal: true } })
const savedOf = async ({ user }: Person) =>
  (await app.deps.models.habits.totalsOf(user.id)).get('DKK')?.savedMinor
const pageOf = async ({ visitor }: Person, path: string) => textOf((await visitor.get(path)).text)

/** Two accounts of the emulator, as the bank itself books them. */
async function balancesOf({ user }: Person): Promise<number[]> {
  const chosen = await app.deps.models.accounts.chosenBy(user.id)
  const access = await app.deps.models.consents.accessFor(user.id, () =>
    Promise.reject(new Error('no renewal')),
  )
  if (access.kind !== 'access' || !chosen) throw new Error('no way to the bank')
  const anonymous = { onBehalfOf: user.id, actor: 'saver', requestId: null }
  const listed = await app.deps.bank.listAccounts({ ...anonymous, accessToken: access.accessToken })
  return [chosen.debtor, chosen.creditor].map((side) => {
    const account = listed.find((each) => app.deps.models.accounts.hashOf(each) === side.hashedAccNo)
    return account?.availableMinor ?? Number.NaN
  })
}

describe('moving money back', () => {
  test('is offered where the payment has arrived, explained, done and followed to the end', async () => {
    const { saver, id, habit, saving, moveBack } = await saved()
    const before = await balancesOf(saver)
    expect((await saver.visitor.get(saving)).text).toContain(`href="${moveBack}"`)
    expect((await saver.visitor.get(`/habits/${habit}`)).text).toContain(`href="${moveBack}"`)

    const question = await saver.visitor.get(moveBack)
    expect(question.status).toBe(200)
    expect(textOf(question.text)).toMatch(/Move 25\.00\skr back\?/)
    expect(textOf(question.text)).toContain('it no longer counts for the habit')
    expect((await stored(id)).state).toBe('RECORDED')

    const answer = await saver.visitor.post(moveBack)
    const { reversal } = await stored(id)
    const way = `/payments/${reversal?.id}`
    expect([answer.status, answer.headers.location]).toEqual([303, way])
    expect(await saver.visitor.flashes(way)).toContain('The money will be moved back.')
    const scheduled = await pageOf(saver, way)
    expect(scheduled).toContain('Money back: Run')
    expect(scheduled).toContain('What it brings back')
    expect(scheduled).toContain('Call it off')
    expect(await savedOf(saver)).toBe(2_500)

    await settle()
    await settle()
    const done = await pageOf(saver, way)
    expect(done).toContain('The money is back in the account it came from.')
    expect(done).not.toContain('Call it off')
    expect(await savedOf(saver)).toBe(0)
    const after = await balancesOf(saver)
    expect(after).toEqual([(before[0] ?? 0) + 2_500, (before[1] ?? 0) - 2_500])
    const original = await saver.visitor.get(saving)
    expect(original.text).toContain(`href="${way}"`)
    expect(original.text).not.toContain(`href="${moveBack}"`)
    expect(textOf(original.text)).toMatch(/25\.00\skr of it has been moved back since\./)
    expect(await pageOf(saver, '/payments')).toContain('Money back: Run')
    expect(await pageOf(saver, `/habits/${habit}`)).toContain('Moved back')
  })

  test('twice leads to the one payment that does it', async () => {
    const { saver, id, moveBack } = await saved()
    await saver.visitor.get(moveBack)
    await saver.visitor.post(moveBack)
    const { reversal } = await stored(id)
    const way = `/payments/${reversal?.id}`
    await saver.visitor.get(way)
    for (const ask of [() => saver.visitor.post(moveBack), () => saver.visitor.get(moveBack)]) {
      const again = await ask()
      expect([again.status, again.headers.location]).toEqual([303, way])
      expect(await saver.visitor.flashes(way)).toContain('It is being moved back already')
    }
    expect(
      await app.deps.db.prisma.payment.count({ where: { userId: saver.user.id, kind: 'REVERSAL' } }),
    ).toBe(1)
  })

  test('is not called a mere undo by an old page', async () => {
    const { saver, id, moveBack } = await saved()
    await saver.visitor.get(moveBack)
    await saver.visitor.post(moveBack)
    const way = `/payments/${(await stored(id)).reversal?.id}`
    await saver.visitor.get(way)
    expect((await saver.visitor.post(`/checkoffs/${id}/undo`)).headers.location).toBe(way)
    expect(await saver.visitor.flashes(way)).toContain('Its money is being moved back already')
  })

  test('can be called off until it is sent, and asked for again', async () => {
    const { saver, id, habit, saving, moveBack } = await saved()
    await saver.visitor.get(moveBack)
    await saver.visitor.post(moveBack)
    const { reversal } = await stored(id)
    const way = `/payments/${reversal?.id}`
    const off = await saver.visitor.post(`${way}/cancel`)
    expect([off.status, off.headers.location]).toEqual([303, way])
    expect(await saver.visitor.flashes(way)).toContain('Called off. The money stays in your savings account.')
    await saver.visitor.post(`${way}/cancel`)
    expect(await saver.visitor.flashes(way)).toContain('It had ended already.')
    expect((await stored(id)).state).toBe('UNDONE')
    await settle()
    expect(await savedOf(saver)).toBe(2_500)
    for (const path of [way, saving, `/habits/${habit}`])
      expect((await saver.visitor.get(path)).text).toContain(`href="${moveBack}"`)
    expect(textOf((await saver.visitor.get(moveBack)).text)).not.toContain('no longer counts')
    await saver.visitor.post(moveBack)
    await settle()
    await settle()
    expect(await savedOf(saver)).toBe(0)
  })

  test('comes too late to be called off once it is sent', async () => {
    const { saver, id, moveBack } = await saved()
    await saver.visitor.get(moveBack)
    await saver.visitor.post(moveBack)
    const way = `/payments/${(await stored(id)).reversal?.id}`
    await settle()
    await saver.visitor.post(`${way}/cancel`)
    expect(await saver.visitor.flashes(way)).toContain('Too late to call it off')
  })

  test('is refused for what is not saved, in words, and changes nothing', async () => {
    const saver = await newLinkedSaver(app)
    const id = await checkOff(app, saver, await newHabit(app, saver))
    const { payment } = await stored(id)
    const before = await snapshot(app)
    for (const answer of [
      await saver.visitor.get(`/checkoffs/${id}/move-back`),
      await saver.visitor.post(`/checkoffs/${id}/move-back`),
    ]) {
      expect(answer.status).toBe(409)
      expect(textOf(answer.text)).toContain('There is nothing to move back')
      expect(answer.text).toContain(`href="/payments/${payment?.id}"`)
    }
    const cancel = await saver.visitor.post(`/payments/${payment?.id}/cancel`)
    expect(cancel.status).toBe(409)
    expect(textOf(cancel.text)).toContain('Take back what it pays for, one by one.')
    expect(await snapshot(app)).toEqual(before)
  })

  test('is its owner’s alone, and takes no fields', async () => {
    const { saver, id, moveBack } = await saved()
    const other = await newLinkedSaver(app)
    await saver.visitor.get(moveBack)
    const before = await snapshot(app)
    expect((await other.visitor.get(moveBack)).status).toBe(404)
    expect((await other.visitor.post(moveBack)).status).toBe(404)
    const nobody = new Visitor(app)
    expect((await nobody.get(moveBack)).headers.location).toBe('/login')
    expect((await nobody.post(moveBack)).headers.location).toBe('/login')
    expect((await saver.visitor.post(moveBack, { amountMinor: '999999' })).status).toBe(422)
    expect((await saver.visitor.post(moveBack, { creditorAccountId: id })).status).toBe(422)
    expect(await snapshot(app)).toEqual(before)
    await saver.visitor.get(moveBack)
    await saver.visitor.post(moveBack)
    const way = `/payments/${(await stored(id)).reversal?.id}`
    expect((await other.visitor.post(`${way}/cancel`)).status).toBe(404)
    expect((await stored(id)).reversal?.state).toBe('SCHEDULED')
  })
})
