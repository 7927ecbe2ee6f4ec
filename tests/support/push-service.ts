/** A push service as a browser maker runs one, and browsers that read what it was given (RFC 8030, 8188, 8291). */
import { createDecipheriv, createECDH, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PushTarget } from '../../src/push-target.ts'

export interface PushBrowser {
  target: PushTarget
  /** @throws when it is not for this browser, or was changed. */
  read(message: Buffer): string
}

export function newPushBrowser(service: string): PushBrowser {
  const keys = createECDH('prime256v1')
  const ours = keys.generateKeys()
  const auth = randomBytes(16)
  return {
    target: {
      endpoint: `${service}/push/${randomUUID()}`,
      p256dh: ours.toString('base64url'),
      auth: auth.toString('base64url'),
    },
    read: (message) => {
      const salt = message.subarray(0, 16)
      const keyLength = message[20] ?? 0
      const theirs = message.subarray(21, 21 + keyLength)
      const record = message.subarray(21 + keyLength)
      const about = Buffer.concat([Buffer.from('WebPush: info\0'), ours, theirs])
      const shared = Buffer.from(hkdfSync('sha256', keys.computeSecret(theirs), auth, about, 32))
      const derived = (name: string, length: number) =>
        Buffer.from(hkdfSync('sha256', shared, salt, `Content-Encoding: ${name}\0`, length))
      const decipher = createDecipheriv('aes-128-gcm', derived('aes128gcm', 16), derived('nonce', 12))
      decipher.setAuthTag(record.subarray(-16))
      const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
      const end = plain.lastIndexOf(2)
      if (end < 0 || plain.subarray(end + 1).some((byte) => byte !== 0))
        throw new Error('not the last record')
      return plain.subarray(0, end).toString('utf8')
    },
  }
}

export interface PushService {
  origin: string
  /** What came, the oldest first. */
  received: { path: string; headers: IncomingHttpHeaders; body: Buffer }[]
  /** The status of the answers from now on. */
  answer(status: number): void
  close(): Promise<void>
}

export async function startPushService(): Promise<PushService> {
  const received: PushService['received'] = []
  let status = 201
  const server = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part) => parts.push(part))
    req.on('end', () => {
      received.push({ path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts) })
      res.writeHead(status, { location: `http://${req.headers.host}/elsewhere` }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (next) => {
      status = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
