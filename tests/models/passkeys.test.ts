import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import { SignInOvertaken } from '../../src/errors.ts'
import type { User } from '../../src/generated/client.ts'
import type { Actor } from '../../src/models/context.ts'
import { readNewPasskey } from '../../src/models/passkey/answer.ts'
import { hashPassword } from '../../src/models/password.ts'
import { sealedFor } from '../../src/models/sealing.ts'
import { hasFactor } from '../../src/models/second-factor.ts'
import { Authenticator, type Lies } from '../support/authenticator.ts'
import { auditsOf, newUser, ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(22))
})
afterAll(() => close())

const HERE = 'sid-of-this-browser'
const ORIGIN = 'http://localhost:3999'
const ASKING = { purpose: 'sign-in', sid: HERE, userId: null } as const
const AT = { sid: HERE, mark: null }

let lastNetwork = 0
/** From a network of their own each: wrong answers are counted by network too. */
function somebody(): Actor {
  lastNetwork += 1
  return { ...SOMEBODY, ip: `10.0.${lastNetwork}.1` }
}

interface WithPasskey {
  world: World
  user: User
  phone: Authenticator
  passkeyId: string
  codes: string[] | null
}

const userOf = (id: string) => db.prisma.user.findUniqueOrThrow({ where: { id } })
const kindsOf = (world: World) => world.jobs.map(({ data }) => (data as { kind: string }).kind)
const passkeysOf = (userId: string) => db.prisma.passkey.findMany({ where: { userId } })
/** What the page asks the browser for. */
const asked = async (world: World, question: Parameters<World['models']['passkeys']['ask']>[0] = ASKING) =>
  (await world.models.passkeys.ask(question)) ?? ''

async function added(world: World, user: User, phone: Authenticator, lies: Lies = {}, label = 'My phone') {
  const options = (await world.models.passkeys.askForNew(user, HERE)) ?? ''
  return world.models.passkeys.add(user, { label, answer: phone.create(options, lies) }, HERE, SOMEBODY)
}

async function withPasskey(
  options: ConstructorParameters<typeof Authenticator>[1] = {},
  facts: Partial<User> = {},
): Promise<WithPasskey> {
  const world = worldAt(db)
  const before = await newUser(world, facts)
  const phone = new Authenticator(ORIGIN, options)
  const result = await added(world, before, phone)
  if (result.kind !== 'added') throw new Error(`the passkey was refused: ${result.because}`)
  const [passkey] = await passkeysOf(before.id)
  return { world, user: await userOf(before.id), phone, passkeyId: passkey?.id ?? '', codes: result.codes }
}

const reasonsOf = async (world: World, userId: string, action: string) =>
  (await auditsOf(world, userId, action)).map(({ outcome, detail }) => [
    outcome,
    (detail as { because?: string }).because ?? null,
  ])

describe('a passkey', () => {
  test('is a second factor: other sessions end, backup codes are made, its owner is told', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    expect(hasFactor(user)).toBe(false)
    for (const sid of [HERE, 'elsewhere']) {
      const sess = { passport: { user: user.id } }
      await db.prisma.session.create({
        data: { sid: `${sid}-${user.id}`, sess, expire: new Date(Date.now() + HOUR) },
      })
    }
    const here = `${HERE}-${user.id}`
    const options = (await world.models.passkeys.askForNew(user, here)) ?? ''
    const wish = { label: 'My phone', answer: new Authenticator(ORIGIN, { isSynced: true }).create(options) }
    const result = await world.models.passkeys.add(user, wish, here, SOMEBODY)
    expect(result.kind === 'added' && new Set(result.codes).size).toBe(10)
    expect(hasFactor(await userOf(user.id))).toBe(true)
    expect(await world.models.passkeys.listOwned(user.id)).toMatchObject([
      { label: 'My phone', isSynced: true, createdOn: world.clock.now(), lastUsedOn: null },
    ])
    expect(await db.prisma.session.count({ where: { sid: { endsWith: user.id } } })).toBe(1)
    expect(kindsOf(world)).toEqual(['passkey-added'])
    expect(await reasonsOf(world, user.id, 'user.passkey-added')).toEqual([['done', null]])
  })

  test('is asked of devices so that it knows its owner, asks who is there, and tells us nothing else', async () => {
    const { world, user } = await withPasskey()
    const options = JSON.parse((await world.models.passkeys.askForNew(user, HERE)) ?? '')
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Sparvana' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [{ id: (await passkeysOf(user.id))[0]?.credentialId }],
    })
    expect(options.pubKeyCredParams.map(({ alg }: { alg: number }) => alg).sort()).toEqual(
      [-257, -7, -8].sort(),
    )
    expect(Buffer.from(options.user.id, 'base64url').toString('hex')).toBe(user.id.replaceAll('-', ''))
    expect(JSON.parse(await asked(world))).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
  })

  test('is the one more, not the first: codes stay, and there are ten at most, however many come at once', async () => {
    const { world, user } = await withPasskey()
    const before = await db.prisma.backupCode.findMany({ where: { userId: user.id } })
    const phones = Array.from({ length: 12 }, () => new Authenticator(ORIGIN))
    const results = await Promise.all(phones.map((phone) => added(world, user, phone)))
    expect(results.filter(({ kind }) => kind === 'added')).toHaveLength(9)
    expect(results.filter((result) => result.kind === 'added' && result.codes)).toEqual([])
    expect(results).toContainEqual({ kind: 'refused', because: 'full' })
    expect((await userOf(user.id)).passkeyCount).toBe(10)
    expect(await db.prisma.backupCode.findMany({ where: { userId: user.id } })).toEqual(before)
  })

  test('that is one of two first ones at the same moment brings codes once', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const results = await Promise.all([1, 2].map(() => added(world, user, new Authenticator(ORIGIN))))
    expect(results.map((result) => result.kind === 'added' && result.codes !== null).sort()).toEqual([
      false,
      true,
    ])
  })

  test('belongs to one account', async () => {
    const { world, phone, user } = await withPasskey()
    const id = phone.keys[0]?.id ?? ''
    expect(await added(world, await newUser(world), new Authenticator(ORIGIN), { id })).toEqual({
      kind: 'refused',
      because: 'known',
    })
    expect((await passkeysOf(user.id)).map(({ credentialId }) => credentialId)).toEqual([id])
  })

  test('is renamed and removed by its owner only', async () => {
    const { world, user, passkeyId } = await withPasskey()
    const { passkeys } = world.models
    const other = await newUser(world)
    expect(await passkeys.rename(other.id, passkeyId, 'Mine', SOMEBODY)).toBe(false)
    expect(await passkeys.remove(other.id, passkeyId, HERE, SOMEBODY)).toBe('missing')
    expect(await passkeys.findOwned(other.id, passkeyId)).toBeNull()
    expect(await passkeys.rename(user.id, passkeyId, 'Laptop', SOMEBODY)).toBe(true)
    expect(await passkeys.findOwned(user.id, passkeyId)).toMatchObject({ label: 'Laptop' })
  })

  test('that is the last factor takes the backup codes with it, and what was asked about it', async () => {
    const { world, user, passkeyId } = await withPasskey()
    const { passkeys, factors } = world.models
    await factors.askReset(user.id, SOMEBODY)
    const results = await Promise.all([1, 2].map(() => passkeys.remove(user.id, passkeyId, HERE, SOMEBODY)))
    expect(results.sort()).toEqual(['missing', 'removed'])
    expect(hasFactor(await userOf(user.id))).toBe(false)
    expect(await factors.codesLeft(user.id)).toBe(0)
    expect(await factors.openReset(user.id)).toBeNull()
    expect(kindsOf(world)).toEqual(['passkey-added', 'factor-reset-asked', 'passkey-removed'])
  })

  test('stays where it is an admin’s last factor, also when both are taken off at once', async () => {
    const { world, user } = await withPasskey({}, { role: 'ADMIN' })
    await added(world, user, new Authenticator(ORIGIN))
    const ids = (await passkeysOf(user.id)).map(({ id }) => id)
    const results = await Promise.all(
      ids.map((id) => world.models.passkeys.remove(user.id, id, HERE, SOMEBODY)),
    )
    expect(results.sort()).toEqual(['has-to-stay', 'removed'])
    expect((await userOf(user.id)).passkeyCount).toBe(1)
  })

  test('is gone after a reset by mail, and signs nobody in any more', async () => {
    const { world, user, phone } = await withPasskey()
    const { factors, identity } = world.models
    expect(await factors.askReset(user.id, SOMEBODY)).not.toBeNull()
    world.clock.advance(48 * HOUR)
    expect(await factors.completeReset(user.id, SOMEBODY)).toBe(true)
    expect(await userOf(user.id)).toMatchObject({ passkeyCount: 0, totpConfirmedOn: null })
    const answer = phone.get(await asked(world))
    expect(await identity.signIn(answer, AT, somebody())).toEqual({ kind: 'wrong' })
  })

  test('beside an authenticator goes without taking the codes with it, and the other way round', async () => {
    const { world, user, passkeyId } = await withPasskey()
    const { factors, passkeys } = world.models
    const totpSecretSealed = world.context.sealer.seal('x', sealedFor.totpSecret(user.id))
    const authenticator = { totpSecretSealed, totpConfirmedOn: world.clock.now() }
    await db.prisma.user.update({ where: { id: user.id }, data: authenticator })
    await passkeys.remove(user.id, passkeyId, HERE, SOMEBODY)
    expect([hasFactor(await userOf(user.id)), await factors.codesLeft(user.id)]).toEqual([true, 10])
    await added(world, user, new Authenticator(ORIGIN))
    await factors.remove(user.id, HERE, SOMEBODY)
    expect([hasFactor(await userOf(user.id)), await factors.codesLeft(user.id)]).toEqual([true, 10])
  })

  test('is not offered where the app has no name, only an address', async () => {
    for (const origin of ['http://127.0.0.1:3000', 'http://[::1]:3000']) {
      const { models } = worldAt(db, undefined, { origin })
      expect(await models.passkeys.ask(ASKING)).toBeNull()
    }
  })
})

describe('a new passkey is refused', () => {
  test.each<[string, Lies]>([
    ['another origin', { origin: 'https://sparvana.example' }],
    ['the same host on another port', { origin: 'http://localhost:4000' }],
    ['another relying party', { rpId: 'example.com' }],
    ['a page that held ours in a frame', { crossOrigin: true }],
    ['an answer to another kind of question', { type: 'webauthn.get' }],
    ['nobody who was there', { isPresent: false }],
    ['nobody who was recognised', { isVerified: false }],
    ['a challenge of somebody else’s', { challenge: Buffer.alloc(54).toString('base64url') }],
  ])('with %s', async (_what, lies) => {
    const world = worldAt(db)
    const user = await newUser(world)
    const result = await added(world, user, new Authenticator(ORIGIN), lies)
    expect(result).toEqual({ kind: 'refused', because: 'wrong' })
    expect(await userOf(user.id)).toMatchObject({ passkeyCount: 0 })
    expect(await reasonsOf(world, user.id, 'user.passkey-added')).toEqual([['refused', 'wrong']])
  })

  test('with a certificate of its maker before anybody reads that: looking it up would call addresses in it', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const options = (await world.models.passkeys.askForNew(user, HERE)) ?? ''
    const phone = new Authenticator(ORIGIN)
    const certificate = Buffer.from('whatever')
    expect(await readNewPasskey(phone.create(options, { certificate }))).toBeNull()
    expect(await readNewPasskey(phone.create(options))).not.toBeNull()
    expect(await added(world, user, phone, { certificate })).toEqual({ kind: 'refused', because: 'wrong' })
    // The key’s own word needs nobody else's.
    expect((await added(world, user, phone, { isSelfSigned: true })).kind).toBe('added')
  })

  test('when its challenge is old, was for another session or account, or has been used', async () => {
    const world = worldAt(db)
    const [user, other] = await Promise.all([newUser(world), newUser(world)])
    const { passkeys } = world.models
    const phone = new Authenticator(ORIGIN)
    const options = (await passkeys.askForNew(user, HERE)) ?? ''
    const wish = { label: 'Phone', answer: phone.create(options) }
    const wrong = { kind: 'refused', because: 'wrong' }
    expect(await passkeys.add(user, wish, 'another-session', SOMEBODY)).toEqual(wrong)
    expect(await passkeys.add(other, wish, HERE, SOMEBODY)).toEqual(wrong)
    world.clock.advance(5 * MINUTE)
    expect(await passkeys.add(user, wish, HERE, SOMEBODY)).toEqual(wrong)
    const fresh = (await passkeys.askForNew(user, HERE)) ?? ''
    const answers = Array.from({ length: 5 }, () => ({ label: 'Phone', answer: phone.create(fresh) }))
    const results = await Promise.all(answers.map((answer) => passkeys.add(user, answer, HERE, SOMEBODY)))
    expect(results.filter(({ kind }) => kind === 'added')).toHaveLength(1)
  })

  test.each(['', 'x', '{}', 'null', '[]', '{"id":1}', `{"a":"${'x'.repeat(20_000)}"}`])(
    'when it is nothing (%#)',
    async (answer) => {
      const world = worldAt(db)
      const user = await newUser(world)
      const result = await world.models.passkeys.add(user, { label: 'x', answer }, HERE, SOMEBODY)
      expect(result).toEqual({ kind: 'refused', because: 'wrong' })
    },
  )
})

describe('signing in with a passkey (R-49)', () => {
  test('needs neither address nor password, and says which factor it was', async () => {
    const { world, user, phone } = await withPasskey()
    const result = await world.models.identity.signIn(phone.get(await asked(world)), AT, somebody())
    expect(result).toMatchObject({ kind: 'right', user: { id: user.id } })
    expect((await passkeysOf(user.id))[0]).toMatchObject({ counter: 1n, lastUsedOn: world.clock.now() })
    expect(await reasonsOf(world, user.id, 'user.factor-checked')).toEqual([['done', null]])
  })

  test('works each time with an authenticator that does not count', async () => {
    const { world, phone } = await withPasskey({ counts: false })
    for (let turn = 0; turn < 3; turn += 1) {
      const result = await world.models.identity.signIn(phone.get(await asked(world)), AT, somebody())
      expect(result.kind).toBe('right')
    }
  })

  test.each<[string, Lies, string]>([
    ['of another origin', { origin: 'https://sparvana.example' }, 'unproven'],
    ['for another relying party', { rpId: 'example.com' }, 'unproven'],
    ['of a page that held ours in a frame', { crossOrigin: true }, 'unreadable'],
    ['to another kind of question', { type: 'webauthn.create' }, 'unproven'],
    ['of nobody who was recognised', { isVerified: false }, 'unproven'],
    ['of nobody who was there', { isPresent: false }, 'unproven'],
    ['with a wrong signature', { isBroken: true }, 'unproven'],
    ['that says it is somebody else’s', { userHandle: Buffer.alloc(16).toString('base64url') }, 'unknown'],
    ['that does not say whose it is', { userHandle: null }, 'unknown'],
    [
      'to a challenge that we have not made',
      { challenge: Buffer.alloc(54).toString('base64url') },
      'foreign',
    ],
    ['to a challenge that is none', { challenge: 'x' }, 'foreign'],
  ])('refuses an answer %s', async (_what, lies, because) => {
    const { world, user, phone } = await withPasskey()
    const by = { ...somebody(), requestId: user.id }
    const result = await world.models.identity.signIn(phone.get(await asked(world), lies), AT, by)
    expect(result).toEqual({ kind: 'wrong' })
    const [line] = await db.prisma.auditEvent.findMany({ where: { requestId: user.id } })
    expect(line).toMatchObject({ action: 'user.sign-in', outcome: 'refused', detail: { because } })
    expect((await passkeysOf(user.id))[0]).toMatchObject({ counter: 0n, lastUsedOn: null })
  })

  test('refuses a challenge that is old, of another session, or of another purpose', async () => {
    const { world, user, phone } = await withPasskey()
    const { identity } = world.models
    const early = phone.get(await asked(world))
    world.clock.advance(5 * MINUTE)
    expect(await identity.signIn(early, AT, somebody())).toEqual({ kind: 'wrong' })
    const elsewhere = phone.get(await asked(world))
    expect(await identity.signIn(elsewhere, { ...AT, sid: 'another' }, somebody())).toEqual({ kind: 'wrong' })
    const question = { purpose: 'confirm', sid: HERE, userId: user.id } as const
    const confirming = phone.get(await asked(world, question))
    expect(await identity.signIn(confirming, AT, somebody())).toEqual({ kind: 'wrong' })
    const signingIn = phone.get(await asked(world))
    expect(await identity.confirm(user, { passkey: signingIn, sid: HERE, about: '' }, SOMEBODY)).toEqual({
      kind: 'wrong',
    })
  })

  test('takes one answer once, by twenty at one moment too', async () => {
    const { world, user, phone } = await withPasskey({ counts: false })
    const answer = phone.get(await asked(world))
    const results = await Promise.all(
      Array.from({ length: 20 }, () => world.models.passkeys.spend(answer, ASKING, SOMEBODY)),
    )
    expect(results.filter(({ kind }) => kind === 'right')).toHaveLength(1)
    expect(await reasonsOf(world, user.id, 'user.sign-in')).toEqual(Array(19).fill(['refused', 'used']))
    // Another process, later.
    expect(await worldAt(db).models.passkeys.spend(answer, ASKING, SOMEBODY)).toEqual({ kind: 'wrong' })
  })

  test('refuses a counter that goes back or stands still, tells the owner, and goes on with the right one', async () => {
    const { world, user, phone } = await withPasskey()
    const { passkeys } = world.models
    const shown = async (lies: Lies = {}) =>
      (await passkeys.spend(phone.get(await asked(world), lies), ASKING, SOMEBODY)).kind
    expect(await shown({ counter: 7 })).toBe('right')
    expect([await shown({ counter: 6 }), await shown({ counter: 7 }), await shown({ counter: 0 })]).toEqual([
      'wrong',
      'wrong',
      'wrong',
    ])
    const copies = await auditsOf(world, user.id, 'user.passkey-copied')
    expect(copies.map(({ detail }) => detail)).toEqual(
      [6, 7, 0].map((count) => ({ because: 'the counter went back', kept: 7, shown: count })),
    )
    expect(kindsOf(world).filter((kind) => kind === 'passkey-copied')).toHaveLength(3)
    // A wrong signature says nothing about copies.
    expect(await shown({ counter: 3, isBroken: true })).toBe('wrong')
    expect(await auditsOf(world, user.id, 'user.passkey-copied')).toHaveLength(3)
    expect(await shown({ counter: 8 })).toBe('right')
  })

  test('by two answers with one count at the same moment lets one in', async () => {
    const { world, phone } = await withPasskey()
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => phone.get(await asked(world), { counter: 5 })),
    )
    const results = await Promise.all(
      answers.map((answer) => world.models.passkeys.spend(answer, ASKING, SOMEBODY)),
    )
    expect(results.filter(({ kind }) => kind === 'right')).toHaveLength(1)
  })

  test.each(['LOCKED', 'CLOSED'] as const)('lets nobody into an account that is %s', async (status) => {
    const { world, user, phone } = await withPasskey()
    await db.prisma.user.update({ where: { id: user.id }, data: { status } })
    const answer = phone.get(await asked(world))
    expect(await world.models.identity.signIn(answer, AT, somebody())).toEqual({ kind: 'wrong' })
  })

  test('is paused after five wrong answers for one passkey, but not in a browser that its owner knows', async () => {
    const { world, user, phone } = await withPasskey()
    const { identity, users } = world.models
    const by = somebody()
    const browser = { mark: null, label: 'Firefox on Linux' }
    const { mark } = await users.arrive(user, browser, { factor: 'passkey' }, SOMEBODY)
    const shown = async (lies: Lies, at: { sid: string; mark: string | null } = AT) =>
      identity.signIn(phone.get(await asked(world), lies), at, by)
    for (let turn = 0; turn < 5; turn += 1) expect(await shown({ isBroken: true })).toEqual({ kind: 'wrong' })
    expect(await shown({})).toEqual({ kind: 'wait', ms: 30 * SECOND })
    expect(await shown({}, { sid: HERE, mark })).toMatchObject({ kind: 'right' })
    world.clock.advance(30 * SECOND)
    expect(await shown({})).toMatchObject({ kind: 'right' })
  })

  test('that a new factor has overtaken lets nobody in', async () => {
    const { world, user } = await withPasskey()
    const browser = { mark: null, label: 'Firefox on Linux' }
    const unaware = { ...user, passkeyCount: 0 }
    const arrival = { factor: null }
    await expect(world.models.users.arrive(unaware, browser, arrival, SOMEBODY)).rejects.toThrow(
      SignInOvertaken,
    )
  })
})

describe('a passkey as the second step, and inside', () => {
  test('is the account’s own: another saver’s is refused, though it is right', async () => {
    const { world, user } = await withPasskey()
    const other = await withPasskey()
    const question = { purpose: 'confirm', sid: HERE, userId: user.id } as const
    const options = JSON.parse(await asked(world, question))
    const answer = other.phone.get(JSON.stringify({ ...options, allowCredentials: [] }))
    expect(await world.models.identity.checkPasskey(user, answer, AT, SOMEBODY)).toEqual({ kind: 'wrong' })
    expect(await reasonsOf(world, user.id, 'user.factor-checked')).toEqual([['refused', 'unknown']])
  })

  test('replaces password and code, once, for what it was asked about', async () => {
    const { world, user, phone } = await withPasskey()
    const about = 'a habit that pays 25.00 kr'
    const question = { purpose: 'confirm', sid: HERE, userId: user.id, about } as const
    const { identity, factors } = world.models
    await factors.askReset(user.id, SOMEBODY)
    const shown = { passkey: phone.get(await asked(world, question)), sid: HERE, about }
    const more = { ...shown, about: 'a habit that pays 2500.00 kr' }
    expect(await identity.confirm(user, more, SOMEBODY)).toEqual({ kind: 'wrong' })
    expect(await identity.confirm(user, shown, SOMEBODY)).toEqual({ kind: 'right' })
    expect(await factors.openReset(user.id)).toBeNull()
    expect(await identity.confirm(user, shown, SOMEBODY)).toEqual({ kind: 'wrong' })
  })

  test('makes the password alone too little, and a backup code enough', async () => {
    const { world, user, codes } = await withPasskey()
    const { identity } = world.models
    const hashedPwd = await hashPassword('Quiet-otter-39-lakes', world.context.rules.passwordPepper, 4)
    const owner = { ...user, hashedPwd }
    const shown = { password: 'Quiet-otter-39-lakes', code: '' }
    expect(await identity.confirm(owner, shown, SOMEBODY)).toEqual({ kind: 'wrong' })
    expect(await identity.confirm(owner, { ...shown, code: codes?.[0] ?? '' }, SOMEBODY)).toEqual({
      kind: 'right',
    })
    expect(await identity.checkCode(owner, codes?.[1] ?? '', null, SOMEBODY)).toEqual({
      kind: 'right',
      factor: 'backup-code',
    })
  })

  test('is counted among the tries of the second step', async () => {
    const { world, user, phone } = await withPasskey()
    const { identity } = world.models
    const question = { purpose: 'confirm', sid: HERE, userId: user.id } as const
    const shown = async (lies: Lies) =>
      identity.checkPasskey(user, phone.get(await asked(world, question), lies), AT, SOMEBODY)
    for (let turn = 0; turn < 5; turn += 1) expect((await shown({ isBroken: true })).kind).toBe('wrong')
    expect((await shown({})).kind).toBe('wait')
    world.clock.advance(30 * SECOND)
    expect(await shown({})).toEqual({ kind: 'right', factor: 'passkey' })
  })
})

describe('the database', () => {
  test('knows how many passkeys somebody has, and lets none count backwards', async () => {
    const { user, passkeyId } = await withPasskey()
    expect(user.passkeyCount).toBe(1)
    await db.pool.query(`UPDATE "Passkey" SET counter = 9 WHERE id = $1`, [passkeyId])
    await expect(
      db.pool.query(`UPDATE "Passkey" SET counter = 8 WHERE id = $1`, [passkeyId]),
    ).rejects.toThrow(/counts upwards/)
    await db.pool.query(`DELETE FROM "Passkey" WHERE id = $1`, [passkeyId])
    expect((await userOf(user.id)).passkeyCount).toBe(0)
  })
})
