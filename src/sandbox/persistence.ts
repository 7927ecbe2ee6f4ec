/** The emulator's memory on disk: one SQLite file of JSON rows, held by one process at a time. */

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Kind } from './model.ts'

/** Raised whenever rows of an older emulator can no longer be read. */
const FORMAT = 1

/** `body` null: the row is gone. */
export interface Change {
  kind: Kind
  id: string
  body: object | null
}

/**
 * Changes saved together appear together or not at all, also after `kill -9`. A commit reaches the operating system
 * before `save` returns; it isn't forced to the platter, so a power cut may lose the last few, never half of one.
 */
export class StateFile {
  readonly #db: DatabaseSync
  readonly #put: StatementSync
  readonly #remove: StatementSync

  /** @throws when another process holds the file for longer than five seconds, or it is not a state file. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true })
    this.#db = new DatabaseSync(path, { timeout: 5_000 })
    try {
      prepare(this.#db)
    } catch (error) {
      this.#db.close()
      const held = error instanceof Error && error.message.includes('locked')
      throw held ? new Error(`another process holds the state file ${path}`, { cause: error }) : error
    }
    this.#put = this.#db.prepare('INSERT OR REPLACE INTO row (kind, id, body) VALUES (?, ?, ?)')
    this.#remove = this.#db.prepare('DELETE FROM row WHERE kind = ? AND id = ?')
  }

  *load(): Generator<Change & { body: object }> {
    for (const row of this.#db.prepare('SELECT kind, id, body FROM row').iterate()) {
      yield { kind: String(row.kind) as Kind, id: String(row.id), body: JSON.parse(String(row.body)) }
    }
  }

  save(changes: Iterable<Change>): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const { kind, id, body } of changes) {
        if (body) this.#put.run(kind, id, JSON.stringify(body))
        else this.#remove.run(kind, id)
      }
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  clear(): void {
    this.#db.exec('DELETE FROM row')
  }

  close(): void {
    this.#db.close()
  }
}

function prepare(db: DatabaseSync): void {
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = NORMAL')
  const found = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  if (found !== 0 && found !== FORMAT) {
    throw new Error(`the state file has format ${found}, not ${FORMAT}: remove it to start afresh`)
  }
  db.exec(
    'CREATE TABLE IF NOT EXISTS row (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID',
  )
  db.exec(`PRAGMA user_version = ${FORMAT}`)
}
