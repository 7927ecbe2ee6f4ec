import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from '../../src/clock.ts'
import type { Database, Shutdown } from './database.ts'
import { type Card, deckOf, type Victim } from './deck.ts'
import type { KillLog } from './kill-log.ts'
import type { OnStep, Program } from './program.ts'
import type { Random } from './random.ts'
import { LEASE_SECONDS } from './settings.ts'
import type { Stage } from './stage.ts'
import type { Step } from './steps.ts'

/** The payments flow all the time, so a common step comes soon; a rare one when a lease has run out. */
const STEP_COMES_WITHIN_MS = 8 * SECOND
const LEAST_PAUSE_MS = 100
const MOST_PAUSE_MS = 900
const LONGEST_DOWN_MS = 1_500
/** Steps that nobody came to are tried again when there are more of them. */
const MOST_MISSED = 2
/** Longer than a lease: whoever wakes up afterwards has lost what it held. */
const PAUSED_MS = LEASE_SECONDS * SECOND + 1_500

export interface Killer {
  /** Told by the stage when a program has come to the step that it was ordered to. */
  onStep: OnStep
  /** Plays until so many processes were killed, or until it is stopped. */
  run(stage: Stage, kills: number, stopping: AbortSignal): Promise<void>
}

export function createKiller(random: Random, log: KillLog): Killer {
  let stepComes = () => {}
  const sleepers = new Set<Promise<void>>()
  const missed: Card[] = []

  return {
    onStep(program, { step, signal }) {
      const isKill = signal === 'SIGKILL'
      log.note(program.name, isKill ? step : `paused: ${step}`, isKill)
      if (!isKill) {
        program.notePause()
        wakeLater(program)
      }
      stepComes()
    },

    async run(stage, kills, stopping) {
      const deck = deckOf(random)
      while (log.kills < kills && !stopping.aborted) {
        const card = (missed.length > MOST_MISSED ? missed.shift() : null) ?? deck.next().value
        await play(stage, card, kills - log.kills)
        const pauseMs = random.between(LEAST_PAUSE_MS, MOST_PAUSE_MS)
        await pause(pauseMs, undefined, { signal: stopping }).catch(() => {})
      }
      await Promise.all(sleepers)
    },
  }

  async function play(stage: Stage, card: Card, killsLeft: number): Promise<void> {
    if (card.kind === 'at-step') {
      if (!(await strikeAtStep(stage, card.step, card.how))) missed.push(card)
    } else if (card.victim !== 'both-workers' || killsLeft > 1) await strike(stage, card.victim)
  }

  /**
   * Orders all who may come to the step; the first one to come dies, the others live on.
   * @returns false when nobody came, as while the bank is being left alone.
   */
  async function strikeAtStep({ web, workers }: Stage, step: Step, how: 'kill' | 'pause'): Promise<boolean> {
    const candidates = step.in === 'web' ? [web] : workers
    const come = new Promise<boolean>((resolve) => {
      stepComes = () => resolve(true)
    })
    const signal = how === 'kill' ? 'SIGKILL' : 'SIGSTOP'
    for (const candidate of candidates) candidate.order({ step: step.name, signal })
    const hasCome = await Promise.race([come, pause(STEP_COMES_WITHIN_MS, false, { ref: false })])
    for (const candidate of candidates) candidate.order(null)
    return hasCome
  }

  async function strike(stage: Stage, victim: Victim): Promise<void> {
    const { web, bank, workers, database } = stage
    switch (victim) {
      case 'web':
        return kill([web], victim)
      case 'bank':
        return kill([bank], victim)
      case 'worker-1':
        return kill([workers[0]], 'one worker')
      case 'worker-2':
        return kill([workers[1]], 'one worker')
      case 'both-workers':
        return kill(workers, 'both workers')
      case 'database-fast':
        return restart(database, 'fast')
      case 'database-immediate':
        return restart(database, 'immediate')
      case 'paused-worker': {
        const worker = random.pick(workers)
        await worker.ready()
        worker.stop()
        log.note(worker.name, 'paused: at random', false)
        wakeLater(worker)
      }
    }
  }

  function kill(victims: readonly Program[], what: string): void {
    for (const victim of victims) if (victim.kill()) log.note(victim.name, `at random: ${what}`)
  }

  async function restart(database: Database, how: Shutdown): Promise<void> {
    log.note('database', `at random: ${how} shutdown of the database`)
    await database.goDown(how)
    await pause(random.between(0, LONGEST_DOWN_MS))
    await database.comeUp()
  }

  function wakeLater(program: Program): void {
    const sleep = pause(PAUSED_MS).then(() => {
      program.goOn()
      sleepers.delete(sleep)
    })
    sleepers.add(sleep)
  }
}
