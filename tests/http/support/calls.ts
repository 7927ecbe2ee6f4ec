import { randomUUID } from 'node:crypto'
import type { BankCall } from '../../../src/generated/client.ts'

/** A row of the log for a call that nobody made. */
export function madeUpCall(at: Date, facts: Partial<BankCall>) {
  return {
    id: randomUUID(),
    at,
    actor: 'worker',
    api: 'accounts.list',
    method: 'GET',
    path: '/v5/accounts',
    outcome: 'ok',
    httpStatus: 200,
    durationMs: 12,
    ...facts,
  }
}
