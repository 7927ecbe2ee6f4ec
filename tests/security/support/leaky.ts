/** A small app with one hole of each kind, on purpose: a scan that finds nothing here is none. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import pg from 'pg'
import type { Form, Page, Target } from '../../scan/target.ts'
import { listenOn } from '../../scan/wire.ts'
import { authority } from '../../support/certificates.ts'
import type { TestDatabase } from '../../support/database.ts'

const trusted = authority('An authority everybody trusts')
const VISITOR = { name: 'visitor', cookie: '', token: '' }
const ROOT = join(import.meta.dirname, '..', '..', '..')

export async function startLeakyApp(
  database: TestDatabase,
): Promise<{ target: Target; close(): Promise<void> }> {
  const wire = await listenOn(database.url)
  const pool = new pg.Pool({ connectionString: wire.url, max: 2 })
  const notes: string[] = []
  const ask = (sql: string) => pool.query(sql).catch((error: Error) => error)
  const app = express()
  app.use(express.urlencoded({ extended: false }))
  // What it could not know better stays: all headers are missing, and Express says its name.
  app.get('/', (_req, res) => void res.cookie('session', 'x').send(`<p>${notes.join('</p><p>')}</p>`))
  app.post('/echo', (req, res) => void res.send(`<input value="${req.body.word}">`))
  app.post('/notes', (req, res) => {
    notes.push(req.body.note)
    res.redirect(303, '/')
  })
  app.post('/tells', async (req, res) => {
    const done = await ask(`SELECT 1 WHERE 'a' = '${req.body.word}'`)
    res.send(done instanceof Error ? done.message : 'Thank you.')
  })
  app.post('/finds', async (req, res) => {
    const done = await ask(`SELECT 1 WHERE 'good' = '${req.body.word}'`)
    res.send(!(done instanceof Error) && done.rowCount === 1 ? 'There it is.' : 'Nothing is there.')
  })
  app.post('/sleeps', async (req, res) => {
    await ask(`SELECT 1 WHERE 'good' = '${req.body.word}'`)
    res.send('Thank you.')
  })
  // No hole: a page that looks another way each second time, as a list does that grows while it is read.
  let looks = 0
  app.post('/changes', (_req, res) => {
    looks += 1
    res.send(looks % 2 === 0 ? 'An even one.' : 'An odd one.')
  })
  app.post('/breaks', (req, res) => void res.status(req.body.word.includes("'") ? 500 : 200).send('.'))
  app.get('/login/away', (req, res) => {
    const { next = '/' } = req.query
    if (String(next).includes('\n'))
      return void res.socket?.end(`HTTP/1.1 303 See Other\r\nlocation: ${next}\r\n\r\n`)
    res.redirect(303, String(next))
  })
  app.get('/files/*path', async (req, res) => {
    const text = await readFile(join(ROOT, 'public', decodeURIComponent(req.path.slice(6))), 'utf8').catch(
      () => '',
    )
    res.type('text').send(text)
  })
  const server = createServer(
    { ...trusted.issue('localhost'), minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    app,
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const form = (address: string, field: string): Form => ({
    route: `POST ${address}`,
    address,
    fields: { [field]: 'good' },
    person: VISITOR,
  })
  const page = (address: string): Page => ({ route: `GET ${address}`, address, mayBeKept: false })
  return {
    target: {
      origin: `https://localhost:${(server.address() as AddressInfo).port}`,
      ca: trusted.cert,
      people: [VISITOR],
      pages: [page('/'), page('/login/away')],
      forms: [
        form('/echo', 'word'),
        form('/notes', 'note'),
        ...['/tells', '/finds', '/sleeps', '/changes', '/breaks'].map((address) => form(address, 'word')),
      ],
      statements: async () => wire.heard(),
      rest: async () => {},
      mails: async () => [],
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await pool.end()
      await wire.close()
      await database.drop()
    },
  }
}
