/**
 * The least that could answer the same two requests: node:http, pg and prepared statements. It checks nothing, knows
 * no rules and renders nothing; what the app takes longer is what its promises, its pages and its libraries cost.
 */
import { createServer, type IncomingMessage } from 'node:http'
import pg from 'pg'
import { createCheckOff } from './floor-check-off.ts'

const { DATABASE_URL, PORT, ANSWER_BYTES } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
const page = Buffer.alloc(Number(ANSWER_BYTES), 'x')
const checkOff = createCheckOff(pool)

const server = createServer((req, res) => {
  answer(req).then(
    (body) => {
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': body.length }
      res.writeHead(req.method === 'POST' ? 303 : 200, { ...headers, Location: '/dashboard' }).end(body)
    },
    (error) => {
      console.error(error)
      res.writeHead(500).end()
    },
  )
})
server.listen(Number(PORT), '127.0.0.1')
process.on('disconnect', () => process.exit())

async function answer(req: IncomingMessage): Promise<Buffer> {
  if (req.url === '/healthz') return page
  if (req.method === 'GET') return dashboard(req.headers.cookie ?? '')
  await checkOff(await fieldsOf(req))
  return Buffer.from('See other')
}

/** Session, user, habits. */
async function dashboard(cookie: string): Promise<Buffer> {
  const signed = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1))
  const sid = signed.slice('s:'.length, signed.lastIndexOf('.'))
  const session = await one('session', 'SELECT sess FROM session WHERE sid = $1 AND expire >= now()', sid)
  const user = await one('user', 'SELECT * FROM "User" WHERE id = $1', session.sess.passport.user)
  const habits = await pool.query({
    name: 'habits',
    text: 'SELECT * FROM "Habit" WHERE "userId" = $1 AND "archivedOn" IS NULL ORDER BY "createdOn", id',
    values: [user.id],
  })
  if (habits.rowCount === 0) throw new Error('the saver has no habits')
  return page
}

async function one(name: string, text: string, value: string) {
  const { rows } = await pool.query({ name, text, values: [value] })
  if (rows.length !== 1) throw new Error(`no ${name}`)
  return rows[0]
}

async function fieldsOf(req: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
}
