import { randomToken } from '../../crypto.ts'
import type { Db, Tx } from '../../db.ts'
import type { User } from '../../generated/client.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext, Rules } from '../context.ts'
import { mintLink } from '../mailed-link.ts'
import { hashPassword } from '../password.ts'
import { endSessions } from '../session.ts'

export type Appointed =
  /** A new account, whose owner chooses the password by this link. */
  | { kind: 'created'; token: string; expiresOn: Date }
  /** An account that was there keeps its password; it signs in anew. */
  | { kind: 'promoted' }
  | { kind: 'admin-already' }
  /** Its owner has not confirmed the address, or it is locked, unused or closed. */
  | { kind: 'not-open' }

export type Appointing = ReturnType<typeof createAppointing>

/** The first admin, made by whoever may run commands on the server. There is no password that anybody was ever told. */
export function createAppointing({
  db,
  clock,
  rules,
}: Pick<ModelContext, 'clock'> & { db: Db; rules: Pick<Rules, 'passwordPepper' | 'bcryptCost'> }) {
  return {
    /** @param wish.email in lower case. @throws AlreadyExists when a sign-up with that address came in between. */
    async appoint(wish: { email: string; fullName: string }, by: Actor): Promise<Appointed> {
      const hashedPwd = await hashPassword(randomToken(), rules.passwordPepper, rules.bcryptCost)
      return db.transaction(async (tx) => {
        const [there] = await tx.$queryRaw<Pick<User, 'id' | 'role' | 'status' | 'emailConfirmedOn'>[]>`
          SELECT id, role, status, "emailConfirmedOn" FROM "User" WHERE email = ${wish.email} FOR NO KEY UPDATE`
        return there ? promote(tx, there, by) : create(tx, { ...wish, hashedPwd }, by)
      })
    },
  }

  async function promote(
    tx: Tx,
    { id, role, status, emailConfirmedOn }: Pick<User, 'id' | 'role' | 'status' | 'emailConfirmedOn'>,
    by: Actor,
  ): Promise<Appointed> {
    if (status !== 'ACTIVE' || !emailConfirmedOn) return { kind: 'not-open' }
    if (role === 'ADMIN') return { kind: 'admin-already' }
    await tx.user.update({ where: { id }, data: { role: 'ADMIN' } })
    await endSessions(tx, id, null)
    await audit(tx, {
      action: 'user.role-changed',
      by,
      at: clock.now(),
      subjectId: id,
      detail: { role: 'ADMIN' },
    })
    return { kind: 'promoted' }
  }

  /** Whoever runs the command answers for the address; nothing is mailed to it before its owner has been there. */
  async function create(
    tx: Tx,
    wish: Pick<User, 'email' | 'fullName' | 'hashedPwd'>,
    by: Actor,
  ): Promise<Appointed> {
    const now = clock.now()
    const { id } = await tx.user.create({
      data: { ...wish, role: 'ADMIN', createdOn: now, emailConfirmedOn: now },
    })
    await audit(tx, { action: 'user.appointed', by, at: now, subjectId: id, detail: { role: 'ADMIN' } })
    return { kind: 'created', ...(await mintLink(tx, { userId: id, purpose: 'RESET', aboutId: null }, now)) }
  }
}
