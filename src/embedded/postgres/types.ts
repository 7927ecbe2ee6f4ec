/** Receives progress and trouble, a line at a time, without line ends. */
export type Log = (line: string) => void

/** The OS account PostgreSQL runs under; null means the one this process already has. */
export type Account = { name: string; uid: number; gid: number } | null

/** PostgreSQL's programs: `folder` holds `postgres` and `initdb`, which find their libraries relative to it. */
export interface Binaries {
  folder: string
  /** The major version, which data on disk must share. */
  major: string
}

/** The two connection strings of a running server; plain text, so they can be handed to other processes. */
export interface DatabaseServer {
  /** The app's own role, owner of database `sparvana`, no superuser: as on the hosted platform. */
  url: string
  /** The superuser, in database `postgres`. */
  adminUrl: string
}
