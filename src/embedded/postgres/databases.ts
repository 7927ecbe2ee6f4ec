import pg from 'pg'
import { OWNER, type Passwords } from './cluster.ts'
import type { DatabaseServer } from './types.ts'

/** The app's role and its database have the same name. */
const APP = 'sparvana'

export function urlsFor(port: number, passwords: Passwords): DatabaseServer {
  return {
    url: `postgres://${APP}:${passwords.app}@127.0.0.1:${port}/${APP}`,
    adminUrl: `postgres://${OWNER}:${passwords.owner}@127.0.0.1:${port}/${OWNER}`,
  }
}

/** Makes sure that the app's role exists with the password of its URL and owns its database. */
export async function ensureAppDatabase(server: DatabaseServer): Promise<void> {
  const { password } = new URL(server.url)
  await asAdmin(server, async (client) => {
    const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [APP])
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${APP} LOGIN`)
    await client.query(`ALTER ROLE ${APP} LOGIN PASSWORD ${client.escapeLiteral(password)}`)
    const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [APP])
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${APP} OWNER ${APP}`)
  })
}

/**
 * Creates a database owned by the app's role and returns its URL. With `template` it is a copy of that database,
 * to which nobody may be connected meanwhile: migrate one, then copy it for every test file.
 */
export async function createDatabase(
  server: DatabaseServer,
  name: string,
  { template }: { template?: string } = {},
): Promise<string> {
  await asAdmin(server, (client) =>
    client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${APP}` +
        (template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`),
    ),
  )
  const url = new URL(server.url)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

/** Drops a database, cutting off whoever is connected; one that does not exist is no error. */
export async function dropDatabase(server: DatabaseServer, name: string): Promise<void> {
  await asAdmin(server, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  )
}

async function asAdmin<T>(server: DatabaseServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.adminUrl, connectionTimeoutMillis: 10_000 })
  // A connection lost between queries is told by the next query; unheard it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
