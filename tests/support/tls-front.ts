/** What stands before a server in production, as Heroku's router does: it ends TLS, and says in headers whence a request came. */
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import type { Certificate } from './certificates.ts'

export interface TlsFront {
  url: string
  /** Where everything goes from now on. */
  forwardTo(url: string): void
  /** Shows another certificate from now on, on new connections: there are no others. */
  present(certificate: Certificate): void
  close(): Promise<void>
}

/** @param overhear gets everything that passes in clear text: a head or a piece of a body at a time. */
export async function startTlsFront(
  certificate: Certificate,
  overhear: (text: string) => void = () => {},
): Promise<TlsFront> {
  let target = ''
  const server = createServer(certificate, (req, res) => {
    overhear([`${req.method} ${req.url}`, ...req.rawHeaders].join('\n'))
    req.on('data', (chunk) => overhear(String(chunk)))
    const seen = req.headers['x-forwarded-for']
    const headers = {
      ...req.headers,
      // Like the router: after what the client claims comes what is true.
      'x-forwarded-for': [seen, req.socket.remoteAddress].filter(Boolean).join(', '),
      'x-forwarded-proto': 'https',
    }
    const inner = request(
      new URL(req.url ?? '/', target),
      { method: req.method ?? 'GET', headers, agent: false },
      (answer) => {
        overhear(answer.rawHeaders.join('\n'))
        answer.on('data', (chunk) => overhear(String(chunk)))
        // Whoever asked may be gone by now.
        if (res.destroyed) return void answer.destroy()
        res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        // A half answer stays half.
        pipeline(answer, res, () => {})
      },
    )
    inner.on('error', () => res.destroy())
    req.pipe(inner)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    forwardTo: (url) => {
      target = url
    },
    present: (other) => {
      server.setSecureContext(other)
      server.closeAllConnections()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What the app and its bank are told who stand behind two such fronts, as in production. */
export function behindTls(front: { url: string }, bankFront: { url: string }) {
  return {
    settings: {
      NODE_ENV: 'production',
      BASE_URL: front.url,
      TRUST_PROXY: '1',
      BCRYPT_COST: '12',
      PROOF_OF_WORK: 'on',
      NORDEA_BASE_URL: bankFront.url,
      NORDEA_REDIRECT_URI: `${front.url}/bank/callback`,
      NORDEA_LOGIN_ORIGINS: bankFront.url,
    },
    sandbox: {
      publicUrl: bankFront.url,
      redirectUris: ['/bank/callback', '/payments/return'].map((path) => front.url + path),
    },
  }
}
