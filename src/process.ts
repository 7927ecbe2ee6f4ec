import { SECOND } from './clock.ts'
import { WrongSettings } from './config.ts'
import type { Logger } from './logger.ts'

/** The platform kills 30 seconds after SIGTERM; this is before that. */
const STOP_WITHIN_MS = 25 * SECOND

export interface Running {
  log: Logger
  /** @param inOrder false when nobody knows what state the process is in: then it takes up nothing new. */
  stop(inOrder: boolean): Promise<void>
}

/** The frame of a process: starts it, drains it on SIGTERM or Ctrl-C, and ends it when something was overlooked. */
export async function runProcess(name: string, start: () => Promise<Running>): Promise<void> {
  let running: Running
  try {
    running = await start()
  } catch (error) {
    console.error(
      error instanceof WrongSettings ? error.message : `${name} did not start:`,
      error instanceof WrongSettings ? '' : error,
    )
    process.exit(1)
  }
  const { log } = running
  let isStopping = false

  const stop = async (why: string, exitCode: number) => {
    if (isStopping) return
    isStopping = true
    log.info(`${name} stops`, { why })
    setTimeout(() => process.exit(exitCode || 1), STOP_WITHIN_MS).unref()
    await running.stop(exitCode === 0).catch((error) => log.error('while stopping', { error }))
    process.exit(exitCode)
  }

  process.on('SIGTERM', () => stop('SIGTERM', 0))
  process.on('SIGINT', () => stop('SIGINT', 0))
  // Started by another process of ours that has gone: nobody would ever stop this one.
  process.on('disconnect', () => stop('parent gone', 0))
  // What state the process is in after this is anybody's guess, and it moves money: it ends and is started afresh.
  process.on('uncaughtException', (error) => {
    log.error('uncaught', { error })
    stop('uncaught exception', 1)
  })
  process.on('unhandledRejection', (error) => {
    log.error('unhandled rejection', { error })
    stop('unhandled rejection', 1)
  })
}
