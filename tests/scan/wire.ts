/** Stands between the app and PostgreSQL and reads along: the texts of statements, never their parameters, and errors. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Wire {
  /** The address of the database, by way of here. */
  url: string
  /** What was heard since the last time. */
  heard(): string[]
  close(): Promise<void>
}

/** Of the messages that a client sends: a query in one go, and one whose parameters come by themselves. */
const QUERY = 'Q'
const PARSE = 'P'
const ERROR = 'E'

export async function listenOn(databaseUrl: string): Promise<Wire> {
  const { hostname, port } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let texts: string[] = []
  const server = createServer((client) => {
    const database = connect({ host: hostname, port: Number(port) })
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    client.on(
      'data',
      reader({ startsBare: true }, (type, body) => {
        if (type === QUERY) texts.push(textAt(body, 0))
        if (type === PARSE) texts.push(textAt(body, body.indexOf(0) + 1))
      }),
    )
    database.on(
      'data',
      reader({ startsBare: false }, (type, body) => {
        if (type === ERROR) texts.push(`ERROR ${body.toString('utf8').replaceAll('\0', ' ')}`)
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    heard: () => {
      const since = texts
      texts = []
      return since
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/**
 * Takes the stream apart into messages: a letter, a length that counts itself, and so much.
 * @param startsBare the first message of a client has no letter.
 */
function reader({ startsBare }: { startsBare: boolean }, onMessage: (type: string, body: Buffer) => void) {
  let rest = Buffer.alloc(0)
  let isBare = startsBare
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = isBare ? 0 : 1
      if (rest.length < head + 4) return
      const end = head + rest.readInt32BE(head)
      if (rest.length < end) return
      if (!isBare) onMessage(String.fromCharCode(rest[0] ?? 0), rest.subarray(head + 4, end))
      isBare = false
      rest = rest.subarray(end)
    }
  }
}

function textAt(body: Buffer, start: number): string {
  return body.subarray(start, body.indexOf(0, start)).toString('utf8')
}
