import pg from 'pg'
import { type Passwords, SUPERUSER } from './cluster.ts'
import type { DatabaseServer, DatabaseUrls } from './types.ts'

/** The database and its owner have the same name. */
const DATABASE = 'sparvana'
const OWNER = 'sparvana'
const APP = 'sparvana_app'

export function urlsFor(port: number, passwords: Passwords): DatabaseServer {
  const at = `127.0.0.1:${port}`
  return {
    url: `postgres://${APP}:${passwords.app}@${at}/${DATABASE}`,
    ownerUrl: `postgres://${OWNER}:${passwords.owner}@${at}/${DATABASE}`,
    adminUrl: `postgres://${SUPERUSER}:${passwords.superuser}@${at}/${SUPERUSER}`,
  }
}

/** Makes sure that both roles exist with the passwords of their URLs, and the database of which one is the owner. */
export async function ensureAppDatabase(server: DatabaseServer): Promise<void> {
  await asAdmin(server, async (client) => {
    for (const url of [server.ownerUrl, server.url]) {
      const { username, password } = new URL(url)
      const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [username])
      if (role.rowCount === 0) await client.query(`CREATE ROLE ${username} LOGIN`)
      await client.query(`ALTER ROLE ${username} LOGIN PASSWORD ${client.escapeLiteral(password)}`)
    }
    const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
  })
}

/**
 * Creates a database of the owner's and returns its URLs. With `template` it is a copy of that database with the rights in
 * it, to which nobody may be connected meanwhile: migrate one, then copy it for every test file.
 */
export async function createDatabase(
  server: DatabaseServer,
  name: string,
  { template }: { template?: string } = {},
): Promise<DatabaseUrls> {
  await asAdmin(server, async (client) => {
    const database = client.escapeIdentifier(name)
    await client.query(
      `CREATE DATABASE ${database} OWNER ${OWNER}` +
        (template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`),
    )
    // The one kind of right that is not copied.
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${APP}`)
  })
  return { url: renamed(server.url, name), ownerUrl: renamed(server.ownerUrl, name) }
}

function renamed(of: string, name: string): string {
  const url = new URL(of)
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
