import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One mail as it reached us. */
export interface CaughtMail {
  /** The addresses it was really sent to, separated by commas, whatever its headers say. */
  to: string
  subject: string
  text: string
  /** Null when the mail has no HTML part. */
  html: string | null
  /** List-* headers, by names in small letters; missing where there are none. */
  headers?: Record<string, string>
  /** When it arrived: ISO 8601, UTC. */
  at: string
}

export interface KeptMail {
  /** Grows by one with every mail. */
  id: number
  mail: CaughtMail
}

export interface MailStore {
  add(mail: CaughtMail): void
  /** Newest first. */
  all(): readonly KeptMail[]
  find(id: number): CaughtMail | null
  clear(): void
}

const MOST_KEPT = 500
const FILE_NAME = /^(\d{9})\.json$/

/** Opens the mails kept in `folder`, or an empty store in memory for null. Throws when the folder cannot be written. */
export function openMailStore(folder: string | null): MailStore {
  let kept: KeptMail[] = folder === null ? [] : load(folder)
  const fileOf = (id: number) => join(folder ?? '', `${String(id).padStart(9, '0')}.json`)
  const drop = (mails: readonly KeptMail[]) => {
    if (folder !== null) for (const { id } of mails) rmSync(fileOf(id), { force: true })
  }
  const cut = () => {
    drop(kept.slice(MOST_KEPT))
    kept = kept.slice(0, MOST_KEPT)
  }
  cut()
  return {
    add(mail) {
      const id = (kept[0]?.id ?? 0) + 1
      if (folder !== null) {
        writeFileSync(`${fileOf(id)}.new`, JSON.stringify(mail), { mode: 0o600 })
        renameSync(`${fileOf(id)}.new`, fileOf(id))
      }
      kept = [{ id, mail }, ...kept]
      cut()
    },
    all: () => kept,
    find: (id) => kept.find((one) => one.id === id)?.mail ?? null,
    clear() {
      drop(kept)
      kept = []
    },
  }
}

/** A file that cannot be read back, cut short by a full disk say, is passed over: it must not keep the rest away. */
function load(folder: string): KeptMail[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found: KeptMail[] = []
  for (const name of readdirSync(folder).sort().reverse()) {
    const id = FILE_NAME.exec(name)?.[1]
    if (!id) continue
    try {
      found.push({ id: Number(id), mail: JSON.parse(readFileSync(join(folder, name), 'utf8')) as CaughtMail })
    } catch {}
  }
  return found
}
