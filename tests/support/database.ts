import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import {
  createDatabase,
  type DatabaseServer,
  type DatabaseUrls,
  dropDatabase,
} from '../../src/embedded/postgres.ts'
import { TEMPLATE } from './global-setup.ts'

/** What the app may not, for tests that need more. */
export type AsOwner = <Row extends pg.QueryResultRow>(
  sql: string,
  values?: unknown[],
) => Promise<pg.QueryResult<Row>>

export interface TestDatabase extends DatabaseUrls {
  asOwner: AsOwner
  drop(): Promise<void>
}

/** A database of its own, which the app reaches with its own small role. */
export async function testDatabase(): Promise<TestDatabase> {
  return databaseOn(inject('database'))
}

/** The same on a server that is not the one of a test run; it has the template already. */
export async function databaseOn(server: DatabaseServer): Promise<TestDatabase> {
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const urls = await createDatabase(server, name, { template: TEMPLATE })
  return { ...urls, asOwner: asOwnerOf(urls), drop: () => dropDatabase(server, name) }
}

function asOwnerOf({ ownerUrl }: DatabaseUrls): AsOwner {
  return async (sql, values) => {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    try {
      return await client.query(sql, values)
    } finally {
      await client.end()
    }
  }
}
