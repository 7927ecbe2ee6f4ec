import type { Logger } from '../../logger.ts'
import type { Models } from '../../models/index.ts'

export interface RetentionDeps {
  models: Pick<Models, 'retention' | 'auditChain'>
  log: Logger
}

/**
 * Once a day: what has been kept for long enough goes, and the log says how much of what. It also notes where the chain of the
 * audit trail stands, outside of the database.
 */
export function createRetentionSweep({ models, log }: RetentionDeps, stopping?: AbortSignal) {
  return async function sweep(): Promise<void> {
    const forgotten = await models.retention.sweep(stopping)
    const rows = Object.values(forgotten).reduce((sum, count) => sum + count, 0)
    log.info('kept for long enough', { rows, forgotten })
    const head = await models.auditChain.head()
    if (head) log.info('head of the audit trail', { head: `${head.number}:${head.hash}` })
  }
}
