/** The release command: applies what the database lacks, and prepares the queue's own schema. */
import { createQueueSchema } from '../src/jobs/queue.ts'
import { applyMigrations } from './engine.ts'

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: there is no database to migrate.')
  process.exit(1)
}
const applied = await applyMigrations(url)
await createQueueSchema(url)
console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
