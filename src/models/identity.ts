import type { User } from '../generated/client.ts'
import type { Actor, ModelContext } from './context.ts'
import type { Devices } from './device.ts'
import { verifyPassword } from './password.ts'
import type { CodeKind, Factors } from './second-factor.ts'
import type { Throttles } from './throttle.ts'

export type CodeResult =
  | { kind: 'right'; factor: CodeKind }
  | { kind: 'wrong' }
  /** Too many tries: nothing was looked at, and nothing may be tried for so long. */
  | { kind: 'wait'; ms: number }

export type ConfirmIdentityResult = { kind: 'right' } | Exclude<CodeResult, { kind: 'right' }>

export type Identity = ReturnType<typeof createIdentity>

/** Who has signed in, or half signed in, shows that it is them. */
export function createIdentity(
  { rules }: Pick<ModelContext, 'rules'>,
  { factors, throttles, devices }: { factors: Factors; throttles: Throttles; devices: Devices },
) {
  return {
    /** The second step of a sign-in. @param mark of the browser: who has stolen a password can't use up its owner's tries. */
    async checkCode(user: User, code: string, mark: string | null, by: Actor): Promise<CodeResult> {
      const isKnown = await devices.isKnown(user.email, mark)
      const [what, whose] = isKnown
        ? (['device-factor', `${user.id} ${mark}`] as const)
        : (['factor', user.id] as const)
      const ms = await throttles.attempt(what, whose)
      if (ms > 0) return { kind: 'wait', ms }
      const factor = await factors.spend(user, code, by)
      if (!factor) return { kind: 'wrong' }
      await throttles.forget(what, whose)
      return { kind: 'right', factor }
    },

    /** Before something that matters: the password once more, and a code where there is a second factor. */
    async confirm(
      user: User,
      shown: { password: string; code: string },
      by: Actor,
    ): Promise<ConfirmIdentityResult> {
      const ms = await throttles.attempt('inside', user.id)
      if (ms > 0) return { kind: 'wait', ms }
      const knows = await verifyPassword(
        shown.password,
        user.hashedPwd,
        rules.passwordPepper,
        rules.bcryptCost,
      )
      // A code is used up by being looked at: not for somebody who doesn't know the password.
      if (!knows) return { kind: 'wrong' }
      if (user.totpConfirmedOn) {
        if (!(await factors.spend(user, shown.code, by))) return { kind: 'wrong' }
        await factors.callOffReset(user.id, by)
      }
      await throttles.forget('inside', user.id)
      return { kind: 'right' }
    },
  }
}
