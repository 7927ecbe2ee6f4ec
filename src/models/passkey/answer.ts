import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { z } from 'zod'

/** What a browser sends is bounded before anybody reads it; a key of 4096 bits makes about 3 000 characters. */
const LONGEST_ANSWER = 12_000
const LONGEST_PART = 6_000

const base64url = (max = LONGEST_PART) =>
  z
    .string()
    .max(max)
    .regex(/^[\w-]+$/)
/** 1023 bytes, as WebAuthn has it. */
const credentialId = base64url(1_364)

const newPasskeySchema = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(),
    attestationObject: base64url(),
    transports: z
      .array(
        z
          .string()
          .max(20)
          .regex(/^[a-z-]+$/),
      )
      .max(10)
      .optional(),
  }),
})

const assertionSchema = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(),
    authenticatorData: base64url(),
    signature: base64url(),
    userHandle: base64url(100).nullish(),
  }),
})

/** The library looks at type, origin and challenge itself; what it lets pass is that a page of somebody else's held ours in a frame. */
const clientDataSchema = z.object({
  challenge: z.string().max(100),
  crossOrigin: z.literal(false).optional(),
})

/** What an authenticator has signed, and the challenge that it says it has signed. */
export type Shown = { answer: AuthenticationResponseJSON; challenge: string }
export type ShownNew = { answer: RegistrationResponseJSON; challenge: string }

/** @returns null for whatever no browser of a passkey's owner would send. */
export function readAssertion(text: string): Shown | null {
  const parsed = assertionSchema.safeParse(contentOf(text))
  if (!parsed.success) return null
  const { userHandle, ...response } = parsed.data.response
  const challenge = challengeIn(response.clientDataJSON)
  if (challenge === null) return null
  const withHandle = userHandle ? { ...response, userHandle } : response
  return { answer: { ...parsed.data, response: withHandle, clientExtensionResults: {} }, challenge }
}

/** The same for a passkey that is new. */
export async function readNewPasskey(text: string): Promise<ShownNew | null> {
  const parsed = newPasskeySchema.safeParse(contentOf(text))
  if (!parsed.success) return null
  const { transports, ...response } = parsed.data.response
  const challenge = challengeIn(response.clientDataJSON)
  if (challenge === null || !(await speaksForItself(response.attestationObject))) return null
  const withTransports = transports ? { ...response, transports } : response
  return { answer: { ...parsed.data, response: withTransports, clientExtensionResults: {} }, challenge }
}

/**
 * We have asked for no word of the authenticator's maker. One that comes all the same brings certificates, and to look whether
 * they were withdrawn the library would call the addresses that stand in them.
 */
async function speaksForItself(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const attestation = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url')))
    const format = attestation.get('fmt')
    return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
  } catch {
    return false
  }
}

function challengeIn(clientData: string): string | null {
  const parsed = clientDataSchema.safeParse(jsonOf(Buffer.from(clientData, 'base64url').toString('utf8')))
  return parsed.success ? parsed.data.challenge : null
}

function contentOf(text: string): unknown {
  return text.length > LONGEST_ANSWER ? null : jsonOf(text)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
