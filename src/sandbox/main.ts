/** The emulator as a process of its own, set up by environment variables; says one line when it is ready. */

import { type SandboxOptions, startSandbox } from './index.ts'
import type { ApprovalRule } from './settings.ts'

const DEFAULT_PORT = 4010

/** @throws Error naming every variable that is missing or unreadable. */
function optionsFrom(env: NodeJS.ProcessEnv): SandboxOptions {
  const wrong: string[] = []
  const needed = (name: string) => {
    if (!env[name]) wrong.push(`${name} is missing`)
    return env[name] ?? ''
  }
  const whole = (name: string, fallback: number) => {
    const value = Number(env[name] || fallback)
    if (!Number.isSafeInteger(value) || value < 0) wrong.push(`${name} must be a whole number`)
    return value
  }
  const consent = env.SANDBOX_CONSENT || 'pages'
  if (consent !== 'pages' && consent !== 'straight-back')
    wrong.push('SANDBOX_CONSENT must be pages or straight-back')
  const options: SandboxOptions = {
    port: whole('SANDBOX_PORT', DEFAULT_PORT),
    host: env.SANDBOX_HOST || '127.0.0.1',
    ...(env.SANDBOX_PUBLIC_URL ? { publicUrl: env.SANDBOX_PUBLIC_URL } : {}),
    clientId: needed('NORDEA_CLIENT_ID'),
    clientSecret: needed('NORDEA_CLIENT_SECRET'),
    redirectUris: needed('SANDBOX_REDIRECT_URIS')
      .split(',')
      .map((uri) => uri.trim()),
    consentMode: consent === 'straight-back' ? 'straight-back' : 'pages',
    settleDelayMs: whole('SANDBOX_SETTLE_DELAY_MS', 10_000),
    approval: approvalFrom(env.SANDBOX_APPROVAL || 'never', wrong),
    stateFile: env.SANDBOX_STATE_FILE || null,
    seed: 'standard',
    exposeControl: true,
  }
  if (wrong.length > 0) throw new Error(wrong.join('; '))
  return options
}

/** never, always, or minor units above which the customer must approve. */
function approvalFrom(text: string, wrong: string[]): ApprovalRule {
  if (text === 'never' || text === 'always') return text
  if (/^\d{1,15}$/.test(text)) return { aboveMinor: Number(text) }
  wrong.push('SANDBOX_APPROVAL must be never, always or minor units')
  return 'never'
}

try {
  const sandbox = await startSandbox(optionsFrom(process.env))
  const stop = () => void sandbox.close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.once('disconnect', stop)
  console.log(`sandbox listening on ${sandbox.url}`)
} catch (error) {
  console.error('sandbox cannot start:', error instanceof Error ? error.message : error)
  process.exit(1)
}
