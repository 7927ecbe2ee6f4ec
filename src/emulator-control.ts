/** Steers the emulated bank: its faults and its clock. The bank's own sandbox has nothing of the kind. */
import { Pool } from 'undici'
import { z } from 'zod'
import { SECOND } from './clock.ts'
import { BankTrouble } from './errors.ts'
import { t } from './language.ts'

export interface EmulatorFault {
  id: string
  kind: string
  /** "<METHOD or *> <path>". */
  route: string
  /** How many times it still strikes; null: until it is cleared. */
  count: number | null
}

export interface FaultWish {
  kind: string
  route: string
  count: number
  delayMs?: number
}

export interface EmulatorControl {
  faults(): Promise<EmulatorFault[]>
  /** @returns what the emulator has against it; null when it was taken. */
  addFault(wish: FaultWish): Promise<string | null>
  clearFaults(): Promise<void>
  now(): Promise<Date>
  /** Forward only. @returns what time it is then; null when the emulator won't go so far. */
  advance(milliseconds: number): Promise<Date | null>
  close(): Promise<void>
}

const PATIENCE_MS = 3 * SECOND
const MAX_ANSWER_BYTES = 200_000
/** How it answers what doesn't fit. */
const REFUSED = 422

const faultList = z.object({
  faults: z.array(
    z.object({ id: z.string(), kind: z.string(), route: z.string(), count: z.int().nullable() }),
  ),
})
const time = z.object({ now: z.iso.datetime().transform((text) => new Date(text)) })
const refusal = z.object({ issues: z.array(z.object({ message: z.string() })).min(1) })

/**
 * Every call but `close` rejects with BankTrouble where the emulator gives no answer that can be read, in three seconds.
 * @param url of the control plane, with its path.
 */
export function openEmulatorControl(url: string): EmulatorControl {
  const { origin, pathname } = new URL(url)
  const prefix = pathname.replace(/\/+$/, '')
  const pool = new Pool(origin, {
    connections: 2,
    connect: { timeout: SECOND },
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  })

  async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) {
    try {
      const answer = await pool.request({
        method,
        path: prefix + path,
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, json: text === '' ? null : (JSON.parse(text) as unknown) }
    } catch {
      throw silent()
    }
  }

  return {
    faults: async () => readAs(faultList, await ask('GET', '/faults')).faults,
    addFault: async (wish) => {
      const answer = await ask('POST', '/faults', wish)
      if (answer.status === 201) return null
      const refused = answer.status === REFUSED ? refusal.safeParse(answer.json) : null
      if (!refused?.success) throw silent()
      return refused.data.issues.map(({ message }) => message.slice(0, 200)).join(' ')
    },
    clearFaults: async () => {
      if ((await ask('DELETE', '/faults')).status !== 204) throw silent()
    },
    now: async () => readAs(time, await ask('GET', '/clock')).now,
    advance: async (milliseconds) => {
      const answer = await ask('POST', '/clock', { advanceMs: milliseconds })
      return answer.status === REFUSED ? null : readAs(time, answer).now
    },
    close: () => pool.close(),
  }
}

function readAs<T extends z.ZodType>(
  schema: T,
  { status, json }: { status: number; json: unknown },
): z.output<T> {
  const reading = schema.safeParse(json)
  if (status !== 200 || !reading.success) throw silent()
  return reading.data
}

function silent(): BankTrouble {
  return new BankTrouble(t('The emulator gave no answer that can be read. Is it running?'))
}
