import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, test } from 'vitest'
import { PUBLIC } from '../../src/middleware/authorisation.ts'
import { type Route, RouteTable } from '../../src/routes.ts'

/** Says which row has answered. */
function row(method: Route[0], path: string): Route {
  return [method, path, PUBLIC, (req, res) => void res.send(`${path} ${Object.values(req.params)}`)]
}

/** What each request, "GET /a/b", is answered by a table of these rows. */
async function answers(rows: Route[], asked: string[]): Promise<string[]> {
  const app = express()
  app.use(new RouteTable().router(rows))
  app.use((_req, res) => void res.send('nobody'))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await Promise.all(
      asked.map(async (line) => {
        const [method = '', path = ''] = line.split(' ')
        return (await fetch(`http://127.0.0.1:${port}${path}`, { method })).text()
      }),
    )
  } finally {
    server.close()
  }
}

test('a row is found by its address, whatever the case of its letters and with a slash at its end', async () => {
  const rows = [row('GET', '/habits'), row('GET', '/habits/new'), row('GET', '/habits/:id')]
  expect(
    await answers(rows, [
      'GET /habits',
      'GET /Habits/',
      'GET /habits/NEW',
      'GET /HABITS/7',
      'GET /habits/7/?a=b',
    ]),
  ).toEqual(['/habits ', '/habits ', '/habits/new ', '/habits/:id 7', '/habits/:id 7'])
})

test('who finds an address only for another method goes on to the patterns that fit it', async () => {
  const rows = [row('POST', '/habits/new'), row('GET', '/habits/:id')]
  expect(await answers(rows, ['GET /habits/new', 'POST /habits/new', 'POST /habits/7'])).toEqual([
    '/habits/:id new',
    '/habits/new ',
    'nobody',
  ])
})

test('what is in no row falls through, also where it begins as one', async () => {
  const rows = [row('GET', '/habits/:id'), row('GET', '/files/*file')]
  expect(
    await answers(rows, ['GET /', 'GET /habits', 'GET /habit/7', 'GET /habits/7/8', 'GET //habits/7']),
  ).toEqual(Array(5).fill('nobody'))
})

test('a row that any word could begin is refused, and so is one that is there already', () => {
  expect(() => new RouteTable().router([row('GET', '/:id')])).toThrow('/:id could begin with any word')
  const table = new RouteTable()
  table.router([row('GET', '/habits')])
  expect(() => table.router([row('GET', '/habits')])).toThrow('there are two rows for GET /habits')
})
