/** The release command: applies what the database lacks, prepares the queue's own schema, and gives the app's role its rights. */
import { prepareDatabase } from './prepare.ts'

const { DATABASE_URL: url, MIGRATION_DATABASE_URL: ownerUrl } = process.env
if (!url) {
  console.error('DATABASE_URL is not set: there is no database to migrate.')
  process.exit(1)
}
const applied = await prepareDatabase({ url, ownerUrl: ownerUrl || url })
console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
