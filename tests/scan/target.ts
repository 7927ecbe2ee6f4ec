/** What is scanned: who may come, what there is to look at and to fill in, and what is heard of the inside. */
export interface Person {
  name: string
  /** Empty for who has none. */
  cookie: string
  /** Good in every form of theirs. */
  token: string
}

export interface Form {
  /** As in the table of routes. */
  route: string
  address: string
  /** Filled in so that it would be taken. */
  fields: Record<string, string>
  person: Person
}

export interface Page {
  /** As in the table of routes. */
  route: string
  address: string
  /** A style, a script, an icon, a health check: browsers may keep it, and it is the same for everybody. */
  mayBeKept: boolean
}

export interface Target {
  origin: string
  /** Vouches for its certificate; empty for plain http. */
  ca: string
  people: readonly Person[]
  pages: readonly Page[]
  forms: readonly Form[]
  /** Before each answer that needs something of the page its form came from. */
  prepare?(form: Form): Promise<{ fields?: Record<string, string>; headers?: Record<string, string> }>
  /** What the database was told to do, and what it complained of, since the last time; texts, without parameters. */
  statements(): Promise<readonly string[]>
  /** Between two forms: nobody waits because of wrong tries, and everybody is signed in. @throws when somebody is not. */
  rest(): Promise<void>
  /** All that was mailed so far, as HTML. */
  mails(): Promise<readonly string[]>
}

export const KINDS = [
  'trouble',
  'sql-error',
  'sql-condition',
  'sql-time',
  'sql-text',
  'markup',
  'header',
  'cookie',
  'tls',
  'redirect',
  'file',
  'planted-header',
] as const
export type Kind = (typeof KINDS)[number]

export interface Finding {
  kind: Kind
  where: string
  what: string
}

/** What a check reports to. */
export interface Desk {
  target: Target
  /** Counts and looks at an answer, as every check does with every answer. */
  heard(where: string, answer: import('./client.ts').Answer): void
  found(kind: Kind, where: string, what: string): void
}
