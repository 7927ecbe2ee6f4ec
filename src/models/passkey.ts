import { isIP } from 'node:net'
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server'
import { MINUTE } from '../clock.ts'
import type { Tx } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { Passkey, User } from '../generated/client.ts'
import type { MailKind } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { readAssertion, readNewPasskey, type Shown, type ShownNew } from './passkey/answer.ts'
import { createChallenges, type Question } from './passkey/challenge.ts'
import { webauthn } from './passkey/webauthn.ts'
import { callOffReset, endCodes, type Factors, hasFactor, lockUser } from './second-factor.ts'
import { endSessions } from './session.ts'
import { takeOnce } from './single-use.ts'

/** The database allows no more either. */
export const MOST_PASSKEYS = 10
/** Those that nearly every authenticator has, by their numbers in COSE: ES256, EdDSA, RS256. */
const ALGORITHMS = [-7, -8, -257]
/** How long browsers wait for their user. */
const TIMEOUT_MS = 5 * MINUTE

/** A passkey as its owner sees it. */
export type OwnPasskey = Pick<Passkey, 'id' | 'label' | 'isSynced' | 'createdOn' | 'lastUsedOn'>

/** Why it was wrong stands in the audit trail, and is told to nobody. */
export type PasskeyVerdict = { kind: 'right'; user: User } | { kind: 'wrong' }

export type AddPasskeyResult =
  /** @param codes backup codes, shown this once; null when there were some before. */
  { kind: 'added'; codes: string[] | null } | { kind: 'refused'; because: NewRefusal }

/** Wrong is whatever no authenticator has answered to our question of a moment ago. */
type NewRefusal = 'wrong' | 'known' | 'full'

export type RemovePasskeyResult = 'removed' | 'missing' | 'has-to-stay'

type Refusal =
  | 'unreadable'
  | 'foreign'
  | 'expired'
  | 'unknown'
  | 'unproven'
  | 'used'
  | 'counter'
  | 'too-many-tries'

export type Passkeys = ReturnType<typeof createPasskeys>

/**
 * Keys in phones, computers and security keys (WebAuthn). Every one has asked its owner for a finger, a face or a PIN, so that
 * it replaces password and code together. It works for our own origin, as the settings say, and for no other.
 */
export function createPasskeys(
  { db, clock, queue, rules }: ModelContext,
  { factors }: { factors: Pick<Factors, 'renewCodes'> },
) {
  const challenges = createChallenges(rules.passkeyKey)
  const { hostname } = new URL(rules.origin)
  const expected = {
    expectedOrigin: rules.origin,
    expectedRPID: hostname,
    requireUserVerification: true,
  } as const

  return {
    /** A passkey belongs to a name: there are none where the app has only an address. */
    isOn: isIP(hostname.replace(/^\[|\]$/g, '')) === 0,

    /** @returns what the browser is to ask of any passkey, or of one of the saver's, as JSON; null when there can be none. */
    async ask(question: Question): Promise<string | null> {
      if (!this.isOn) return null
      const allowCredentials = question.userId === null ? [] : await credentialsOf(question.userId)
      if (question.userId !== null && allowCredentials.length === 0) return null
      const options: PublicKeyCredentialRequestOptionsJSON = {
        rpId: hostname,
        challenge: Buffer.from(challenges.ask(question, clock.now())).toString('base64url'),
        allowCredentials: allowCredentials.map((credential) => ({ ...credential, type: 'public-key' })),
        timeout: TIMEOUT_MS,
        userVerification: 'required',
      }
      return JSON.stringify(options)
    },

    /** The same for a new one, which is to be kept by its authenticator, so that it can be found without an address. */
    async askForNew(user: User, sid: string): Promise<string | null> {
      if (!this.isOn) return null
      const { generateRegistrationOptions } = await webauthn()
      const options = await generateRegistrationOptions({
        rpID: hostname,
        rpName: 'Sparvana',
        // It says nothing of whoever it belongs to.
        userID: handleOf(user.id),
        userName: user.email,
        userDisplayName: user.fullName,
        challenge: challenges.ask({ purpose: 'add', sid, userId: user.id }, clock.now()),
        attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: await credentialsOf(user.id),
        timeout: TIMEOUT_MS,
      })
      return JSON.stringify(options)
    },

    /** A passkey is a second factor: other sessions end, and with the first of all factors come backup codes. */
    async add(
      user: User,
      wish: { label: string; answer: string },
      sid: string,
      by: Actor,
    ): Promise<AddPasskeyResult> {
      const shown = await readNewPasskey(wish.answer)
      const question = { purpose: 'add', sid, userId: user.id } as const
      const challenge = shown && challenges.check(shown.challenge, question, clock.now())
      const made = shown && challenge?.kind === 'good' ? await newPasskeyIn(shown) : null
      if (!made || challenge?.kind !== 'good') return refuseNew(user.id, 'wrong', by)
      const keep = async (tx: Tx): Promise<AddPasskeyResult> => {
        const now = clock.now()
        const before = await lockUser(tx, user.id)
        if (before.passkeyCount >= MOST_PASSKEYS) return { kind: 'refused', because: 'full' }
        if (!(await takeOnce(tx, challenge.nonce, { now, expiresOn: challenge.expiresOn })))
          return { kind: 'refused', because: 'wrong' }
        const { id } = await tx.passkey.create({
          data: { ...made, userId: user.id, label: wish.label, createdOn: now },
        })
        await endSessions(tx, user.id, sid)
        await callOffReset(tx, user.id, now, by)
        const object = { kind: 'passkey', id }
        await audit(tx, { action: 'user.passkey-added', by, at: now, subjectId: user.id, object })
        await tell(tx, user.id, 'passkey-added')
        return { kind: 'added', codes: hasFactor(before) ? null : await factors.renewCodes(tx, user.id) }
      }
      try {
        const result = await db.transaction(keep)
        return result.kind === 'refused' ? refuseNew(user.id, result.because, by) : result
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        return refuseNew(user.id, 'known', by)
      }
    },

    async listOwned(userId: string): Promise<OwnPasskey[]> {
      return db.prisma.passkey.findMany({
        where: { userId },
        select: { id: true, label: true, isSynced: true, createdOn: true, lastUsedOn: true },
        orderBy: { createdOn: 'asc' },
      })
    },

    async findOwned(userId: string, id: string): Promise<OwnPasskey | null> {
      return db.prisma.passkey.findFirst({ where: { id, userId } })
    },

    /** @returns false when there is none of that id. */
    async rename(userId: string, id: string, label: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const { count } = await tx.passkey.updateMany({ where: { id, userId }, data: { label } })
        if (count === 0) return false
        const object = { kind: 'passkey', id }
        await audit(tx, { action: 'user.passkey-renamed', by, at: clock.now(), subjectId: userId, object })
        return true
      })
    },

    /** Backup codes go with the last factor: alone they are none. An admin's last factor stays. */
    async remove(userId: string, id: string, keepSid: string, by: Actor): Promise<RemovePasskeyResult> {
      return db.transaction(async (tx) => {
        const { role, passkeyCount, totpConfirmedOn } = await lockUser(tx, userId)
        if ((await tx.passkey.count({ where: { id, userId } })) === 0) return 'missing'
        const isLast = passkeyCount === 1 && totpConfirmedOn === null
        const line = {
          action: 'user.passkey-removed',
          by,
          at: clock.now(),
          subjectId: userId,
          object: { kind: 'passkey', id },
        }
        if (isLast && role === 'ADMIN') {
          await audit(tx, { ...line, outcome: 'refused' })
          return 'has-to-stay'
        }
        await tx.passkey.deleteMany({ where: { id, userId } })
        if (isLast) await endCodes(tx, userId)
        await callOffReset(tx, userId, clock.now(), by)
        await endSessions(tx, userId, keepSid)
        await audit(tx, line)
        await tell(tx, userId, 'passkey-removed')
        return 'removed'
      })
    },

    /** Which passkey an answer names, and whose that is; so that tries can be counted before anything is checked. */
    async claimed(text: string): Promise<{ credentialId: string | null; owner: User | null }> {
      const credentialId = readAssertion(text)?.answer.id ?? null
      return {
        credentialId,
        owner: credentialId === null ? null : ((await withOwner(credentialId))?.user ?? null),
      }
    },

    /** Takes an answer: once, to the question that was asked, in the session that asked it, while it is fresh. */
    async spend(text: string, question: Question, by: Actor): Promise<PasskeyVerdict> {
      const wrong = (because: Refusal, userId = question.userId) => refuse(question, because, userId, by)
      const shown = readAssertion(text)
      if (!shown) return wrong('unreadable')
      const challenge = challenges.check(shown.challenge, question, clock.now())
      if (challenge.kind !== 'good') return wrong(challenge.kind)
      const passkey = await ownPasskeyIn(shown, question)
      if (!passkey) return wrong('unknown')
      const proof = await proofIn(shown, passkey)
      if (!proof) return wrong('unproven', passkey.userId)
      const outcome = await db.transaction(async (tx) => {
        if (!(await takeOnce(tx, challenge.nonce, { now: clock.now(), expiresOn: challenge.expiresOn })))
          return 'used'
        if (await countOn(tx, passkey, proof)) {
          await noteUse(tx, passkey, by)
          return 'right'
        }
        await noteCopy(tx, passkey, proof.counter, by)
        return 'counter'
      })
      return outcome === 'right' ? { kind: 'right', user: passkey.user } : wrong(outcome, passkey.userId)
    },

    refuse,
  }

  function withOwner(credentialId: string) {
    return db.prisma.passkey.findUnique({ where: { credentialId }, include: { user: true } })
  }

  async function credentialsOf(userId: string): Promise<{ id: string; transports: string[] }[]> {
    const passkeys = await db.prisma.passkey.findMany({ where: { userId }, orderBy: { createdOn: 'asc' } })
    return passkeys.map(({ credentialId, transports }) => ({ id: credentialId, transports }))
  }

  /** @returns what is kept of it; null when it doesn't prove what was asked for. */
  async function newPasskeyIn({ answer, challenge }: ShownNew) {
    const { verifyRegistrationResponse } = await webauthn()
    const options = { ...expected, response: answer, expectedChallenge: challenge }
    // The library throws for each thing that can be wrong; none of them is told apart here.
    const checked = await verifyRegistrationResponse({ ...options, supportedAlgorithmIDs: ALGORITHMS }).catch(
      () => null,
    )
    if (!checked?.verified) return null
    const { credential, credentialBackedUp } = checked.registrationInfo
    return {
      credentialId: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      transports: credential.transports ?? [],
      isSynced: credentialBackedUp,
    }
  }

  /** The passkey that an answer names, if it is one of whoever was asked, and its owner may come in at all. */
  async function ownPasskeyIn({ answer }: Shown, { userId }: Question) {
    const found = await withOwner(answer.id)
    if (found?.user.status !== 'ACTIVE' || (userId !== null && found.userId !== userId)) return null
    const { userHandle } = answer.response
    // Where nobody had said who they are, the authenticator has to.
    if (userHandle === undefined) return userId === null ? null : found
    return userHandle === Buffer.from(handleOf(found.userId)).toString('base64url') ? found : null
  }

  /**
   * Whether it was signed with this key, here, by somebody whom the authenticator has recognised. The counter is looked at
   * afterwards: only of a right signature does it mean anything.
   */
  async function proofIn({ answer, challenge }: Shown, passkey: Passkey) {
    const { verifyAuthenticationResponse } = await webauthn()
    const credential = { id: passkey.credentialId, publicKey: passkey.publicKey, counter: 0 }
    const options = { ...expected, response: answer, expectedChallenge: challenge, credential }
    const checked = await verifyAuthenticationResponse(options).catch(() => null)
    if (!checked?.verified) return null
    const { newCounter, credentialBackedUp } = checked.authenticationInfo
    return { counter: BigInt(newCounter), isSynced: credentialBackedUp }
  }

  /** One statement decides. @returns false when the counter hasn't gone on; authenticators that don't count always say 0. */
  async function countOn(tx: Tx, { id }: Passkey, proof: { counter: bigint; isSynced: boolean }) {
    const counter = proof.counter === 0n ? 0n : { lt: proof.counter }
    const { count } = await tx.passkey.updateMany({
      where: { id, counter },
      data: { ...proof, lastUsedOn: clock.now() },
    })
    return count === 1
  }

  async function noteUse(tx: Tx, { id, userId }: Passkey, by: Actor): Promise<void> {
    await audit(tx, {
      action: 'user.factor-checked',
      by,
      at: clock.now(),
      subjectId: userId,
      object: { kind: 'passkey', id },
      detail: { kind: 'passkey' },
    })
  }

  /** Somebody else has the same key, or its owner has taken it off a moment ago. */
  async function noteCopy(tx: Tx, { id, userId }: Passkey, shown: bigint, by: Actor): Promise<void> {
    const kept = await tx.passkey.findUnique({ where: { id } })
    if (!kept) return
    await audit(tx, {
      action: 'user.passkey-copied',
      by,
      at: clock.now(),
      subjectId: userId,
      object: { kind: 'passkey', id },
      outcome: 'refused',
      detail: { because: 'the counter went back', kept: Number(kept.counter), shown: Number(shown) },
    })
    await tell(tx, userId, 'passkey-copied')
  }

  /** Writes it down. Where nobody had said who they are it was a sign-in; otherwise a password had been right. */
  async function refuse(
    question: Question,
    because: Refusal,
    subjectId: string | null,
    by: Actor,
  ): Promise<PasskeyVerdict> {
    await db.transaction((tx) =>
      audit(tx, {
        action: question.userId === null ? 'user.sign-in' : 'user.factor-checked',
        by,
        at: clock.now(),
        subjectId,
        outcome: 'refused',
        detail: { kind: 'passkey', because },
      }),
    )
    return { kind: 'wrong' }
  }

  async function refuseNew(subjectId: string, because: NewRefusal, by: Actor): Promise<AddPasskeyResult> {
    const refusal = { outcome: 'refused', detail: { because } } as const
    await db.transaction((tx) =>
      audit(tx, { action: 'user.passkey-added', by, at: clock.now(), subjectId, ...refusal }),
    )
    return { kind: 'refused', because }
  }

  async function tell(tx: Tx, userId: string, kind: MailKind): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
  }
}

/** The bytes of the saver's id. */
function handleOf(userId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(userId.replaceAll('-', ''), 'hex'))
}
