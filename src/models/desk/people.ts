import { Prisma, type Tx } from '../../db.ts'
import type { Role, User, UserStatus } from '../../generated/client.ts'
import type { MailKind } from '../../jobs/queue.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { wakeWaiting } from '../payment/waking.ts'
import type { Factors } from '../second-factor.ts'
import { endSessions } from '../session.ts'
import { allOf, type Listed, listed, oneMore, PLANNED_ANEW, type Place } from './paging.ts'

export interface PeopleFilter {
  /** The beginning of a name or an address, or a whole id. */
  search: string | null
  role: Role | null
  status: UserStatus | null
}

/** Of a person what an admin may know: nothing they typed but name and address, and no secret of theirs. */
export type PersonLine = Pick<
  User,
  | 'id'
  | 'fullName'
  | 'email'
  | 'role'
  | 'status'
  | 'createdOn'
  | 'emailConfirmedOn'
  | 'totpConfirmedOn'
  | 'passkeyCount'
  | 'accLoaded'
>

export interface PersonFacts extends PersonLine {
  pausedUntil: Date | null
  habits: number
  payments: number
  openPayments: number
  /** Until when the bank may be called for them. */
  consentUntil: Date | null
  sessions: number
  /** A second factor that will go, unless its owner calls that off. */
  resetOn: Date | null
}

export type DeskResult =
  | 'done'
  /** It is so already, or the person isn't there in a state in which that can be done. */
  | 'nothing-to-do'
  /** Nobody locks themselves out, or makes themselves something else. */
  | 'own-account'
  /** Somebody has to be left who can look after the service. */
  | 'last-admin'

export type People = ReturnType<typeof createPeople>

/** What admins do about people. They never act as one, and see nothing that would let them. */
export function createPeople(
  { db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>,
  factors: Factors,
) {
  return {
    /** The newest first. */
    async list(
      filter: PeopleFilter,
      page: { size: number; before: Place | null },
    ): Promise<Listed<PersonLine>> {
      const rows = await db.prisma.$queryRaw<PersonLine[]>`${PLANNED_ANEW}
        SELECT id, "fullName", email, role, status, "createdOn", "emailConfirmedOn", "totpConfirmedOn", "passkeyCount", "accLoaded"
        FROM "User" WHERE ${matching(filter, page.before)}
        ORDER BY "createdOn" DESC, id DESC LIMIT ${oneMore(page.size)}`
      return listed(rows, page.size, ({ createdOn, id }) => ({ at: createdOn, id }))
    },

    async find(id: string): Promise<PersonFacts | null> {
      const [facts] = await db.prisma.$queryRaw<PersonFacts[]>`
        SELECT id, "fullName", email, role, status, "createdOn", "emailConfirmedOn", "totpConfirmedOn", "passkeyCount", "accLoaded", "pausedUntil",
          (SELECT count(*)::int FROM "Habit" h WHERE h."userId" = u.id AND h."archivedOn" IS NULL) AS habits,
          (SELECT count(*)::int FROM "Payment" p WHERE p."userId" = u.id) AS payments,
          (SELECT count(*)::int FROM "Payment" p WHERE p."userId" = u.id AND p."finalOn" IS NULL) AS "openPayments",
          (SELECT c."expiresAt" FROM "BankConsent" c WHERE c."userId" = u.id AND c."revokedAt" IS NULL) AS "consentUntil",
          (SELECT count(*)::int FROM session s WHERE s.sess #>> '{passport,user}' = u.id::text) AS sessions,
          (SELECT r."effectiveOn" FROM "FactorReset" r WHERE r."userId" = u.id AND r."endedOn" IS NULL) AS "resetOn"
        FROM "User" u WHERE id = ${id}::uuid`
      return facts ?? null
    },

    /** The person is signed out and can't sign in, and nothing of theirs is sent to the bank until it is undone. */
    async lock(id: string, reason: string, by: Actor): Promise<DeskResult> {
      if (id === by.id) return 'own-account'
      return db.transaction(async (tx) => {
        if (await isLastAdmin(tx, id)) return 'last-admin'
        const { count } = await tx.user.updateMany({
          where: { id, status: 'ACTIVE' },
          data: { status: 'LOCKED' },
        })
        if (count === 0) return 'nothing-to-do'
        await endSessions(tx, id, null)
        await note(tx, id, 'user.locked', by, { reason })
        await tell(tx, id, 'account-locked')
        return 'done'
      })
    },

    async unlock(id: string, by: Actor): Promise<DeskResult> {
      return db.transaction(async (tx) => {
        const { count } = await tx.user.updateMany({
          where: { id, status: 'LOCKED' },
          data: { status: 'ACTIVE' },
        })
        if (count === 0) return 'nothing-to-do'
        await wakeWaiting(tx, id, clock.now())
        await note(tx, id, 'user.unlocked', by)
        await tell(tx, id, 'account-unlocked')
        return 'done'
      })
    },

    async endSessions(id: string, by: Actor): Promise<DeskResult> {
      return db.transaction(async (tx) => {
        const ended = await endSessions(tx, id, null)
        if (ended === 0) return 'nothing-to-do'
        await note(tx, id, 'user.sessions-ended', by, { ended })
        return 'done'
      })
    },

    /** The second factor of somebody who has lost it goes after the usual delay; its owner is told and can call it off. */
    async askFactorReset(id: string, by: Actor): Promise<DeskResult> {
      if (id === by.id) return 'own-account'
      return (await factors.askReset(id, by)) ? 'done' : 'nothing-to-do'
    },

    /** Whoever becomes something else signs in anew; an admin has to set up a second factor then. */
    async changeRole(id: string, role: Role, by: Actor): Promise<DeskResult> {
      if (id === by.id) return 'own-account'
      return db.transaction(async (tx) => {
        if (role !== 'ADMIN' && (await isLastAdmin(tx, id))) return 'last-admin'
        const { count } = await tx.user.updateMany({
          where: { id, status: 'ACTIVE', emailConfirmedOn: { not: null }, role: { not: role } },
          data: { role },
        })
        if (count === 0) return 'nothing-to-do'
        await endSessions(tx, id, null)
        await note(tx, id, 'user.role-changed', by, { role })
        await tell(tx, id, 'role-changed')
        return 'done'
      })
    },
  }

  /** All admins' rows are locked, so that of two who lock each other out at one moment one comes too late. */
  async function isLastAdmin(tx: Tx, id: string): Promise<boolean> {
    const admins = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM "User" WHERE role = 'ADMIN' AND status = 'ACTIVE' ORDER BY id FOR NO KEY UPDATE`
    return admins.length === 1 && admins[0]?.id === id
  }

  async function note(
    tx: Tx,
    subjectId: string,
    action: string,
    by: Actor,
    detail: Record<string, string | number> = {},
  ): Promise<void> {
    await audit(tx, { action, by, at: clock.now(), subjectId, detail })
  }

  async function tell(tx: Tx, userId: string, kind: MailKind): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function matching({ search, role, status }: PeopleFilter, before: Place | null): Prisma.Sql {
  return allOf([
    search === null ? null : beginsWith(search),
    role && Prisma.sql`role = ${role}::"Role"`,
    status && Prisma.sql`status = ${status}::"UserStatus"`,
    before && Prisma.sql`("createdOn", id) < (${before.at}, ${before.id}::uuid)`,
  ])
}

/** Compared byte by byte, as the indexes are ordered. */
function beginsWith(search: string): Prisma.Sql {
  if (UUID.test(search)) return Prisma.sql`id = ${search}::uuid`
  const [first, last] = [search.toLowerCase(), `${search.toLowerCase()}\u{10ffff}`]
  return Prisma.sql`(lower(email) ~>=~ ${first} AND lower(email) ~<~ ${last}
    OR lower("fullName") ~>=~ ${first} AND lower("fullName") ~<~ ${last})`
}
