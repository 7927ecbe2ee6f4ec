import { createChallenge, randomInt, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { z } from 'zod'
import { MINUTE } from '../clock.ts'
import { keyFor } from '../crypto.ts'
import type { ModelContext } from './context.ts'
import type { Devices } from './device.ts'
import { networkOf } from './network.ts'
import { takeOnce } from './single-use.ts'
import type { Throttles } from './throttle.ts'

/** The forms that ask for it. An answer is good for one of them. */
export type ProvenForm = 'sign-in' | 'sign-up' | 'forgotten-password' | 'confirmation-mail'

export type ProofVerdict = 'good' | 'wrong' | 'expired' | 'used'

/**
 * A browser derives some hundred keys until one fits; that takes a laptop half a second and an old phone a few. We derive one,
 * to make the puzzle, and none to check it. The most is a promise: nobody's browser works for ever.
 */
const ITERATIONS = 1_000
const FEWEST_TRIES = 400
const MOST_TRIES = 1_200
/** Long enough to fill in a form over a coffee; so long the answers that were taken are kept. */
const LIFE_MS = 30 * MINUTE
/** Ours are about 900 characters. */
const LONGEST_ANSWER = 2_000
/** So many failed sign-ins are anybody's bad day. */
const FAILURES_BEFORE_ASKING = 2

const answerSchema = z.object({
  challenge: z.object({
    parameters: z.strictObject({
      algorithm: z.literal('PBKDF2/SHA-256'),
      nonce: z.string(),
      salt: z.string(),
      cost: z.number(),
      keyLength: z.number(),
      keyPrefix: z.string(),
      keySignature: z.string(),
      data: z.strictObject({ form: z.string(), expiresAt: z.number(), most: z.number() }),
    }),
    signature: z.string(),
  }),
  solution: z.object({ counter: z.number(), derivedKey: z.string() }),
})

/** Who wants to sign in. */
export interface Comer {
  /** Null while nothing has been typed. */
  email: string | null
  /** What the browser was given at an earlier sign-in. */
  mark: string | null
  ip: string | null
}

export type Proofs = ReturnType<typeof createProofs>

/** A little work that a browser does before a form is taken: nothing to a person, dear to a machine that sends thousands. */
export function createProofs(
  { db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>,
  { throttles, devices }: { throttles: Throttles; devices: Devices },
) {
  const secrets = rules.proofKey === null ? null : secretsOf(rules.proofKey)

  return {
    /** Whether forms ask for it at all. */
    isOn: secrets !== null,

    /** @returns an ALTCHA challenge as JSON, signed and bound to the form and the time; null where none is asked. */
    async challengeFor(form: ProvenForm): Promise<string | null> {
      if (!secrets) return null
      const challenge = await createChallenge({
        algorithm: 'PBKDF2/SHA-256',
        cost: ITERATIONS,
        counter: randomInt(MOST_TRIES, FEWEST_TRIES),
        deriveKey,
        // The library's own expiry goes by the machine's clock.
        data: { form, expiresAt: clock.now().getTime() + LIFE_MS, most: MOST_TRIES },
        ...secrets,
      })
      return JSON.stringify(challenge)
    },

    /** Whether a sign-in asks for it: with this account, in this browser or from this network somebody has failed lately. */
    async isDue({ email, mark, ip }: Comer): Promise<boolean> {
      if (!secrets) return false
      const { what, whose } = await devices.countedFor(email ?? '', mark)
      const counts = await Promise.all([
        throttles.tries(what, whose),
        ip === null ? 0 : throttles.tries('network', networkOf(ip)),
      ])
      return Math.max(...counts) >= FAILURES_BEFORE_ASKING
    },

    /** Takes an answer: once, for its form, in its time. @param answer base64 of JSON, as ALTCHA's widget would send it. */
    async spend(form: ProvenForm, answer: string): Promise<ProofVerdict> {
      const parsed = answerSchema.safeParse(contentOf(answer))
      if (!secrets || !parsed.success) return 'wrong'
      const { nonce, data } = parsed.data.challenge.parameters
      const { verified } = await verifySolution({ ...parsed.data, deriveKey, ...secrets })
      if (!verified || data.form !== form) return 'wrong'
      const now = clock.now()
      if (data.expiresAt <= now.getTime()) return 'expired'
      const isFirst = await takeOnce(db.prisma, nonce, { now, expiresOn: new Date(data.expiresAt) })
      return isFirst ? 'good' : 'used'
    },
  }
}

/** One key signs the puzzle, the other its answer: whoever reads the puzzle can't tell the answer from it. */
function secretsOf(proofKey: string) {
  return {
    hmacSignatureSecret: keyFor('challenge', proofKey),
    hmacKeySignatureSecret: keyFor('answer', proofKey),
  }
}

/** @returns null for whatever can't be an answer. */
function contentOf(answer: string): unknown {
  if (answer.length > LONGEST_ANSWER) return null
  try {
    return JSON.parse(Buffer.from(answer, 'base64').toString('utf8'))
  } catch {
    return null
  }
}
