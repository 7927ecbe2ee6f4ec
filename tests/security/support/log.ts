import { Writable } from 'node:stream'
import winston from 'winston'
import { createLogger } from '../../../src/logger.ts'
import type { TestApp } from '../../support/app.ts'

/** What the app writes into its log meanwhile, exactly as the real logger writes it. */
export async function logOf(app: TestApp, work: () => Promise<unknown>): Promise<string> {
  const { log } = app.deps
  const written: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk))
      done()
    },
  })
  log.format = createLogger('web', 'info').format
  log.clear().add(new winston.transports.Stream({ stream }))
  log.silent = false
  try {
    await work()
  } finally {
    log.silent = true
    log.clear()
  }
  return written.join('')
}

export function linesOf(written: string): Record<string, unknown>[] {
  return written
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
