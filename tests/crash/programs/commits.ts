import pg from 'pg'
import { afterCommit, beforeCommit, type Commit } from '../steps.ts'

interface Statement {
  text: string
  values: readonly unknown[]
}

type Query = (...args: unknown[]) => unknown
/** The states whose writing is a step. */
const PAYMENT_STATES: readonly unknown[] = [
  'SENDING',
  'INITIATED',
  'CONFIRMING',
  'ACCEPTED',
  'PAID',
  'UNKNOWN',
] satisfies Commit[]

/** Sees every statement on its way to PostgreSQL, and calls `reach` at the commits that are steps. */
export function watchCommits(reach: (step: string) => void): void {
  const open = new WeakMap<pg.Client, Set<Commit>>()
  const query = pg.Client.prototype.query as Query

  pg.Client.prototype.query = function watched(this: pg.Client, ...args: unknown[]) {
    const commits = commitsIn(open, this, statementOf(args))
    for (const commit of commits) reach(beforeCommit(commit))
    if (commits.length === 0) return query.apply(this, args)
    const tellAfter = () => {
      for (const commit of commits) reach(afterCommit(commit))
    }
    const result = query.apply(
      this,
      args.map((arg) => heardBefore(arg, tellAfter)),
    )
    if (result instanceof Promise) result.then(tellAfter, () => {})
    return result
  } as typeof pg.Client.prototype.query
}

/** A pool asks with a callback, a transaction with a promise: either way we are the first to hear that it is done. */
function heardBefore(arg: unknown, tell: () => void): unknown {
  if (typeof arg !== 'function') return arg
  return (error: unknown, ...rest: unknown[]) => {
    if (!error) tell()
    return arg(error, ...rest)
  }
}

/**
 * @param open what the transactions that connections are in have written so far.
 * @returns what this statement makes lasting: a commit all of its transaction's, any other outside one its own.
 */
function commitsIn(open: WeakMap<pg.Client, Set<Commit>>, client: pg.Client, statement: Statement): Commit[] {
  const { text } = statement
  if (/^BEGIN\b/i.test(text)) {
    open.set(client, new Set())
    return []
  }
  const transaction = open.get(client)
  if (/^(COMMIT|ROLLBACK)$/i.test(text)) {
    open.delete(client)
    return /^COMMIT$/i.test(text) ? [...(transaction ?? [])] : []
  }
  const written = writtenBy(statement)
  if (written) transaction?.add(written)
  return written && !transaction ? [written] : []
}

function writtenBy({ text, values }: Statement): Commit | null {
  const moved = stateComeTo(text, values)
  if (moved) return moved
  const [, verb, table] = /^\s*(INSERT INTO|UPDATE) (?:"public"\.)?"(\w+)"/.exec(text) ?? []
  switch (`${verb} ${table}`) {
    case 'INSERT INTO CheckOff':
      return 'check-off'
    case 'UPDATE CheckOff':
      return values.includes('UNDONE') ? 'undo' : null
    case 'UPDATE Payment':
      return text.includes('SKIP LOCKED') ? 'claim' : null
    case 'UPDATE BankConsent':
      return /SET .*"accessTokenExpiresAt" = .*"refreshLeaseOwner" = /.test(text) ? 'new token' : null
    default:
      return null
  }
}

/** A move is one statement, and the state that the payment comes to is one of its values. */
function stateComeTo(text: string, values: readonly unknown[]): Commit | null {
  const [, place] = /^\s*WITH moved AS \(\s*UPDATE "Payment" SET\s+state = \$(\d+)/.exec(text) ?? []
  const state = place ? values[Number(place) - 1] : null
  return PAYMENT_STATES.includes(state) ? (state as Commit) : null
}

function statementOf([first, second]: readonly unknown[]): Statement {
  if (typeof first === 'string') return { text: first, values: Array.isArray(second) ? second : [] }
  const { text = '', values = [] } = (first ?? {}) as Partial<Statement>
  return { text, values }
}
