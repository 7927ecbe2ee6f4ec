import { type ConnectionOptions, connect } from 'node:tls'
import type { Desk } from '../target.ts'

/** Offered by themselves; a server that takes one of them talks in the clear, or nearly. */
const WEAK_CIPHERS = ['NULL', 'aNULL', 'RC4', '3DES', 'EXPORT', 'MD5']
const OLD = ['TLSv1', 'TLSv1.1'] as const
const TODAY = ['TLSv1.2', 'TLSv1.3'] as const

export async function lookAtTls({ target, found }: Desk): Promise<number> {
  const { protocol, hostname, port } = new URL(target.origin)
  if (protocol !== 'https:') return 0
  const takes = (options: ConnectionOptions) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({
        host: hostname,
        port: Number(port),
        servername: hostname,
        ca: target.ca,
        ...options,
      })
      const end = (isTaken: boolean) => () => {
        socket.destroy()
        resolve(isTaken)
      }
      socket.once('secureConnect', end(true)).once('error', end(false))
    })
  let tries = 0
  const demand = async (isTaken: boolean, what: string, options: ConnectionOptions) => {
    tries += 1
    // A cipher that this machine does not know can't be offered.
    const taken = await Promise.resolve(options)
      .then(takes)
      .catch(() => false)
    if (taken !== isTaken) found('tls', target.origin, `${isTaken ? 'refuses' : 'takes'} ${what}`)
  }
  for (const version of OLD) {
    const ciphers = 'DEFAULT:@SECLEVEL=0'
    await demand(false, version, { minVersion: version, maxVersion: version, ciphers })
  }
  for (const version of TODAY) await demand(true, version, { minVersion: version, maxVersion: version })
  for (const cipher of WEAK_CIPHERS)
    await demand(false, `a cipher of ${cipher}`, {
      maxVersion: 'TLSv1.2',
      ciphers: `${cipher}:@SECLEVEL=0`,
    })
  await demand(false, 'no certificate that fits', { servername: 'evil.example', host: hostname })
  return tries
}
