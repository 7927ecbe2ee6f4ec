/** One life's world: a bank of its own, savers with linked accounts, and the app's own parts with points in them. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type Bank, createNordea, type NordeaSettings, SCOPES } from '../../src/bank/index.ts'
import { ManualClock } from '../../src/clock.ts'
import { createSealer } from '../../src/crypto.ts'
import type { Db } from '../../src/db.ts'
import type { Habit, User } from '../../src/generated/client.ts'
import { createSettleSaver } from '../../src/jobs/handlers/settle-saver.ts'
import { SILENT_QUEUE } from '../../src/jobs/queue.ts'
import type { Logger } from '../../src/logger.ts'
import { createBankGate } from '../../src/models/bank-gate.ts'
import type { Actor, ModelContext } from '../../src/models/context.ts'
import { createModels, type Models } from '../../src/models/index.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { TEST_RULES } from '../support/rules.ts'
import { instrumentedBank, instrumentedDb } from './instruments.ts'
import type { Scenario } from './scenario.ts'
import type { Process, Scheduler } from './scheduler.ts'

export interface World {
  scheduler: Scheduler
  clock: ManualClock
  /** Without points: for setting up and for looking. */
  db: Db
  sandbox: Sandbox
  bank: Bank
  models: Models
  /** Without points: what a page has shown before anything is clicked. */
  shown: Models
  /** The uninstrumented bank, for what the saver does in their own browser. */
  browserBank: Bank
  settle: (userId: string) => Promise<void>
  savers: { user: User; habits: Habit[] }[]
  processes: Record<'worker 1' | 'worker 2' | 'web', Process>
  /** Booked balances by IBAN before anything was saved. */
  opening: Map<string, number>
  /** How long the bank takes to carry out an order. */
  settleDelayMs: number
  /** What the log called an error. */
  alarms: string[]
  close(): Promise<void>
}

const START = '2026-06-01T08:00:00.000Z'
const REDIRECT = 'http://localhost:3999/bank/callback'
const PAYMENT_RETURN = 'http://localhost:3999/payments/return'
/** Real time: a call without an answer costs the sum of them. */
const TIMEOUTS = { connectMs: 150, headersMs: 50, bodyMs: 50 }
/** A person waits longer, and their trouble is not what is looked at here. */
const PATIENCE = { connectMs: 2_000, headersMs: 500, bodyMs: 500 }

const KEYS = { sealer: createSealer(new Map([[1, randomBytes(32)]])), accountHashKey: randomBytes(32) }

export async function openWorld(scenario: Scenario, db: Db, scheduler: Scheduler): Promise<World> {
  const clock = new ManualClock(START)
  const sandbox = await startSandbox({
    port: 0,
    clientId: 'simulation',
    clientSecret: 'simulation-secret',
    redirectUris: [REDIRECT, PAYMENT_RETURN],
    consentMode: 'straight-back',
    settleDelayMs: scenario.settleDelayMs,
    approval: scenario.approval === 'above' ? { aboveMinor: 1_000 } : scenario.approval,
    seed: 'standard',
    clock,
    exposeControl: false,
  })
  const alarms: string[] = []
  const context = contextOn(instrumentedDb(db, scheduler), clock, scenario)
  const models = createModels(context)
  // Each life has a gate of its own, although lives share a database.
  const gate = createBankGate({ ...context, clock }, randomUUID())
  const shown = createModels(contextOn(db, clock, scenario))
  const bankWith = (parts: Pick<NordeaSettings, 'onCall'> & Partial<NordeaSettings>) =>
    createNordea({
      baseUrl: sandbox.url,
      profile: scenario.profile,
      clientId: 'simulation',
      clientSecret: 'simulation-secret',
      redirectUri: REDIRECT,
      paymentReturnUri: PAYMENT_RETURN,
      signing: { kind: 'skip-in-sandbox' },
      sandbox: true,
      browserOrigins: [sandbox.url],
      allowPlainHttp: true,
      clock,
      ...parts,
    })
  const wireBank = bankWith({
    timeouts: TIMEOUTS,
    gate,
    onCall: (entry) => models.bankCalls.record(entry),
  })
  const browserBank = bankWith({ timeouts: PATIENCE, onCall: () => {} })
  const bank = instrumentedBank(wireBank, scheduler)
  const world: World = {
    scheduler,
    clock,
    db,
    sandbox,
    bank,
    models,
    shown,
    browserBank,
    settle: createSettleSaver({
      models,
      bank,
      clock,
      bankGate: gate,
      log: alarmsInto(alarms),
      rules: { pollSeconds: 10, resendAfterSeconds: 120, reminderMinutes: 5 },
    }),
    savers: [],
    processes: {
      'worker 1': processOf('worker 1'),
      'worker 2': processOf('worker 2'),
      web: processOf('web'),
    },
    opening: new Map(),
    settleDelayMs: scenario.settleDelayMs,
    alarms,
    close: async () => {
      await wireBank.close()
      await browserBank.close()
      await sandbox.close()
    },
  }
  for (let index = 0; index < scenario.savers; index += 1) {
    world.savers.push(await newSaver(world, shown, scenario.amounts))
  }
  world.opening = balancesOf(sandbox)
  return world
}

export function processOf(name: string): Process {
  return { name, alive: true, crashIn: null }
}

export function balancesOf(sandbox: Sandbox): Map<string, number> {
  return new Map(sandbox.control.accounts().map((account) => [account.iban, account.bookedMinor]))
}

export function actorFor(user: Pick<User, 'id'>): Actor {
  return { kind: 'saver', id: user.id, ip: '192.0.2.7', requestId: null }
}

/** Through the bank's own doors: the emulator sends the browser straight back, so the code is in the address. */
export async function linkBank(world: Pick<World, 'browserBank'>, models: Models, user: User): Promise<void> {
  const anonymous = { onBehalfOf: user.id, actor: 'saver', requestId: null }
  const consent = { state: randomUUID(), country: 'DK', durationMinutes: 90 * 24 * 60 } as const
  const { redirectTo } = await world.browserBank.beginConsent(consent, anonymous)
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  const tokens = await world.browserBank.exchangeCode(code, anonymous)
  const { profile } = world.browserBank
  await models.consents.grant(user.id, { profile, country: 'DK', scopes: SCOPES, tokens }, actorFor(user))
}

async function newSaver(world: World, models: Models, amounts: readonly number[]) {
  const { db, clock } = world
  const user = await db.prisma.user.create({
    data: {
      fullName: 'Ida Berg',
      email: `${randomUUID()}@example.com`,
      hashedPwd: 'x',
      emailConfirmedOn: clock.now(),
      createdOn: clock.now(),
    },
  })
  await linkBank(world, models, user)
  const live = await models.consents.accessFor(user.id, () => Promise.reject(new Error('fresh already')))
  if (live.kind !== 'access') throw new Error(`no way to the bank: ${live.kind}`)
  const context = { onBehalfOf: user.id, actor: 'saver', requestId: null, accessToken: live.accessToken }
  const listed = await world.browserBank.listAccounts(context)
  const pick = (kind: 'current' | 'savings') => {
    const found = listed.find((account) => account.kind === kind && account.currency === 'DKK')
    if (!found) throw new Error(`the emulator shows no ${kind} account`)
    return models.accounts.hashOf(found)
  }
  const choice = { debtorAccount: pick('current'), creditorAccount: pick('savings') }
  await models.accounts.choose(user.id, live.consentId, listed, choice, actorFor(user))
  const habits: Habit[] = []
  for (const amountMinor of amounts) {
    const wish = { name: `Habit of ${amountMinor}`, frequency: 3, interval: 1, amountMinor }
    habits.push(await models.habits.create(user, wish, 'DKK', actorFor(user)))
  }
  return { user: await db.prisma.user.findUniqueOrThrow({ where: { id: user.id } }), habits }
}

function contextOn(db: Db, clock: ManualClock, { profile }: Pick<Scenario, 'profile'>): ModelContext {
  return {
    db,
    clock,
    // It carries mails alone, and no mail moves money.
    queue: SILENT_QUEUE,
    ...KEYS,
    rules: { ...TEST_RULES, consentNeeds: { ...TEST_RULES.consentNeeds, profile } },
  }
}

function alarmsInto(alarms: string[]): Logger {
  const quiet = () => {}
  return {
    info: quiet,
    warn: quiet,
    debug: quiet,
    error: (message: string) => alarms.push(message),
  } as unknown as Logger
}
