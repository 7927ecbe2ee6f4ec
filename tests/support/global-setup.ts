import type { TestProject } from 'vitest/node'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { createDatabase, type DatabaseServer, startPostgres } from '../../src/embedded/postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    database: DatabaseServer
  }
}

export const TEMPLATE = 'sparvana_template'

/** One real PostgreSQL for the whole run; every test file gets its own database, copied from a migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ quick: true })
  await prepareDatabase(await createDatabase(postgres, TEMPLATE))
  const { url, ownerUrl, adminUrl } = postgres
  project.provide('database', { url, ownerUrl, adminUrl })
  return () => postgres.stop()
}
