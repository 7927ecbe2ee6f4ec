import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { unusedPort } from '../../src/embedded/ports.ts'
import { productionEnvironment } from '../environment.ts'
import type { Bench } from '../part.ts'
import type { Place } from '../place.ts'
import type { Program, ProgramSpec } from '../program.ts'
import { CURRENT_ACCOUNT, openBankCalls, SAVINGS_ACCOUNT } from '../programs/bank-calls.ts'
import type { Task } from '../programs/settle.ts'
import { type Emulator, emulatorAt } from './emulator.ts'
import { linkedSavers } from './savers.ts'

/** The bank's limit, and what the worker is told of it, where both have one. */
export const CALLS_PER_SECOND = 40
const CONNECTED_WITHIN_MS = 2_000

/** Everything that stands while settling is measured. Workers stand still until it is their turn. */
export interface SettlingStage {
  place: Place
  emulator: Emulator
  /** Savers with nothing due. */
  userIds: string[]
  floor: Program
  worker: Program
  secondWorker: Program
  /** Keeps to the bank's limit. */
  limitedWorker: Program
  /** Never timed; counts its statements, or is looked into. */
  startWorker(preload: string): Promise<Program>
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export async function setSettlingStage(bench: Bench): Promise<SettlingStage> {
  const { savers } = bench.plan.settling
  const start = (spec: ProgramSpec) => bench.start(spec)
  const place = await bench.openPlace()
  const port = await unusedPort()
  const origin = `http://127.0.0.1:${port}`
  const environment = workerEnvironment(place.databaseUrl, origin)
  const emulator = await startEmulator(bench, environment, port)
  const userIds = await openSavers(place, emulator, environment, savers)

  const floor = await start({
    file: file('../programs/settle.ts'),
    env: environment,
    ready: { line: 'the floor is ready' },
  })
  await floor.tell({ kind: 'link', savers } satisfies Task)

  const startWorker = async (more: Record<string, string>, nodeOptions: string[] = []) => {
    const worker = await start({
      file: file('../../src/worker.ts'),
      env: { ...environment, ...more },
      nodeOptions,
      ready: { line: 'worker ready' },
      takesTurns: true,
    })
    // A connection that is being made when it stops would be too late when it goes on.
    await pause(CONNECTED_WITHIN_MS)
    await worker.pause()
    return worker
  }
  const [worker, secondWorker, limitedWorker] = await Promise.all([
    startWorker({}),
    startWorker({}),
    startWorker({ BANK_CALLS_PER_SECOND: String(CALLS_PER_SECOND) }),
  ])
  return {
    place,
    emulator,
    userIds,
    floor,
    worker,
    secondWorker,
    limitedWorker,
    startWorker: (preload) => startWorker({}, ['--import', file(`../programs/${preload}`)]),
  }
}

/** In a process of its own, at this port. */
export async function startEmulator(
  bench: Bench,
  environment: Record<string, string>,
  port: number,
): Promise<Emulator> {
  await bench.start({
    file: file('../../src/sandbox/main.ts'),
    env: emulatorEnvironment(environment, port),
    ready: { line: 'sandbox listening' },
  })
  return emulatorAt(`http://127.0.0.1:${port}`)
}

/** As in production but for the bank: it is the emulator over plain http, asked without end, and nothing is waited for. */
export function workerEnvironment(databaseUrl: string, origin: string): Record<string, string> {
  return {
    ...productionEnvironment(databaseUrl),
    NODE_ENV: 'development',
    NORDEA_BASE_URL: origin,
    UNDO_WINDOW_SECONDS: '0',
    PAYMENT_POLL_SECONDS: '0',
    BANK_CALLS_PER_SECOND: '0',
    UNATTENDED_READS_PER_DAY: '0',
    EXPOSURE_LIMIT: '10000000',
    LOG_LEVEL: 'info',
  }
}

function emulatorEnvironment(
  { NORDEA_CLIENT_ID = '', NORDEA_CLIENT_SECRET = '', BASE_URL = '' }: Record<string, string>,
  port: number,
): Record<string, string> {
  return {
    NORDEA_CLIENT_ID,
    NORDEA_CLIENT_SECRET,
    SANDBOX_PORT: String(port),
    SANDBOX_REDIRECT_URIS: `${BASE_URL}/bank/callback,${BASE_URL}/payments/return`,
    SANDBOX_CONSENT: 'straight-back',
    SANDBOX_SETTLE_DELAY_MS: '0',
    SANDBOX_APPROVAL: 'never',
  }
}

export async function openSavers(
  place: Pick<Place, 'pool'>,
  emulator: Emulator,
  environment: Record<string, string>,
  count: number,
): Promise<string[]> {
  const bank = openBankCalls({
    origin: environment.NORDEA_BASE_URL ?? '',
    clientId: environment.NORDEA_CLIENT_ID ?? '',
    clientSecret: environment.NORDEA_CLIENT_SECRET ?? '',
    baseUrl: environment.BASE_URL ?? '',
  })
  try {
    await bank.addFunds((await bank.link()).accessToken)
    const sides = {
      debtorIban: await emulator.ibanOf(CURRENT_ACCOUNT),
      creditorIban: await emulator.ibanOf(SAVINGS_ACCOUNT),
    }
    return await linkedSavers(place.pool, bank, environment, sides, count)
  } finally {
    await bank.close()
  }
}
