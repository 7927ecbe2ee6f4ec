import { SECOND } from '../clock.ts'
import { Prisma } from '../db.ts'
import type { User } from '../generated/client.ts'
import type { ModelContext } from './context.ts'
import { LastSeen, type Seen } from './last-seen.ts'
import { marked } from './revision.ts'

/** A session as it is stored, and whoever is signed in with it. */
export interface Visit {
  session: object & { lastSeenAt?: number }
  user: User | null
  /** Of what that saver's pages show, as `marked` says. */
  mark: string | null
}

export type Visits = ReturnType<typeof createVisits>

const COLUMNS = Object.keys(Prisma.UserScalarFieldEnum).map((column) => `visitor."${column}"`)
/**
 * Both in one look, for every request begins with it. By name and by each column's: a migration that adds one changes nothing
 * about what was prepared.
 */
const FIND = {
  name: 'visit',
  text: `SELECT session.sess, ${marked('visitor.id')} AS mark, ${COLUMNS.join(', ')} FROM session
    LEFT JOIN "User" visitor ON visitor.id = (session.sess #>> '{passport,user}')::uuid
    WHERE session.sid = $1 AND session.expire >= to_timestamp($2)`,
}

/** The next ones wait for it: a connection that has died without a word must not keep them for ever. */
const GIVEN_UP_AFTER_MS = 20 * SECOND

/** Locked in one order, so that two processes can't deadlock; nobody comes back to life, and no clock goes back. */
const WRITE_SEEN = {
  name: 'write down who was there',
  text: `WITH seen AS MATERIALIZED (
      SELECT session.sid, note.parts, note.ends FROM session
      JOIN unnest($1::text[], $2::jsonb[], $3::float8[]) AS note (sid, parts, ends) ON note.sid = session.sid
      ORDER BY session.sid FOR UPDATE OF session
    )
    UPDATE session SET sess = (session.sess::jsonb || seen.parts)::json, expire = to_timestamp(seen.ends) FROM seen
    WHERE session.sid = seen.sid
      AND coalesce((session.sess ->> 'lastSeenAt')::float8, 0) < (seen.parts ->> 'lastSeenAt')::float8`,
}

export function createVisits({ db }: Pick<ModelContext, 'db'>) {
  const lastSeen = new LastSeen(async (notes) => {
    const seen = [...notes.values()]
    const values = [[...notes.keys()], seen.map(({ parts }) => parts), seen.map(({ endsAt }) => endsAt)]
    const statement = { ...WRITE_SEEN, values, query_timeout: GIVEN_UP_AFTER_MS }
    await db.pool.query(statement)
  })

  return {
    /** @returns null without such a session, or when its time is over. The user is what `users.find` would give. */
    async find(sid: string): Promise<Visit | null> {
      // Asked before the row is: what is no longer waiting then stands in it.
      const noted = lastSeen.of(sid)
      const { rows } = await db.pool.query<User & { sess: Visit['session']; mark: string }>({
        ...FIND,
        values: [sid, Date.now() / 1_000],
      })
      const [row] = rows
      if (!row) return null
      const { sess: session, mark, ...user } = row
      if (noted) session.lastSeenAt = Math.max(session.lastSeenAt ?? 0, noted.at)
      return user.id === null ? { session, user: null, mark: null } : { session, user, mark }
    },

    /** To be written down soon; until then this process knows. @returns once it is. */
    noteSeen: (sid: string, seen: Seen): Promise<void> => lastSeen.note(sid, seen),

    /** Once everything noted so far is written down, or has failed. */
    settled: (): Promise<void> => lastSeen.settled(),
  }
}
