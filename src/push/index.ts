/** The door to the browsers' push services: one message to one browser, with every outcome named. */
import type { Agent } from 'undici'
import { type Clock, SECOND } from '../clock.ts'
import { isPushAddress, KNOWN_PUSH_SERVICES, type PushTarget } from '../push-target.ts'
import { encrypt } from './encryption.ts'
import { pushIdentity } from './identity.ts'
import { lookupPublic } from './public-addresses.ts'

export type PushOutcome =
  | { kind: 'taken' }
  /** The browser has ended its subscription: nobody will ever get anything there again. */
  | { kind: 'gone' }
  /** Asking again would be answered the same. */
  | { kind: 'refused'; because: string }
  /** Another time. */
  | { kind: 'later'; because: string }

export interface Push {
  /** What browsers bind their subscriptions to. */
  publicKey: string
  /** @param ttlSeconds how long the service keeps it for a browser that is off. */
  send(target: PushTarget, text: string, ttlSeconds: number): Promise<PushOutcome>
  close(): Promise<void>
}

export interface PushSettings {
  privateKey: string
  contact: string
  /** Origins; nothing else is called. */
  services: readonly string[]
  clock: Clock
}

const TIMEOUT_MS = 10 * SECOND
const GONE = [404, 410]
/** Whoever answers with much is not read. */
const MOST_ANSWER_BYTES = 4_096

export function createPush({ privateKey, contact, services, clock }: PushSettings): Push {
  const identity = pushIdentity(privateKey, contact, clock)
  let opened: Promise<Agent> | null = null
  return {
    publicKey: identity.publicKey,
    send: async (target, text, ttlSeconds) => {
      // It was looked at when it came; the services that are allowed may have changed since.
      if (!isPushAddress(target.endpoint, services)) return { kind: 'refused', because: 'not a push service' }
      opened ??= openAgent(services)
      const [agent, { request }] = await Promise.all([opened, import('undici')])
      try {
        const { statusCode, body } = await request(target.endpoint, {
          method: 'POST',
          dispatcher: agent,
          signal: AbortSignal.timeout(2 * TIMEOUT_MS),
          headers: {
            authorization: identity.authorization(target.endpoint),
            'content-encoding': 'aes128gcm',
            'content-type': 'application/octet-stream',
            ttl: String(ttlSeconds),
            urgency: 'normal',
          },
          body: encrypt(text, target),
        })
        await body.dump({ limit: MOST_ANSWER_BYTES })
        return outcomeOf(statusCode)
      } catch (error) {
        return { kind: 'later', because: error instanceof Error ? error.name : 'no answer' }
      }
    },
    close: async () => (await opened)?.close(),
  }
}

/** The package is read for the first message: web processes send none. */
async function openAgent(services: readonly string[]): Promise<Agent> {
  const { Agent } = await import('undici')
  return new Agent({
    connections: 8,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: MOST_ANSWER_BYTES,
    connect: {
      timeout: TIMEOUT_MS,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      // Services that an operator has named may be in their own network.
      ...(services === KNOWN_PUSH_SERVICES ? { lookup: lookupPublic } : {}),
    },
  })
}

/** Redirects are not followed: a service that answers with one has not taken it. */
function outcomeOf(status: number): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  if (GONE.includes(status)) return { kind: 'gone' }
  if (status === 429 || status >= 500) return { kind: 'later', because: `status ${status}` }
  return { kind: 'refused', because: `status ${status}` }
}

export { newPushKey } from './identity.ts'
