/**
 * The least that could answer the same requests: node:http, pg and prepared statements, in as many processes as the app. It
 * checks nothing, knows no rules and renders nothing; what the app takes longer is what its promises, its pages and its
 * libraries cost.
 */
import cluster from 'node:cluster'
import { createServer, type IncomingMessage } from 'node:http'
import pg from 'pg'
import { createCheckOff } from './floor-check-off.ts'
import { createLookUps } from './floor-pages.ts'
import { createReplay } from './floor-replay.ts'

const { DATABASE_URL, PORT, PROCESSES = '1', RECORDING = '' } = process.env
/** Longer than any page. */
const MOST_BYTES = 1_000_000

if (cluster.isPrimary) {
  for (let started = 0; started < Number(PROCESSES); started += 1) cluster.fork()
  // A floor with a process less would not be one any more.
  cluster.on('exit', () => process.exit(1))
  process.on('disconnect', () => process.exit())
} else {
  // The primary has gone before this one could listen.
  cluster.worker?.on('error', () => process.exit())
  await serve()
}

async function serve(): Promise<void> {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
  const lookUp = createLookUps(pool)
  const checkOff = createCheckOff(pool)
  const replay = RECORDING === '' ? null : await createReplay(pool, RECORDING)
  const page = Buffer.alloc(MOST_BYTES, 'x')

  const answer = async (req: IncomingMessage): Promise<Buffer> => {
    if (req.url === '/healthz') return page.subarray(0, 2)
    if (req.method === 'GET') {
      await lookUp(req.url ?? '', sessionIdIn(req.headers.cookie ?? ''))
      return page.subarray(0, Number(req.headers['x-answer-bytes']))
    }
    const fields = await fieldsOf(req)
    await (replay ?? checkOff)(fields)
    return Buffer.from('See other')
  }
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
}

/** What is before the signature, which the app checks and this doesn't. */
function sessionIdIn(cookie: string): string {
  const signed = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1))
  return signed.slice('s:'.length, signed.lastIndexOf('.'))
}

async function fieldsOf(req: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
}
