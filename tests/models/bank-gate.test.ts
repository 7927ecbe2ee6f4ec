/** The gate in front of the bank, as several processes share it: two gates with pools of their own, one row, one moved clock. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/clock.ts'
import { createDb, type Db } from '../../src/db.ts'
import { createBankGate, type Gate } from '../../src/models/bank-gate.ts'
import { testDatabase } from '../support/database.ts'
import { WatchedClock } from '../support/watched-clock.ts'
import { worldAt } from './support.ts'

/** However busy the machine is. */
const SOON = { timeout: 20_000 }

let web: Db
let worker: Db
let drop: () => Promise<void>

beforeAll(async () => {
  const database = await testDatabase()
  web = createDb(database.url, 12)
  worker = createDb(database.url, 12)
  drop = database.drop
})

afterAll(async () => {
  await Promise.all([web.close(), worker.close()])
  await drop()
})

let clock: WatchedClock
let host: string
let gates: [Gate, Gate]

function openGates(bankCallsPerSecond: number | null): [Gate, Gate] {
  clock = new WatchedClock('2026-06-17T10:00:00.000Z')
  host = `${randomUUID()}.bank.example`
  const gateOn = (db: Db) => {
    const { rules } = worldAt(db).context
    return createBankGate({ db, clock, rules: { ...rules, bankCallsPerSecond } }, host)
  }
  return [gateOn(web), gateOn(worker)]
}

beforeEach(() => {
  gates = openGates(null)
})

type Turn = Awaited<ReturnType<Gate['enter']>>

/** So many calls ask for a turn at the same moment, by turns from either process. */
function enterAtOnce(count: number): Promise<Turn>[] {
  return Array.from({ length: count }, (_, index) => gates[index % 2 === 0 ? 0 : 1].enter())
}

const kinds = (turns: readonly Turn[]) => turns.map(({ kind }) => kind)
const going = (turns: readonly Turn[]) => kinds(turns).filter((kind) => kind === 'go').length
const closedForMs = () => Promise.all(gates.map((gate) => gate.closedForMs()))

async function fail(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await gates[time % 2 === 0 ? 0 : 1].report('failed', null)
}

describe('turns', () => {
  test('are given at the rate to whichever process asks, and nobody waits for longer than five seconds', async () => {
    gates = openGates(10)
    const begun = clock.now().getTime()
    const goneAt: number[] = []
    const closed: number[] = []
    const all = enterAtOnce(70).map(async (entering) => {
      const turn = await entering
      if (turn.kind === 'go') goneAt.push(clock.now().getTime() - begun)
      else closed.push(turn.forMs)
    })
    // 19 find their turn too far off, and 50 wait for theirs, before time has moved at all.
    await expect.poll(() => [closed.length, clock.sleepers], SOON).toEqual([19, 50])
    for (let gone = 1; gone < 51; gone += 1) {
      await expect.poll(() => goneAt.length, { ...SOON, interval: 1 }).toBe(gone)
      const next = clock.nextWakeAt?.getTime() ?? 0
      clock.advance(next - clock.now().getTime())
    }
    await Promise.all(all)
    expect(goneAt).toEqual(Array.from({ length: 51 }, (_, index) => index * 100))
    expect(new Set(closed)).toEqual(new Set([SECOND]))
  })

  test('are not saved up while nobody asks', async () => {
    gates = openGates(10)
    await gates[0].enter()
    clock.advance(MINUTE)
    const first = await gates[1].enter()
    const second = gates[0].enter()
    expect(first.kind).toBe('go')
    await expect.poll(() => clock.nextWakeAt?.getTime(), SOON).toBe(clock.now().getTime() + 100)
    clock.advance(100)
    expect((await second).kind).toBe('go')
  })

  test('cost no waiting where no rate is set, also for the very first calls', async () => {
    expect(going(await Promise.all(enterAtOnce(20)))).toBe(20)
    expect(clock.nextWakeAt).toBeNull()
  })
})

describe('a pause that the bank asks for', () => {
  test('is kept by all calls of all processes, and by none longer', async () => {
    await Promise.all(enterAtOnce(2))
    await gates[0].report('answered', 30 * SECOND)
    expect(await closedForMs()).toEqual([30 * SECOND, 30 * SECOND])
    const turns = await Promise.all(enterAtOnce(20))
    expect(turns).toEqual(turns.map(() => ({ kind: 'closed', forMs: 30 * SECOND })))
    clock.advance(30 * SECOND - 1)
    expect(going(await Promise.all(enterAtOnce(4)))).toBe(0)
    clock.advance(1)
    expect(going(await Promise.all(enterAtOnce(4)))).toBe(4)
  })

  test('is not shortened by a shorter one, nor by answers to calls that were under way', async () => {
    await Promise.all(enterAtOnce(6))
    await gates[0].report('answered', 300 * SECOND)
    await gates[1].report('answered', 5 * SECOND)
    await gates[1].report('answered', null)
    await gates[1].report('failed', null)
    await gates[1].report('answered', null)
    await fail(5)
    await gates[0].report('answered', null)
    expect(await closedForMs()).toEqual([300 * SECOND, 300 * SECOND])
    clock.advance(300 * SECOND)
    expect(going(await Promise.all(enterAtOnce(4)))).toBe(4)
  })

  test('of a bank that fails counts beside our own', async () => {
    await Promise.all(enterAtOnce(2))
    await fail(4)
    await gates[1].report('failed', 60 * SECOND)
    expect(await closedForMs()).toEqual([60 * SECOND, 60 * SECOND])
    clock.advance(60 * SECOND)
    expect(going(await Promise.all(enterAtOnce(8)))).toBe(1)
  })
})

describe('calls that wait for their turn', () => {
  /** Ten calls at ten a second; the first goes at once. */
  async function tenWaiting(): Promise<{ turns: Turn[]; all: Promise<unknown>; next: () => Promise<void> }> {
    gates = openGates(10)
    const turns: Turn[] = []
    const all = Promise.all(enterAtOnce(10).map(async (entering) => turns.push(await entering)))
    await expect.poll(() => turns.length, SOON).toBe(1)
    const next = async () => {
      const waited = turns.length
      clock.advance(100)
      await expect.poll(() => turns.length, SOON).toBe(waited + 1)
    }
    await expect.poll(() => clock.sleepers, SOON).toBe(9)
    return { turns, all, next }
  }

  test.each([
    ['the bank asks for a pause', () => gates[1].report('answered', 30 * SECOND), 30 * SECOND],
    ['it stops answering', () => fail(5), 5 * SECOND],
  ])('do not go when %s meanwhile', async (_what, happen, pauseMs) => {
    const { turns, all, next } = await tenWaiting()
    await next()
    await happen()
    clock.advance(SECOND)
    await all
    expect(kinds(turns)).toEqual(['go', 'go', ...Array(8).fill('closed')])
    for (const turn of turns.slice(2)) expect(turn).toEqual({ kind: 'closed', forMs: pauseMs - SECOND })
  })

  test('go, when the one that tries for all has to wait for its turn', async () => {
    gates = openGates(10)
    await Promise.all([gates[0].enter()])
    await fail(5)
    clock.advance(5 * SECOND)
    await web.prisma.bankGate.update({
      where: { host },
      data: { nextSlotAt: new Date(clock.now().getTime() + SECOND) },
    })
    const trial = gates[1].enter()
    await expect.poll(() => clock.nextWakeAt?.getTime(), SOON).toBe(clock.now().getTime() + SECOND)
    clock.advance(SECOND)
    expect(await trial).toEqual({ kind: 'go' })
  })
})

describe('a bank that doesn’t answer', () => {
  beforeEach(async () => {
    await Promise.all(enterAtOnce(2))
  })

  test('is left alone after five failures in a row, and not before', async () => {
    await fail(4)
    expect(await closedForMs()).toEqual([0, 0])
    await gates[1].report('answered', null)
    await fail(4)
    expect(await closedForMs()).toEqual([0, 0])
    expect(await gates[0].trials()).toBeNull()
    await fail(1)
    expect(await closedForMs()).toEqual([5 * SECOND, 5 * SECOND])
    expect(going(await Promise.all(enterAtOnce(10)))).toBe(0)
    expect(await gates[1].trials()).toBe(0)
  })

  test('is tried by one call at a time, whichever process asks first, and left alone longer each time', async () => {
    await fail(5)
    const pauses: number[] = []
    for (let trial = 0; trial < 9; trial += 1) {
      const [pause = 0] = await closedForMs()
      pauses.push(pause / SECOND)
      clock.advance(pause)
      const turns = await Promise.all(enterAtOnce(20))
      expect(going(turns)).toBe(1)
      expect(going(await Promise.all(enterAtOnce(4)))).toBe(0)
      expect(await gates[0].trials()).toBe(trial)
      const tried = kinds(turns).indexOf('go')
      await gates[tried % 2 === 0 ? 0 : 1].report('failed', null)
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300])
  })

  test('is open to all again with the first answer, and the next failure counts from one', async () => {
    await fail(7)
    const [pause = 0] = await closedForMs()
    clock.advance(pause)
    const turns = await Promise.all(enterAtOnce(6))
    const tried = kinds(turns).indexOf('go')
    await gates[tried % 2 === 0 ? 0 : 1].report('answered', null)
    expect(await closedForMs()).toEqual([0, 0])
    expect(going(await Promise.all(enterAtOnce(20)))).toBe(20)
    await fail(4)
    expect(await closedForMs()).toEqual([0, 0])
  })

  test('is tried by another call when the process that tried has died', async () => {
    await fail(5)
    clock.advance(5 * SECOND)
    expect(going(await Promise.all(enterAtOnce(6)))).toBe(1)
    clock.advance(25 * SECOND - 1)
    expect(going(await Promise.all(enterAtOnce(6)))).toBe(0)
    clock.advance(1)
    expect(going(await Promise.all(enterAtOnce(6)))).toBe(1)
  })

  test('is counted right when many calls fail at the same moment', async () => {
    await Promise.all(
      Array.from({ length: 4 }, (_, index) => gates[index % 2 === 0 ? 0 : 1].report('failed', null)),
    )
    expect(await closedForMs()).toEqual([0, 0])
    await gates[0].report('failed', null)
    expect(await closedForMs()).toEqual([5 * SECOND, 5 * SECOND])
  })
})
