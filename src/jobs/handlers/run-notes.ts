import { type Clock, SECOND } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Models } from '../../models/index.ts'

export interface RunNotesDeps {
  models: Pick<Models, 'jobRuns'>
  clock: Clock
  log: Logger
}

/** Runs something and notes how it went, with what it says of itself (a text). @throws what the run throws, which is in the log by then. */
export type NotedRun = (run: () => Promise<unknown>) => Promise<void>

/** Of what happens every few seconds, so many good runs are noted at most; every failure is. */
const NOTE_EVERY_MS = 10 * SECOND

/** How the runs of one job are noted, for admins to see whether it does what it should. */
export function createRunNotes({ models, clock, log }: RunNotesDeps): (name: string) => NotedRun {
  return (name) => {
    let notedAt = Number.NEGATIVE_INFINITY
    return async (run) => {
      const startedOn = clock.now()
      let said: unknown
      try {
        said = await run()
      } catch (error) {
        log.error('a job failed', { name, error })
        await note(startedOn, error)
        throw error
      }
      const remark = typeof said === 'string' ? said : null
      if (remark === null && startedOn.getTime() - notedAt < NOTE_EVERY_MS) return
      notedAt = startedOn.getTime()
      await note(startedOn, null, remark)
    }

    /** A note that can't be written is no reason to fail. */
    async function note(startedOn: Date, error: unknown, remark: string | null = null): Promise<void> {
      await models.jobRuns
        .note(name, startedOn, error, remark)
        .catch((reason) => log.error('a run could not be noted', { name, error: reason }))
    }
  }
}
