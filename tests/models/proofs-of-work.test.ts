import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/clock.ts'
import { randomToken } from '../../src/crypto.ts'
import type { Db } from '../../src/db.ts'
import { answerOf, contentOf, solved } from '../support/proofs.ts'
import { ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

const KEY = randomToken()

let db: Db
let close: () => Promise<void>
let world: World

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(12))
  world = worldAt(db, undefined, { proofKey: KEY })
})
afterAll(() => close())

const proofs = () => world.models.proofs
const answerFor = async (form: Parameters<World['models']['proofs']['challengeFor']>[0]) =>
  solved((await proofs().challengeFor(form)) ?? '')

describe('a proof of work', () => {
  test('is good once, for the form it was asked for', async () => {
    const answer = await answerFor('sign-up')
    expect(await proofs().spend('forgotten-password', answer)).toBe('wrong')
    expect(await proofs().spend('sign-up', answer)).toBe('good')
    expect(await proofs().spend('sign-up', answer)).toBe('used')
  })

  test('sent ten times at one moment to two processes is good once', async () => {
    const other = worldAt(db, undefined, { proofKey: KEY })
    const answer = await answerFor('sign-up')
    const verdicts = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        [world, other][turn % 2]?.models.proofs.spend('sign-up', answer),
      ),
    )
    expect(verdicts.filter((verdict) => verdict === 'good')).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict === 'used')).toHaveLength(9)
  })

  test('is too late after half an hour, and what was taken is kept no longer than that', async () => {
    const answer = await answerFor('sign-up')
    const taken = await answerFor('sign-up')
    expect(await proofs().spend('sign-up', taken)).toBe('good')
    world.clock.advance(30 * MINUTE - 1)
    expect(await proofs().spend('sign-up', taken)).toBe('used')
    world.clock.advance(1)
    expect(await proofs().spend('sign-up', answer)).toBe('expired')
    expect(await proofs().spend('sign-up', taken)).toBe('expired')
    world.clock.advance(1)
    await proofs().spend('sign-up', await answerFor('sign-up'))
    expect(await db.prisma.spentProof.count()).toBe(1)
  })

  const FORGED: [string, (good: ReturnType<typeof contentOf>) => unknown][] = [
    ['nothing', () => null],
    ['a list', () => []],
    [
      'without a signature',
      ({ challenge, solution }) => ({ challenge: { ...challenge, signature: undefined }, solution }),
    ],
    ['with another signature', (good) => changed(good, 'signature', 'a'.repeat(64))],
    [
      'for another form',
      (good) => changed(good, 'data', { ...good.challenge.parameters.data, form: 'sign-in' }),
    ],
    [
      'that never ends',
      (good) => changed(good, 'data', { ...good.challenge.parameters.data, expiresAt: 9e15 }),
    ],
    ['with an easier puzzle', (good) => changed(good, 'keyPrefix', '00')],
    ['with another nonce', (good) => changed(good, 'nonce', '0'.repeat(32))],
    ['with work for us', (good) => changed(good, 'cost', 2_000_000_000)],
    [
      'with another answer',
      ({ challenge, solution }) => ({
        challenge,
        solution: { ...solution, derivedKey: challenge.parameters.keyPrefix.repeat(2) },
      }),
    ],
    ['without an answer', ({ challenge }) => ({ challenge })],
    ['with a field more', (good) => changed(good, 'more', 1)],
  ]
  test.each(FORGED)('%s is refused at once', async (_name, forge) => {
    const good = contentOf(await answerFor('sign-up'))
    const begun = performance.now()
    expect(await proofs().spend('sign-up', answerOf(forge(good)))).toBe('wrong')
    expect(performance.now() - begun).toBeLessThan(1_000)
    expect(await proofs().spend('sign-up', answerOf(good))).toBe('good')
  })

  test.each(['', '!', 'e30=', 'x'.repeat(100_000)])('that is none is refused: %.10s', async (answer) => {
    expect(await proofs().spend('sign-up', answer)).toBe('wrong')
  })

  test('made with another key is refused', async () => {
    const elsewhere = worldAt(db, undefined, { proofKey: randomToken() })
    const answer = await solved((await elsewhere.models.proofs.challengeFor('sign-up')) ?? '')
    expect(await proofs().spend('sign-up', answer)).toBe('wrong')
  })

  test('asks for a bounded number of tries', async () => {
    const challenges = await Promise.all(Array.from({ length: 3 }, () => answerFor('sign-up')))
    for (const { challenge, solution } of challenges.map(contentOf)) {
      expect(solution.counter).toBeGreaterThanOrEqual(400)
      expect(solution.counter).toBeLessThanOrEqual(challenge.parameters.data.most)
    }
  })

  test('is not asked for where it is switched off', async () => {
    const plain = worldAt(db).models.proofs
    expect(await plain.challengeFor('sign-up')).toBeNull()
    expect(await plain.isDue({ email: 'a@example.com', mark: null, ip: '192.0.2.1' })).toBe(false)
  })
})

describe('a sign-in asks for it', () => {
  const wrongly = (email: string, ip: string | null) =>
    world.models.users.signIn(email, 'wrong', null, { ...SOMEBODY, kind: 'visitor', ip })

  test('after two failures with the account, wherever they come from, for an hour', async () => {
    const comer = { email: 'ida@example.com', mark: null, ip: null }
    await wrongly(comer.email, null)
    expect(await proofs().isDue(comer)).toBe(false)
    await wrongly(comer.email, null)
    expect(await proofs().isDue(comer)).toBe(true)
    expect(await proofs().isDue({ ...comer, email: 'bo@example.com' })).toBe(false)
    world.clock.advance(HOUR + 1)
    expect(await proofs().isDue(comer)).toBe(false)
  })

  test('after two failures from the network, with whatever account', async () => {
    const comer = { email: null, mark: null, ip: '198.51.100.7' }
    await wrongly('one@example.com', comer.ip)
    await wrongly('two@example.com', comer.ip)
    expect(await proofs().isDue(comer)).toBe(true)
    expect(await proofs().isDue({ ...comer, ip: '198.51.100.8' })).toBe(true)
    expect(await proofs().isDue({ ...comer, ip: '198.51.101.7' })).toBe(false)
  })
})

function changed({ challenge, solution }: ReturnType<typeof contentOf>, name: string, value: unknown) {
  const isSignature = name === 'signature'
  const parameters = isSignature ? challenge.parameters : { ...challenge.parameters, [name]: value }
  return { challenge: { signature: isSignature ? value : challenge.signature, parameters }, solution }
}
