import { createHmac, randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { SignedIn } from './sign-in.ts'

/**
 * Sessions of other savers, as one saver's sign-in has left its own: a thousand sign-ins would take minutes for their passwords
 * alone. The form token stays good, for its secret is copied with the row.
 */
export async function sessionsLike(
  pool: pg.Pool,
  { SESSION_SECRET = '' }: Record<string, string>,
  like: SignedIn,
  userIds: readonly string[],
): Promise<SignedIn[]> {
  const sids = userIds.map(() => randomBytes(24).toString('base64url'))
  await pool.query(
    `INSERT INTO session SELECT copy.* FROM session lived
     CROSS JOIN unnest($2::text[], $3::text[]) AS g (sid, "userId"),
     LATERAL jsonb_populate_record(lived,
       replace(to_jsonb(lived)::text, (lived.sess::jsonb #>> '{passport,user}'), g."userId")::jsonb || jsonb_build_object('sid', g.sid)) copy
     WHERE lived.sid = $1`,
    [sidIn(like.cookie), sids, userIds],
  )
  const name = like.cookie.slice(0, like.cookie.indexOf('='))
  return sids.map((sid) => ({ ...like, cookie: `${name}=${signed(sid, SESSION_SECRET)}` }))
}

function sidIn(cookie: string): string {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1))
  return value.slice('s:'.length, value.lastIndexOf('.'))
}

/** As express-session signs the id in its cookie. */
function signed(sid: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${sid}.${signature}`)
}
