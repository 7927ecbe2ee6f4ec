import type { User } from '../generated/client.ts'
import type { Actor, ModelContext } from './context.ts'
import type { Devices } from './device.ts'
import { networkOf } from './network.ts'
import type { Passkeys, PasskeyVerdict } from './passkey.ts'
import { verifyPassword } from './password.ts'
import { type FactorKind, type Factors, hasFactor } from './second-factor.ts'
import type { Throttles } from './throttle.ts'

export type FactorResult =
  | { kind: 'right'; factor: FactorKind }
  | { kind: 'wrong' }
  /** Too many tries: nothing was looked at, and nothing may be tried for so long. */
  | { kind: 'wait'; ms: number }

export type PasskeySignInResult = PasskeyVerdict | { kind: 'wait'; ms: number }

/** What somebody shows who is signed in: password and code, or a passkey, which replaces both and says what it is about. */
export type ShownInside = { password: string; code: string } | { passkey: string; sid: string; about: string }

export type ConfirmIdentityResult = { kind: 'right' } | Exclude<FactorResult, { kind: 'right' }>

export type Identity = ReturnType<typeof createIdentity>

/** Who has signed in, or half signed in, shows that it is them. */
export function createIdentity(
  { rules }: Pick<ModelContext, 'rules'>,
  parts: { factors: Factors; passkeys: Passkeys; throttles: Throttles; devices: Devices },
) {
  const { factors, passkeys, throttles, devices } = parts

  return {
    /** The second step of a sign-in. @param mark of the browser: who has stolen a password can't use up its owner's tries. */
    async checkCode(user: User, code: string, mark: string | null, by: Actor): Promise<FactorResult> {
      return secondStep(user, mark, () => factors.spend(user, code, by))
    },

    /** The same with a passkey. @param at the session that asks, and the mark of the browser. */
    async checkPasskey(
      user: User,
      answer: string,
      at: { sid: string; mark: string | null },
      by: Actor,
    ): Promise<FactorResult> {
      const question = { purpose: 'confirm', sid: at.sid, userId: user.id } as const
      return secondStep(user, at.mark, async () => {
        const verdict = await passkeys.spend(answer, question, by)
        return verdict.kind === 'right' ? 'passkey' : null
      })
    },

    /**
     * The whole sign-in. Tries are counted by the passkey that is named, whether there is one or not, and by network; neither
     * strangers nor neighbours can use up those of a browser that its owner has signed in with.
     * @param at the session that asks, and the mark of the browser.
     */
    async signIn(
      answer: string,
      at: { sid: string; mark: string | null },
      by: Actor,
    ): Promise<PasskeySignInResult> {
      const question = { purpose: 'sign-in', sid: at.sid, userId: null } as const
      const { credentialId, owner } = await passkeys.claimed(answer)
      const isKnown = owner !== null && (await devices.isKnown(owner.email, at.mark))
      const whose = isKnown ? `${credentialId} ${at.mark}` : credentialId
      const network = isKnown || by.ip === null ? null : networkOf(by.ip)
      const ms =
        (whose === null ? 0 : await throttles.attempt('passkey', whose)) ||
        (network === null ? 0 : await throttles.attempt('network', network))
      if (ms > 0) {
        await passkeys.refuse(question, 'too-many-tries', owner?.id ?? null, by)
        return { kind: 'wait', ms }
      }
      const verdict = await passkeys.spend(answer, question, by)
      if (verdict.kind !== 'right') return verdict
      if (whose !== null) await throttles.forget('passkey', whose)
      if (network !== null) await throttles.giveBack('network', network)
      return verdict
    },

    /** Before something that matters: a passkey, or the password once more and a code where there is a second factor. */
    async confirm(user: User, shown: ShownInside, by: Actor): Promise<ConfirmIdentityResult> {
      const ms = await throttles.attempt('inside', user.id)
      if (ms > 0) return { kind: 'wait', ms }
      if (!(await isRight(user, shown, by))) return { kind: 'wrong' }
      if (hasFactor(user)) await factors.callOffReset(user.id, by)
      await throttles.forget('inside', user.id)
      return { kind: 'right' }
    },
  }

  async function secondStep(
    user: User,
    mark: string | null,
    look: () => Promise<FactorKind | null>,
  ): Promise<FactorResult> {
    const isKnown = await devices.isKnown(user.email, mark)
    const [what, whose] = isKnown
      ? (['device-factor', `${user.id} ${mark}`] as const)
      : (['factor', user.id] as const)
    const ms = await throttles.attempt(what, whose)
    if (ms > 0) return { kind: 'wait', ms }
    const factor = await look()
    if (!factor) return { kind: 'wrong' }
    await throttles.forget(what, whose)
    return { kind: 'right', factor }
  }

  async function isRight(user: User, shown: ShownInside, by: Actor): Promise<boolean> {
    if ('passkey' in shown) {
      const { sid, about } = shown
      const question = { purpose: 'confirm', sid, userId: user.id, about } as const
      return (await passkeys.spend(shown.passkey, question, by)).kind === 'right'
    }
    const { password, code } = shown
    const knows = await verifyPassword(password, user.hashedPwd, rules.passwordPepper, rules.bcryptCost)
    // A code is used up by being looked at: not for somebody who doesn't know the password.
    if (!knows) return false
    return !hasFactor(user) || (await factors.spend(user, code, by)) !== null
  }
}
