import pg from 'pg'

type Query = (...args: unknown[]) => unknown

/** @returns the text of each statement that this process sends, by whatever client, while something is done. */
export async function statementsOf(act: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = []
  const query = pg.Client.prototype.query as Query
  pg.Client.prototype.query = function heard(this: pg.Client, ...args: unknown[]) {
    const [first] = args
    statements.push(typeof first === 'string' ? first : String((first as { text?: string })?.text))
    return query.apply(this, args)
  } as typeof pg.Client.prototype.query
  try {
    await act()
  } finally {
    pg.Client.prototype.query = query as typeof pg.Client.prototype.query
  }
  return statements
}
