/** The plainest client there is: it sees every byte of an answer and decides itself when to give up. */

import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { expect, vi } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CREDENTIALS, order, PREFIX, type Trouble } from './support.ts'

export interface OpenCall {
  /** Resolves with the head. @throws when the connection ends without one. */
  head: Promise<IncomingMessage>
  giveUp(): void
}

function callPlainly(
  sandbox: Sandbox,
  method: string,
  path: string,
  { headers, body }: { headers: Record<string, string>; body: string },
): OpenCall {
  const asked = request(sandbox.url + path, { method, headers: { ...CREDENTIALS, ...headers } })
  const head = once(asked, 'response').then(([answer]) => answer as IncomingMessage)
  head.catch(() => undefined)
  asked.end(body)
  return { head, giveUp: () => void asked.destroy() }
}

export function createOrderPlainly({ sandbox, customer }: Trouble): OpenCall {
  const headers = {
    Authorization: `Bearer ${customer.tokens.access_token}`,
    'Content-Type': 'application/json',
  }
  const body = JSON.stringify(order('1.00'))
  return callPlainly(sandbox, 'POST', `${PREFIX.v4}/payments/domestic`, { headers, body })
}

export function refreshPlainly({ sandbox, customer }: Trouble): OpenCall {
  const { refresh_token } = customer.tokens
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return callPlainly(sandbox, 'POST', `${PREFIX.v4}/authorize/token`, { headers, body })
}

export interface Received {
  status: number | undefined
  headers: IncomingHttpHeaders
  text: string
  pieces: number
  /** false: the connection ended before the announced length. */
  complete: boolean
}

export async function receive({ head }: OpenCall): Promise<Received> {
  const answer = await head
  const pieces: Buffer[] = []
  try {
    for await (const piece of answer) pieces.push(piece)
  } catch {
    // told by `complete`
  }
  const { statusCode: status, headers, complete } = answer
  return { status, headers, text: Buffer.concat(pieces).toString('utf8'), pieces: pieces.length, complete }
}

/** Until the last call is struck by the fault; what it does before an answer has then been done or never will be. */
export async function untilStruck({ control }: Sandbox, kind: string): Promise<void> {
  await vi.waitFor(() => expect(control.requests().at(-1)?.fault).toBe(kind), { interval: 2, timeout: 5_000 })
}

/** Until the bank has noticed that the caller of the last call is gone. */
export async function untilGivenUp({ control }: Sandbox): Promise<void> {
  await vi.waitFor(() => expect(control.requests().at(-1)?.status).toBe(0), { interval: 2, timeout: 5_000 })
}
