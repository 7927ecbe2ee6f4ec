import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** How far a default port moves before giving up. */
const STEPS = 50
const HIGHEST_PORT = 65_535

/**
 * The port to use for what the setting `name` is about. A default one that is busy moves on to the next free one;
 * one that was asked for and is busy throws an error that names the setting, as does a search without end.
 * `host` is the address that will be listened on: a port can be busy on one and free on another.
 */
export async function choosePort({
  name,
  wanted,
  asked,
  host = '127.0.0.1',
}: {
  name: string
  wanted: number
  /** Whether somebody set it, rather than it being the default. */
  asked: boolean
  host?: string
}): Promise<{ port: number; moved: boolean }> {
  if (await isPortFree(wanted, host)) return { port: wanted, moved: false }
  if (asked) throw new Error(`${name}: port ${wanted} is busy; free it or set ${name} to another port`)
  const last = Math.min(wanted + STEPS, HIGHEST_PORT)
  for (let port = wanted + 1; port <= last; port += 1) {
    if (await isPortFree(port, host)) return { port, moved: true }
  }
  throw new Error(`${name}: no port from ${wanted} to ${last} is free; set ${name} to one that is`)
}

/** Whether `host` can be listened on at `port`. Not a promise: somebody may take it before we do. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await listenOnce(port, host)) !== null
}

/** A port that the system says nobody uses. */
export async function unusedPort(host = '127.0.0.1'): Promise<number> {
  const port = await listenOnce(0, host)
  if (port === null) throw new Error(`No port of ${host} can be listened on`)
  return port
}

async function listenOnce(port: number, host: string): Promise<number | null> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return null
  } finally {
    server.close()
  }
}
