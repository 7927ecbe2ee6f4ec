/**
 * How easily a password is guessed. The words to compare with take half a second and 50 MB to read, and a long password up to
 * half a second to compare: that is done in a thread of its own, which begins with the first password and ends when no more come.
 */
import { Worker } from 'node:worker_threads'
import { SECOND } from '../../clock.ts'

export interface Question {
  password: string
  /** Words that make it easier to guess, because they are known of its owner. */
  about: readonly string[]
}

export interface Judgement {
  /** From 0, found at once, to 4. */
  score: number
  /** zxcvbn's name of what is wrong with it. */
  warning: string | null
}

export interface Guesser {
  /** @throws when too many wait, or the thread ended before it answered: then nothing is known of the password. */
  judge(question: Question): Promise<Judgement>
}

export interface GuesserLimits {
  /** The thread ends when it has had nothing to do for so long; whole milliseconds. */
  restMs: number
  /** Passwords under way and waiting; at half a second each, more would wait longer than a request may take. */
  waiting: number
}

const LIMITS: GuesserLimits = { restMs: 60 * SECOND, waiting: 50 }
/** Twice what it needs: a thread that wanted more would end, and not the process. */
const MEMORY = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 }

interface Waiting {
  resolve(judgement: Judgement): void
  reject(error: Error): void
}

interface Thread {
  worker: Worker
  /** Answers come in the order of the questions. */
  waiting: Waiting[]
  rest: NodeJS.Timeout | undefined
}

export function createGuesser({ restMs, waiting: most }: GuesserLimits = LIMITS): Guesser {
  let thread: Thread | null = null

  function begin(): Thread {
    // Nothing of ours is handed on: no setting, and no option of the program.
    const worker = new Worker(new URL('guessing.ts', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: MEMORY,
    })
    const begun: Thread = { worker, waiting: [], rest: undefined }
    worker.on('message', (judgement: Judgement) => {
      begun.waiting.shift()?.resolve(judgement)
      if (begun.waiting.length === 0) restLater(begun)
    })
    worker.on('error', (error) => end(begun, error))
    worker.on('exit', () => end(begun, new Error('the thread that judges passwords has ended')))
    return begun
  }

  function end(ended: Thread, why: Error): void {
    if (thread === ended) thread = null
    clearTimeout(ended.rest)
    for (const { reject } of ended.waiting.splice(0)) reject(why)
  }

  function restLater(resting: Thread): void {
    // A thread that waits for a password keeps no program from ending.
    resting.worker.unref()
    resting.rest = setTimeout(() => {
      if (thread === resting) thread = null
      resting.worker.terminate()
    }, restMs).unref()
  }

  return {
    judge: (question) =>
      new Promise((resolve, reject) => {
        thread ??= begin()
        const { worker, waiting, rest } = thread
        if (waiting.length >= most) throw new Error('too many passwords wait to be judged')
        clearTimeout(rest)
        waiting.push({ resolve, reject })
        worker.ref()
        worker.postMessage(question)
      }),
  }
}
