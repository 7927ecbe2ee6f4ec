/**
 * The library, when the first passkey needs it: two hundred files, a fifth of a second and 19 MB. Asking for one needs none of
 * it, so that the page to sign in doesn't wait.
 */
export function webauthn(): Promise<typeof import('@simplewebauthn/server')> {
  return import('@simplewebauthn/server')
}
