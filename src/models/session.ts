import { digestOf } from '../crypto.ts'
import type { Tx } from '../db.ts'
import { endTokens } from './api-token/ending.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { browserLabel } from './device.ts'

/** Somebody who is signed in somewhere. */
export interface OwnSession {
  /** Names it in a form; the session's own id stays in its browser's cookie. */
  mark: string
  browser: string
  ip: string | null
  signedInOn: Date
  lastSeenOn: Date
  isCurrent: boolean
}

interface SessionRow {
  sid: string
  agent: string | null
  ip: string | null
  signedInAt: number | null
  lastSeenAt: number | null
}

export type OwnSessions = ReturnType<typeof createOwnSessions>

/** The sessions of a saver, as their owner sees them; express-session makes and reads them. */
export function createOwnSessions({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** Those in which something has happened since then, the latest used first. */
    async listOwned(userId: string, currentSid: string, aliveSince: Date): Promise<OwnSession[]> {
      const rows = await db.prisma.$queryRaw<SessionRow[]>`
        SELECT sid, sess ->> 'agent' AS agent, sess ->> 'ip' AS ip,
          (sess ->> 'signedInAt')::float8 AS "signedInAt", (sess ->> 'lastSeenAt')::float8 AS "lastSeenAt"
        FROM session WHERE sess #>> '{passport,user}' = ${userId}
          AND (sess ->> 'lastSeenAt')::float8 >= ${aliveSince.getTime()}
        ORDER BY sess ->> 'lastSeenAt' DESC NULLS LAST LIMIT 50`
      return rows.map((row) => ({
        mark: digestOf(row.sid),
        browser: browserLabel(row.agent ?? ''),
        ip: row.ip,
        signedInOn: new Date(row.signedInAt ?? 0),
        lastSeenOn: new Date(row.lastSeenAt ?? row.signedInAt ?? 0),
        isCurrent: row.sid === currentSid,
      }))
    },

    /** @returns false when there is none of that mark any more. */
    async end(userId: string, mark: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const ended = await tx.$executeRaw`
          DELETE FROM session WHERE sess #>> '{passport,user}' = ${userId}
            AND encode(sha256(convert_to(sid, 'UTF8')), 'hex') = ${mark}`
        if (ended === 0) return false
        await noteEnd(tx, userId, ended, by)
        return true
      })
    },

    /** @returns how many there were besides the one that is kept. */
    async endOthers(userId: string, keepSid: string, by: Actor): Promise<number> {
      return db.transaction(async (tx) => {
        const ended = await endSessions(tx, userId, keepSid)
        if (ended > 0) await noteEnd(tx, userId, ended, by)
        return ended
      })
    },
  }

  async function noteEnd(tx: Tx, userId: string, ended: number, by: Actor): Promise<void> {
    await audit(tx, {
      action: 'user.sessions-ended',
      by,
      at: clock.now(),
      subjectId: userId,
      detail: { ended },
    })
  }
}

/**
 * In the caller's transaction. Where nobody is to stay in, no program does either.
 * @param keepSid the one that goes on, if any. @returns how many sessions ended.
 */
export async function endSessions(tx: Tx, userId: string, keepSid: string | null): Promise<number> {
  if (keepSid === null) await endTokens(tx, userId)
  // In the order in which those who were there are written down, so that neither waits for the other.
  return tx.$executeRaw`
    WITH ending AS MATERIALIZED (
      SELECT sid FROM session
      WHERE (sess #>> '{passport,user}' = ${userId} OR sess #>> '{half,userId}' = ${userId}) AND sid <> ${keepSid ?? ''}
      ORDER BY sid FOR UPDATE
    )
    DELETE FROM session USING ending WHERE session.sid = ending.sid`
}
