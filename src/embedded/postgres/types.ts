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

/** Of one database, as two roles without superuser rights; plain text, so they can be handed to other processes. */
export interface DatabaseUrls {
  /** The app's own role, which may do what it was given and owns nothing. */
  url: string
  /** The role that owns the database and makes its tables. */
  ownerUrl: string
}

/** A running server, and its database `sparvana`. */
export interface DatabaseServer extends DatabaseUrls {
  /** The superuser, in database `postgres`. */
  adminUrl: string
}
