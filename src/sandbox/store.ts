/** All rows in memory, with the look-ups the bank needs; every `write` is atomic in memory and, with a state file, on disk. */

import {
  type Account,
  COUNTRIES,
  type Country,
  type Kind,
  type Payment,
  type Tables,
  type Transaction,
} from './model.ts'
import type { Change, StateFile } from './persistence.ts'

interface Undo {
  kind: Kind
  id: string
  before: Tables[Kind] | undefined
}

type TableMaps = { [K in Kind]: Map<string, Tables[K]> }

export class Store {
  readonly #file: StateFile | null
  #tables = emptyTables()
  #undo: Undo[] | null = null
  #seq = 0
  readonly #accountByNumber = new Map<string, string>()
  readonly #accountByOpaqueId = new Map<string, string>()
  readonly #transactionsOf = new Map<string, Map<string, Transaction>>()
  readonly #moving = new Map<string, Payment>()

  constructor(file: StateFile | null) {
    this.#file = file
    const rows = file ? [...file.load()] : []
    rows.sort((a, b) => seqOf(a.body) - seqOf(b.body))
    for (const { kind, id, body } of rows) {
      this.#set(kind, id, body as Tables[Kind])
      this.#seq = Math.max(this.#seq, seqOf(body))
    }
  }

  get<K extends Kind>(kind: K, id: string): Tables[K] | undefined {
    return this.#tables[kind].get(id)
  }

  all<K extends Kind>(kind: K): Tables[K][] {
    return [...this.#tables[kind].values()]
  }

  count(kind: Kind): number {
    return this.#tables[kind].size
  }

  /** By IBAN, or by BBAN of that country; without a country, by BBAN of any. Blanks in the number don't matter. */
  accountByNumber(number: string, country?: Country): Account | undefined {
    const plain = number.replace(/\s/g, '').toUpperCase()
    const keys = [plain, ...(country ? [country] : COUNTRIES).map((each) => `${each}:${plain}`)]
    const id = keys.map((key) => this.#accountByNumber.get(key)).find((found) => found !== undefined)
    return id === undefined ? undefined : this.get('account', id)
  }

  accountByOpaqueId(opaqueId: string): Account | undefined {
    const id = this.#accountByOpaqueId.get(opaqueId)
    return id === undefined ? undefined : this.get('account', id)
  }

  /** In the order they were written. */
  transactionsOf(accountId: string): Transaction[] {
    return [...(this.#transactionsOf.get(accountId)?.values() ?? [])]
  }

  /** Payments that still change by themselves. */
  moving(): Payment[] {
    return [...this.#moving.values()]
  }

  nextSeq(): number {
    this.#seq += 1
    return this.#seq
  }

  put<K extends Kind>(kind: K, row: Tables[K]): void {
    this.#record(kind, row.id)
    this.#set(kind, row.id, row)
  }

  remove(kind: Kind, id: string): void {
    this.#record(kind, id)
    this.#set(kind, id, undefined)
  }

  /** Runs `work` and saves what it changed before returning; if it throws, nothing has changed. Calls may nest. */
  write<T>(work: () => T): T {
    if (this.#undo) return work()
    const undo: Undo[] = []
    this.#undo = undo
    try {
      const result = work()
      this.#save(undo)
      return result
    } catch (error) {
      for (const { kind, id, before } of undo.reverse()) this.#set(kind, id, before)
      throw error
    } finally {
      this.#undo = null
    }
  }

  /** Empties everything at once, whatever it holds. Stands outside any write: there is nothing to undo it with. */
  clear(): void {
    if (this.#undo) throw new Error('the store is not emptied inside write()')
    this.#file?.clear()
    this.#tables = emptyTables()
    this.#seq = 0
    for (const index of [
      this.#accountByNumber,
      this.#accountByOpaqueId,
      this.#transactionsOf,
      this.#moving,
    ]) {
      index.clear()
    }
  }

  close(): void {
    this.#file?.close()
  }

  #record(kind: Kind, id: string): void {
    if (!this.#undo) throw new Error('the store changes only inside write()')
    this.#undo.push({ kind, id, before: this.#tables[kind].get(id) })
  }

  #save(undo: readonly Undo[]): void {
    if (!this.#file || undo.length === 0) return
    const changed = new Map<string, Change>()
    for (const { kind, id } of undo) {
      changed.set(`${kind} ${id}`, { kind, id, body: this.#tables[kind].get(id) ?? null })
    }
    this.#file.save(changed.values())
  }

  #set(kind: Kind, id: string, row: Tables[Kind] | undefined): void {
    const table = this.#tables[kind] as Map<string, Tables[Kind]>
    const before = table.get(id)
    if (row) table.set(id, row)
    else table.delete(id)
    if (kind === 'account') this.#indexAccount(before as Account | undefined, row as Account | undefined)
    if (kind === 'transaction')
      this.#indexTransaction(before as Transaction | undefined, row as Transaction | undefined)
    if (kind === 'payment') this.#indexPayment(id, row as Payment | undefined)
  }

  #indexAccount(before: Account | undefined, after: Account | undefined): void {
    if (before) {
      for (const key of numberKeys(before)) this.#accountByNumber.delete(key)
      this.#accountByOpaqueId.delete(before.opaqueId)
    }
    if (after) {
      for (const key of numberKeys(after)) this.#accountByNumber.set(key, after.id)
      this.#accountByOpaqueId.set(after.opaqueId, after.id)
    }
  }

  #indexTransaction(before: Transaction | undefined, after: Transaction | undefined): void {
    if (before) this.#transactionsOf.get(before.accountId)?.delete(before.id)
    if (!after) return
    const ofAccount = this.#transactionsOf.get(after.accountId) ?? new Map<string, Transaction>()
    this.#transactionsOf.set(after.accountId, ofAccount.set(after.id, after))
  }

  #indexPayment(id: string, after: Payment | undefined): void {
    if (after && after.plan.length > 0) this.#moving.set(id, after)
    else this.#moving.delete(id)
  }
}

function numberKeys(account: Account): string[] {
  return account.bban === null ? [account.iban] : [account.iban, `${account.country}:${account.bban}`]
}

function seqOf(body: object): number {
  return 'seq' in body && typeof body.seq === 'number' ? body.seq : 0
}

function emptyTables(): TableMaps {
  return {
    account: new Map(),
    outside: new Map(),
    consent: new Map(),
    code: new Map(),
    token: new Map(),
    signIn: new Map(),
    signing: new Map(),
    payment: new Map(),
    transaction: new Map(),
    clock: new Map(),
  }
}
