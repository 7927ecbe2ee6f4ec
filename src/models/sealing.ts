/**
 * What each sealed secret belongs to: it opens for that and for nothing else. What is stored is bound to these words, so they
 * never change.
 */
export const sealedFor = {
  accessToken: (consentId: string) => `access-token:${consentId}`,
  refreshToken: (consentId: string) => `refresh-token:${consentId}`,
  totpSecret: (userId: string) => `totp:${userId}`,
  pushTarget: (subscriptionId: string) => `push-target:${subscriptionId}`,
}
