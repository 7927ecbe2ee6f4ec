import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { spawnOptions } from './account.ts'
import type { Account } from './types.ts'

/** Waits at the far end of a pipe whose near end only we hold: it closes when we are gone, however that came about. */
const SCRIPT = 'read -r _; kill -INT "$1"'

/**
 * Starts a small shell that stops the server (process `pid`) when this process ends without doing so itself.
 * Returns how to dismiss it. Best effort: on a machine without `sh` the next start's take-over does its work.
 */
export function guardServer(pid: number, account: Account): () => Promise<void> {
  const guard = spawn('/bin/sh', ['-c', SCRIPT, 'sparvana-guard', String(pid)], {
    ...spawnOptions(account),
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const gone = once(guard, 'exit').catch(() => {})
  guard.stdin?.on('error', () => {})
  return async () => {
    if (guard.exitCode !== null || guard.signalCode !== null || guard.pid === undefined) return
    guard.kill('SIGKILL')
    await gone
  }
}
