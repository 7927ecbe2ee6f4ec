import { Prisma } from '../db.ts'
import type { User } from '../generated/client.ts'
import type { ModelContext } from './context.ts'
import { marked } from './revision.ts'

/** A session as it is stored, and whoever is signed in with it. */
export interface Visit {
  session: object
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

export function createVisits({ db }: Pick<ModelContext, 'db'>) {
  return {
    /** @returns null without such a session, or when its time is over. The user is what `users.find` would give. */
    async find(sid: string): Promise<Visit | null> {
      const { rows } = await db.pool.query<User & { sess: object; mark: string }>({
        ...FIND,
        values: [sid, Date.now() / 1_000],
      })
      const [row] = rows
      if (!row) return null
      const { sess: session, mark, ...user } = row
      return user.id === null ? { session, user: null, mark: null } : { session, user, mark }
    },
  }
}
