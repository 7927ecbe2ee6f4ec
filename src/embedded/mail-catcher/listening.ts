import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Listening {
  port: number
  close(): Promise<void>
}

/** Listens and resolves when it does; throws when the port is busy. `close()` also ends connections that idle. */
export async function listen(
  what: SMTPServer | RequestListener,
  port: number,
  host: string,
): Promise<Listening> {
  if (what instanceof SMTPServer) {
    const server: NetServer = what.server
    await begin(server, port, host)
    return { port: portOf(server), close: () => new Promise((resolve) => what.close(() => resolve())) }
  }
  const server: Server = createServer(what)
  await begin(server, port, host)
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function begin(server: NetServer, port: number, host: string): Promise<void> {
  server.listen({ port, host })
  await once(server, 'listening')
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port
}
