const USUAL_ROWS = 50

interface Query {
  limit?: number | undefined
  before?: string | undefined
}

/**
 * One page of a list that is read from its newest row on, and the address of the next one. One row more than is shown is
 * asked for, so that no address leads to an empty page.
 */
export async function pageOf<T extends { id: string }>(
  path: string,
  query: Query,
  read: (size: number) => Promise<T[]>,
): Promise<{ data: T[]; next: string | null }> {
  const size = query.limit ?? USUAL_ROWS
  const rows = await read(size + 1)
  const data = rows.slice(0, size)
  const last = data.at(-1)
  return { data, next: rows.length > size && last ? addressOf(path, { ...query, before: last.id }) : null }
}

function addressOf(path: string, query: object): string {
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) fields.set(name, String(value))
  return `${path}?${fields}`
}
