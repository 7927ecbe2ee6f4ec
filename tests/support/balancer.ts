/** What stands before several web processes: keeps connections to them, and never sends anything twice. */
import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

export interface Balancer {
  url: string
  /** Everything goes to these in turns, from now on; a request under way stays where it is. */
  sendTo(origins: readonly string[]): void
  /** What went wrong behind it, in words; each is a request that its sender saw fail. */
  troubles: string[]
  close(): Promise<void>
}

const ASK_EVERY_MS = 100

interface Upstream {
  origin: string
  agent: Agent
  isReady: boolean
}

/** Leaves out whoever says at /readyz that it is not ready, as platforms do. */
export async function startBalancer(): Promise<Balancer> {
  const troubles: string[] = []
  let upstreams: Upstream[] = []
  let turn = 0

  const server = createServer((req, res) => {
    const ready = upstreams.filter(({ isReady }) => isReady)
    const among = ready.length > 0 ? ready : upstreams
    turn += 1
    pass(req, res, [...among.slice(turn % among.length), ...among.slice(0, turn % among.length)])
  })

  function pass(req: IncomingMessage, res: ServerResponse, [first, ...others]: Upstream[]): void {
    if (!first) {
      troubles.push(`${req.method} ${req.url}: nobody takes it`)
      return void res.writeHead(502).end()
    }
    const { agent, origin } = first
    const { hostname, port } = new URL(origin)
    const { method = 'GET', url: path = '/', headers } = req
    let hasAnswered = false
    const inner = request({ hostname, port, path, method, headers, agent }, (answer) => {
      hasAnswered = true
      // About this connection, and none of the business of whoever is on the other one.
      const { connection: _, 'keep-alive': __, ...passedOn } = answer.headers
      res.writeHead(answer.statusCode ?? 502, passedOn)
      pipeline(answer, res, () => {})
    })
    inner.on('error', (error: NodeJS.ErrnoException) => {
      // Nothing has been sent: whoever doesn't listen can be passed by.
      if (error.code === 'ECONNREFUSED' && req.method === 'GET') return pass(req, res, others)
      troubles.push(`${req.method} ${req.url}: ${error.code ?? error.message}`)
      if (hasAnswered) res.destroy()
      else res.writeHead(502).end()
    })
    req.pipe(inner)
  }

  const asking = setInterval(() => {
    for (const upstream of upstreams) look(upstream)
  }, ASK_EVERY_MS)

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    sendTo: (origins) => {
      const known = new Map(upstreams.map((upstream) => [upstream.origin, upstream]))
      upstreams = origins.map(
        (origin) =>
          known.get(origin) ?? {
            origin,
            agent: new Agent({ keepAlive: true, maxSockets: 20 }),
            isReady: true,
          },
      )
    },
    troubles,
    close: () => {
      clearInterval(asking)
      for (const { agent } of upstreams) agent.destroy()
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** On a connection of its own, as health checks come. */
function look(upstream: Upstream): void {
  get(`${upstream.origin}/readyz`, { agent: false, timeout: 2_000 }, (answer) => {
    upstream.isReady = answer.statusCode === 200
    answer.resume()
  }).on('error', () => {
    upstream.isReady = false
  })
}
