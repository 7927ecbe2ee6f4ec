import type { BankConsent } from '../../generated/client.ts'

/** What the app asks of a consent as it runs now: which versions of the bank's interface it speaks, and what its calls need. */
export interface ConsentNeeds {
  profile: string
  scopes: readonly string[]
}

/** `outdated`: it was given for other versions, or for less than the app does by now. */
export type Standing = 'good' | 'expired' | 'outdated'

/** Of a consent that nobody has ended. One that covers more than is needed is good: nothing beyond the needs is asked for. */
export function standingOf(
  consent: Pick<BankConsent, 'expiresAt' | 'profile' | 'scopes'>,
  needs: ConsentNeeds,
  now: Date,
): Standing {
  if (consent.expiresAt <= now) return 'expired'
  const covers = needs.scopes.every((scope) => consent.scopes.includes(scope))
  return covers && consent.profile === needs.profile ? 'good' : 'outdated'
}
