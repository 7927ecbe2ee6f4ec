/** Starts the emulated bank: its own program with its own store, listening on HTTP. */

import { createPublicKey } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../clock.ts'
import { createSandboxApp } from './app.ts'
import type { Bank, RegisteredApp } from './bank.ts'
import { type Control, createControl } from './control.ts'
import { Faults } from './faults/index.ts'
import { StateFile } from './persistence.ts'
import { RateLimit } from './rate-limit.ts'
import { RequestLog } from './request-log.ts'
import { SandboxClock, type TimeSource } from './sandbox-clock.ts'
import { seedStandard } from './seed.ts'
import { type ApprovalRule, type ConsentMode, type Settings, settingsSchema } from './settings.ts'
import { Store } from './store.ts'

export type { Control as SandboxControl } from './control.ts'
export type { Fault, FaultKind, FaultOrder } from './faults/orders.ts'
export type {
  Account as SandboxAccount,
  Payment as SandboxPayment,
  Transaction as SandboxTransaction,
} from './model.ts'
export type { LoggedRequest } from './request-log.ts'
export type { ApprovalRule, ConsentMode, Settings as SandboxSettings } from './settings.ts'

export interface SandboxOptions {
  /** 0: any free one. */
  port: number
  host?: string
  /** Where browsers reach the bank's pages, when that isn't host and port; no slash at the end. */
  publicUrl?: string
  clientId: string
  clientSecret: string
  redirectUris: string[]
  /** PEM by key id, for signed requests. */
  publicKeys?: Record<string, string>
  /** Refuse the sandbox's signature bypass. */
  requireSignature?: boolean
  consentMode: ConsentMode
  /** From confirming a payment to each next status; 10 000 unless given. */
  settleDelayMs?: number
  approval: ApprovalRule
  numbers?: Settings['numbers']
  /** Where the state survives restarts; absent or null: in memory alone. */
  stateFile?: string | null
  accessTokenSeconds?: number
  codeSeconds?: number
  approvalSeconds?: number
  rateLimitPerSecond?: number | null
  clock?: TimeSource
  /** Laid down only where the state holds no accounts yet. */
  seed: 'standard' | 'none'
  /** Offer the control plane over HTTP too. */
  exposeControl: boolean
}

export interface Sandbox {
  url: string
  port: number
  control: Control
  /** Ends open connections and leaves the state file to the next one. */
  close(): Promise<void>
}

/** @throws when the port is taken, a setting or key is unusable, or another process holds the state file. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const settings = settingsOf(options)
  const app = registered(options)
  const store = new Store(options.stateFile ? new StateFile(options.stateFile) : null)
  const server = createServer()
  try {
    const { port, url } = await listen(server, options.port, options.host ?? '127.0.0.1')
    const bank: Bank = {
      store,
      clock: new SandboxClock(options.clock ?? systemClock, store),
      settings,
      app,
      publicUrl: options.publicUrl ?? url,
    }
    const { control, faults } = open(server, bank, options)
    return { url, port, control, close: () => close(server, store, faults) }
  } catch (error) {
    server.close()
    store.close()
    throw error
  }
}

function open(server: Server, bank: Bank, options: SandboxOptions) {
  const faults = new Faults()
  const parts = { bank, faults, log: new RequestLog(), rateLimit: new RateLimit(bank.settings) }
  const seed = () => {
    if (options.seed === 'standard' && bank.store.count('account') === 0) seedStandard(bank.store)
  }
  const control = createControl(parts, seed)
  seed()
  server.on('request', createSandboxApp({ ...parts, control, exposeControl: options.exposeControl }))
  return { control, faults }
}

function registered({
  clientId,
  clientSecret,
  redirectUris,
  publicKeys = {},
}: SandboxOptions): RegisteredApp {
  const keys = Object.entries(publicKeys).map(([id, pem]) => [id, createPublicKey(pem)] as const)
  return { clientId, clientSecret, redirectUris, publicKeys: new Map(keys) }
}

function settingsOf(options: SandboxOptions): Settings {
  return settingsSchema.parse({
    consentMode: options.consentMode,
    settleDelayMs: options.settleDelayMs ?? 10_000,
    approval: options.approval,
    numbers: options.numbers ?? 'string',
    requireSignature: options.requireSignature ?? false,
    accessTokenSeconds: options.accessTokenSeconds ?? 3_600,
    codeSeconds: options.codeSeconds ?? 60,
    approvalSeconds: options.approvalSeconds ?? 600,
    rateLimitPerSecond: options.rateLimitPerSecond ?? null,
  })
}

async function listen(server: Server, wanted: number, host: string): Promise<{ port: number; url: string }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` }
}

async function close(server: Server, store: Store, faults: Faults): Promise<void> {
  faults.close()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
  store.close()
}
