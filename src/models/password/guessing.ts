/** A thread of its own: zxcvbn with its quarter of a million words. See guesser.ts. */
import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'
import type { Judgement, Question } from './guesser.ts'

// Without translations a warning is its name.
const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
})

parentPort?.on('message', ({ password, about }: Question) => {
  const { score, feedback } = zxcvbn.check(password, [...about])
  parentPort?.postMessage({ score, warning: feedback.warning } satisfies Judgement)
})
