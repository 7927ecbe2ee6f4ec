/**
 * What a migration may do while the version before it still runs, on the same tables. Whatever is not known to be safe is
 * refused: a statement is allowed by a row here or by a comment that says why it is the second of two steps.
 */

/** The newest of those that were there before anything was deployed; they are held to nothing. */
export const BASELINE = '20261124000000_saver_revision'

/** `-- second step of <migration>: <why nobody needs it any more>`, in the lines before a statement. */
const SECOND_STEP = /^-- second step of (\d{14}_\w+): \S/m
const NAME = String.raw`(?:"public"\.)?"?(\w+)"?`
const CONCURRENTLY = /^(?:CREATE|DROP|REINDEX) (?:UNIQUE )?INDEX CONCURRENTLY\b/i

/** On tables and columns that are there already. */
const SAFE: readonly RegExp[] = [
  /^CREATE (?:TABLE|SEQUENCE|TYPE|DOMAIN) /i,
  // Same arguments and same result, or PostgreSQL refuses it.
  /^CREATE (?:OR REPLACE )?FUNCTION /i,
  /^COMMENT ON /i,
  /^INSERT INTO /i,
  // Not unique: that would refuse rows of the version that knows nothing of it.
  /^CREATE INDEX CONCURRENTLY /i,
  // Nobody depends on an index but a rule, and PostgreSQL doesn't drop those so.
  /^DROP INDEX CONCURRENTLY /i,
  new RegExp(`^ALTER TABLE ${NAME} VALIDATE CONSTRAINT `, 'i'),
  new RegExp(String.raw`^ALTER TABLE ${NAME} ALTER COLUMN "\w+" SET DEFAULT `, 'i'),
  new RegExp(String.raw`^ALTER TABLE ${NAME} ALTER COLUMN "\w+" SET STATISTICS `, 'i'),
]
const ADD_COLUMNS = new RegExp(`^ALTER TABLE ${NAME}((?: ADD COLUMN .+?(?:,|$))+)$`, 'is')
/** Rules and look-ups of a column wait until it has been there for a while. */
const NOT_IN_A_COLUMN = /\b(?:UNIQUE|PRIMARY KEY|REFERENCES|CHECK|GENERATED)\b/i

/**
 * @param earlier names of the migrations before it.
 * @returns in words what speaks against it; empty when nothing does.
 */
export function objectionsTo(sql: string, earlier: readonly string[]): string[] {
  const statements = statementsOf(sql)
  const made = new Set(
    statements.flatMap(({ text }) => new RegExp(`^CREATE TABLE ${NAME}`, 'i').exec(text)?.[1] ?? []),
  )
  const alone = statements.some(({ text }) => CONCURRENTLY.test(text)) && statements.length > 1
  return [
    ...(alone ? ['an index made or dropped CONCURRENTLY must be the only statement of its migration'] : []),
    ...statements.flatMap((statement) => objectionTo(statement, made, earlier) ?? []),
  ]
}

interface Statement {
  /** On one line, without comments. */
  text: string
  /** What stands before it in comments. */
  comment: string
}

function objectionTo(
  { text, comment }: Statement,
  made: ReadonlySet<string>,
  earlier: readonly string[],
): string | null {
  const first = SECOND_STEP.exec(comment)?.[1]
  if (first !== undefined) {
    const isKnown = earlier.includes(first) && first > BASELINE
    return isKnown ? null : `${first}, the first step, is no earlier migration: ${text}`
  }
  if (SAFE.some((pattern) => pattern.test(text))) return null
  const about = new RegExp(
    `^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX ${NAME} ON|CREATE (?:CONSTRAINT )?TRIGGER ${NAME} .*? ON) ${NAME}`,
    'i',
  ).exec(text)
  if (about && made.has(about.at(-1) ?? '')) return null
  const added = ADD_COLUMNS.exec(text)?.[2]
  if (added === undefined) return `not known to be safe while the version before still runs: ${text}`
  const columns = added.split(/,? ADD COLUMN /i).filter((column) => column.trim() !== '')
  for (const column of columns) {
    if (NOT_IN_A_COLUMN.test(column)) return `a new column comes without rules of its own: ${column}`
    if (/\bNOT NULL\b/i.test(column) && !/\bDEFAULT\b/i.test(column))
      return `the version before doesn't fill it, so it needs a default: ${column}`
    // Anything that is worked out for each row rewrites the table, and keeps everybody out meanwhile.
    if (
      /\bDEFAULT\b/i.test(column) &&
      !/\bDEFAULT (?:'[^']*'(?:::"?\w+"?)?|-?\d+|true|false|now\(\)|CURRENT_TIMESTAMP)(?:\s|,|$)/i.test(
        column,
      )
    )
      return `its default must be a constant: ${column}`
  }
  return null
}

/** Cuts at semicolons outside of quotes and of functions' bodies. */
export function statementsOf(sql: string): Statement[] {
  const pieces = /--[^\n]*|\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|[^-$'";]+|[-$]/g
  const found: Statement[] = []
  let [text, comment] = ['', '']
  for (const [piece] of sql.matchAll(pieces)) {
    if (piece.startsWith('--')) comment += `${piece}\n`
    else if (piece !== ';') text += piece
    else {
      found.push({ text: tidy(text), comment })
      text = ''
      comment = ''
    }
  }
  found.push({ text: tidy(text), comment })
  return found.filter((statement) => statement.text !== '')
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
