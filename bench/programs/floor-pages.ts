import type pg from 'pg'

/** The rows that make up a page, beside session and user. */
interface Rows {
  path: RegExp
  name: string
  text: string
  /** @param named what the address names, as the pattern finds it. */
  values(userId: string, named: string): unknown[]
}

const ofUser = (userId: string) => [userId]
const none = () => []

const PAGES: Rows[] = [
  {
    path: /^\/dashboard$/,
    name: 'habits',
    text: 'SELECT * FROM "Habit" WHERE "userId" = $1 AND "archivedOn" IS NULL ORDER BY "createdOn", id',
    values: ofUser,
  },
  {
    path: /^\/habits\/([0-9a-f-]{36})$/,
    name: 'check-offs of a habit',
    text: `SELECT c.*, h.name FROM "Habit" h JOIN "CheckOff" c ON c."habitId" = h.id
           WHERE h.id = $2 AND h."userId" = $1 ORDER BY c.at DESC LIMIT 50`,
    values: (userId, habitId) => [userId, habitId],
  },
  {
    path: /^\/statement$/,
    name: 'statement',
    text: `SELECT c.*, p.state, p.reference FROM "CheckOff" c JOIN "Payment" p ON p.id = c."paymentId"
           WHERE c."userId" = $1 ORDER BY c.id DESC LIMIT 50`,
    values: ofUser,
  },
  {
    path: /^\/admin\/users$/,
    name: 'users',
    text: 'SELECT * FROM "User" ORDER BY "createdOn" DESC LIMIT 50',
    values: none,
  },
  {
    path: /^\/admin\/payments$/,
    name: 'payments',
    text: `SELECT p.*, u."fullName", u.email FROM "Payment" p JOIN "User" u ON u.id = p."userId" ORDER BY p.id DESC LIMIT 50`,
    values: none,
  },
  {
    path: /^\/admin\/audit$/,
    name: 'audit',
    text: 'SELECT * FROM "AuditEvent" ORDER BY at DESC LIMIT 50',
    values: none,
  },
  {
    path: /^\/admin\/calls$/,
    name: 'calls',
    text: 'SELECT * FROM "BankCall" ORDER BY at DESC LIMIT 50',
    values: none,
  },
]

/** Session, user, rows: three look-ups for who is signed in, and the session alone for who isn't. */
export function createLookUps(pool: pg.Pool): (url: string, sid: string) => Promise<void> {
  return async (url, sid) => {
    const session = await one('session', 'SELECT sess FROM session WHERE sid = $1 AND expire >= now()', sid)
    if (url === '/login') return
    const user = await one('user', 'SELECT * FROM "User" WHERE id = $1', session.sess.passport.user)
    for (const { path, name, text, values } of PAGES) {
      const found = path.exec(url)
      if (!found) continue
      const { rowCount } = await pool.query({ name, text, values: values(user.id, found[1] ?? '') })
      if (rowCount === 0) throw new Error(`${name}: there are none`)
      return
    }
    throw new Error(`there is no floor for ${url}`)
  }

  async function one(name: string, text: string, value: string) {
    const { rows } = await pool.query({ name, text, values: [value] })
    if (rows.length !== 1) throw new Error(`no ${name}`)
    return rows[0]
  }
}
