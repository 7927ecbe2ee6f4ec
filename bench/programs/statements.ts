/** Loaded before the app by one process that is never timed: writes down what it sends to PostgreSQL. */
import pg from 'pg'

export interface Sent {
  text: string
  values: unknown[]
}

let statements: Sent[] = []
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown

pg.Client.prototype.query = function noted(this: pg.Client, ...args: unknown[]) {
  const [first, second] = args
  const { text, values } = first as { text?: string; values?: unknown[] }
  if (typeof first === 'string') statements.push({ text: first, values: Array.isArray(second) ? second : [] })
  else statements.push({ text: String(text), values: values ?? [] })
  return query.apply(this, args)
} as typeof pg.Client.prototype.query

process.on('message', (word) => {
  if (word !== 'statements') return
  process.send?.(statements)
  statements = []
})
