/** The listening side: how much of our time and how many connections anybody may take up. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { SECOND } from './clock.ts'

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
  /** How long the requests under way may take once the process is told to stop. */
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
  closeMs: 20 * SECOND,
}

export interface WebServer {
  /** @returns the port. @throws when it is taken. */
  listen(port: number, host: string): Promise<number>
  /** Requests under way are answered, idle connections closed at once, and slow ones when their time is over. */
  close(): Promise<void>
}

export function createWebServer(handler: RequestListener, limits: Limits = LIMITS): WebServer {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    handler,
  )
  server.timeout = limits.stillMs
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = limits.requestsOfOneConnection
  return {
    listen: (port, host) => listen(server, port, host),
    close: () => close(server, limits.closeMs),
  }
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

/** Node stops looking for slow requests as soon as it is told to close, so that one of them would keep it open for ever. */
function close(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), withinMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
