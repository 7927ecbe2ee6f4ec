/** The real database and the real bank client, with a point before and after everything that is awaited. */
import type { Bank } from '../../src/bank/index.ts'
import { type Db, named, type Statements } from '../../src/db.ts'
import type { Scheduler } from './scheduler.ts'

export function instrumentedDb(db: Db, scheduler: Scheduler): Db {
  const prisma = db.prisma.$extends({
    query: {
      async $allOperations({ model, operation, args, query }) {
        const name = `${model ?? 'sql'}.${operation}`
        await scheduler.point(name)
        const result = await query(args)
        await scheduler.point(`${name} done`)
        return result
      },
    },
  }) as unknown as Db['prisma']
  /** @param run begins a transaction, does the work in it and commits. */
  const pointed = async <T, In>(
    run: (work: (tx: In) => Promise<T>) => Promise<T>,
    work: (tx: In) => Promise<T>,
  ): Promise<T> => {
    await scheduler.point('transaction')
    const whole = () =>
      run(async (tx) => {
        const value = await work(tx)
        await scheduler.point('before commit')
        return value
      })
    const result = await scheduler.inTransaction(whole).catch((error) => Promise.reject(named(error)))
    await scheduler.point('committed')
    return result
  }
  return {
    ...db,
    prisma,
    transaction: (work) =>
      pointed((run) => prisma.$transaction(run, { maxWait: 15_000, timeout: 15_000 }), work),
    transactionByHand: (work) =>
      pointed(db.transactionByHand, (tx: Statements) => work(instrumentedStatements(tx, scheduler))),
  }
}

function instrumentedStatements(tx: Statements, scheduler: Scheduler): Statements {
  const pointed = async <T>(name: string, send: () => Promise<T>): Promise<T> => {
    await scheduler.point(name)
    const result = await send()
    await scheduler.point(`${name} done`)
    return result
  }
  return {
    $queryRaw: (query, ...values) => pointed('sql.$queryRaw', () => tx.$queryRaw(query, ...values)),
    $executeRaw: (query, ...values) => pointed('sql.$executeRaw', () => tx.$executeRaw(query, ...values)),
  }
}

const CALLS = [
  'refreshTokens',
  'listAccounts',
  'initiate',
  'confirm',
  'order',
  'findOrders',
] as const satisfies readonly (keyof Bank)[]

export function instrumentedBank(bank: Bank, scheduler: Scheduler): Bank {
  const calls = Object.fromEntries(
    CALLS.map((name) => {
      const call = bank[name] as (...args: unknown[]) => Promise<unknown>
      return [
        name,
        async (...args: unknown[]) => {
          await scheduler.point(`bank.${name}`)
          const answer = await call(...args)
          await scheduler.point(`bank.${name} answered`)
          return answer
        },
      ]
    }),
  )
  return { ...bank, ...calls }
}
