import { type Challenge, solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'

/** What a browser would send after doing the work. @param challenge JSON, as the page carries it. */
export async function solved(challenge: string): Promise<string> {
  const parsed = JSON.parse(challenge) as Challenge
  const solution = await solveChallenge({ challenge: parsed, deriveKey })
  return answerOf({ challenge: parsed, solution })
}

/** An answer as it travels. */
export function answerOf(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString('base64')
}

export function contentOf(answer: string) {
  return JSON.parse(Buffer.from(answer, 'base64').toString('utf8'))
}

/** The challenge that a page carries. @returns null where there is none. */
export function challengeIn(html: string): string | null {
  const found = /data-proof="([^"]+)"/.exec(html)?.[1]
  return found?.replaceAll('&#34;', '"').replaceAll('&amp;', '&') ?? null
}
