import type { TestProject } from 'vitest/node'
import { applyMigrations } from '../../prisma/engine.ts'
import { createDatabase, startPostgres } from '../../src/embedded/postgres.ts'
import { createQueueSchema } from '../../src/jobs/queue.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    database: { url: string; adminUrl: string; templateUrl: string }
  }
}

export const TEMPLATE = 'sparvana_template'

/** One real PostgreSQL for the whole run; every test file gets its own database, copied from a migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ quick: true })
  const templateUrl = await createDatabase(postgres, TEMPLATE)
  await applyMigrations(templateUrl)
  await createQueueSchema(templateUrl)
  project.provide('database', { url: postgres.url, adminUrl: postgres.adminUrl, templateUrl })
  return () => postgres.stop()
}
