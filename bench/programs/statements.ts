/** Loaded before the app by one process that is never timed: counts what it sends to PostgreSQL. */
import pg from 'pg'

let statements: string[] = []
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown

pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
  const [first] = args
  statements.push(typeof first === 'string' ? first : String((first as { text?: string })?.text))
  return query.apply(this, args)
} as typeof pg.Client.prototype.query

process.on('message', (word) => {
  if (word !== 'statements') return
  process.send?.(statements)
  statements = []
})
