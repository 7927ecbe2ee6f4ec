import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { createDatabase, dropDatabase } from '../../src/embedded/postgres.ts'
import { TEMPLATE } from './global-setup.ts'

export interface TestDatabase {
  url: string
  drop(): Promise<void>
}

export async function testDatabase(): Promise<TestDatabase> {
  const server = inject('database')
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const url = await createDatabase(server, name, { template: TEMPLATE })
  return { url, drop: () => dropDatabase(server, name) }
}
