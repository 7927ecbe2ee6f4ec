/** The release command: applies what the database lacks, prepares the queue's own schema, and gives the app's role its rights. */
import { readDatabaseSettings, WrongSettings } from '../src/config.ts'
import { prepareDatabase } from './prepare.ts'

try {
  const { DATABASE_URL: url, MIGRATION_DATABASE_URL: ownerUrl = url } = readDatabaseSettings(process.env)
  const applied = await prepareDatabase({ url, ownerUrl })
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
} catch (error) {
  console.error(error instanceof WrongSettings ? error.message : error)
  process.exit(1)
}
