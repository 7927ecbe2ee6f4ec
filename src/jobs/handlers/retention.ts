import type { Logger } from '../../logger.ts'
import type { Models } from '../../models/index.ts'

export interface RetentionDeps {
  models: Pick<Models, 'retention'>
  log: Logger
}

/** Once a day: what has been kept for long enough goes, and the log says how much of what. */
export function createRetentionSweep({ models, log }: RetentionDeps, stopping?: AbortSignal) {
  return async function sweep(): Promise<void> {
    const forgotten = await models.retention.sweep(stopping)
    const rows = Object.values(forgotten).reduce((sum, count) => sum + count, 0)
    log.info('kept for long enough', { rows, forgotten })
  }
}
