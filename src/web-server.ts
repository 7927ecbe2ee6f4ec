/** The listening side: how much of our time and how many connections anybody may take up. */
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from './clock.ts'
import { Present } from './present.ts'

// An import of it would ask for everything it exports, WebSocket among it, and so for Node's own client of 11 MB: nobody here calls that.
const { createServer } = process.getBuiltinModule('node:http')

/** Whole milliseconds and counts. */
export interface Limits {
  /** From the first byte of a request, or from connecting, to the end of its head. */
  headersMs: number
  /** To the end of its body. */
  requestMs: number
  /** A connection on which nothing has moved for so long is cut: a reader that doesn't read. */
  stillMs: number
  /** Between two requests of one connection. */
  keepAliveMs: number
  /** How often it is looked whose time is over; what Node does by itself would let 15 seconds become 45. */
  checkEveryMs: number
  connections: number
  requestsOfOneConnection: number
  /** Once told to stop: how long everybody is still answered, each time with the word that the connection ends. */
  lingerMs: number
  /** How long all of that and the requests still under way may take together. */
  closeMs: number
}

export const LIMITS: Limits = {
  headersMs: 15 * SECOND,
  requestMs: 30 * SECOND,
  // A page may wait for the bank, and that takes 23 seconds at most.
  stillMs: 60 * SECOND,
  // Longer than Heroku's router keeps its side idle (90 s): it must never send a request into a connection we are closing.
  keepAliveMs: 95 * SECOND,
  checkEveryMs: SECOND,
  connections: 1_000,
  requestsOfOneConnection: 1_000,
  lingerMs: 5 * SECOND,
  closeMs: 20 * SECOND,
}

export interface WebServer {
  /** @returns the port. @throws when it is taken. */
  listen(port: number, host: string): Promise<number>
  /**
   * Whoever is in front learns of the end before it comes: for `lingerMs` all requests are answered as ever, those of new
   * connections too, but each answer says `Connection: close`. Then nobody is let in any more, connections on which nothing
   * is asked are closed, what is under way is answered, and slow ones are cut when `closeMs` are over.
   * @param lingers false: nobody is let in from the beginning.
   */
  close(how?: { lingers: boolean }): Promise<void>
}

export function createWebServer(handler: RequestListener, limits: Limits = LIMITS): WebServer {
  const underWay = new Present<ServerResponse>()
  let isLeaving = false
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    (req, res) => {
      if (isLeaving) sayLast(res)
      res.once('close', underWay.add(res))
      handler(req, res)
    },
  )
  server.timeout = limits.stillMs
  server.maxConnections = limits.connections
  // Behind the port of several processes, one more would be handed round among them for ever if all are full.
  Object.assign(server, { dropMaxConnection: true })
  server.maxRequestsPerSocket = limits.requestsOfOneConnection
  return {
    listen: (port, host) => listen(server, port, host),
    close: async ({ lingers } = { lingers: true }) => {
      isLeaving = true
      for (const res of underWay) sayLast(res)
      const cut = setTimeout(() => server.closeAllConnections(), limits.closeMs)
      if (lingers && limits.lingerMs > 0) await pause(limits.lingerMs)
      // Closes idle connections, too. From here on Node looks for slow requests no more: what is left is cut above.
      await new Promise((resolve) => server.close(resolve))
      clearTimeout(cut)
    },
  }
}

/** Closing a kept connection without this word resets what its other end may be sending into it at that moment. */
function sayLast(res: ServerResponse): void {
  if (!res.headersSent) res.setHeader('Connection', 'close')
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })
}
