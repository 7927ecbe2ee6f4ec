/** How a database elsewhere is reached: over TLS, and knowing that it is the one. */

export const TLS_MODES = ['verify', 'verify-ca', 'encrypt', 'off'] as const
/**
 * `verify`: the certificate is good, and for this host. `verify-ca`: it is of the given authority, whatever host it names.
 * `encrypt`: any certificate; whoever stands in between may read along. `off`: in clear text.
 */
export type TlsMode = (typeof TLS_MODES)[number]

export interface DatabaseTls {
  mode: TlsMode
  /** Path of the authority's certificate, in PEM; null: the authorities that Node knows. */
  ca: string | null
}

/** What addresses say about TLS by themselves; ours is said in settings, so that a copied address can't switch it off. */
const SAID_BY_ADDRESSES = [
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'uselibpqcompat',
]
/** In PostgreSQL's own words. */
const SSL_MODES = {
  verify: 'verify-full',
  'verify-ca': 'verify-ca',
  encrypt: 'require',
  off: 'disable',
} as const
const THIS_MACHINE = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|)$/

export function isOnThisMachine(url: string): boolean {
  return THIS_MACHINE.test(new URL(url).hostname)
}

/** What holds in production where no setting says otherwise: nothing leaves the machine in clear text. */
export function usualTls(url: string): TlsMode {
  return isOnThisMachine(url) ? 'off' : 'verify'
}

/** The address with everything that the driver has to know; the driver checks names and chains. */
export function withTls(url: string, { mode, ca }: DatabaseTls): string {
  const address = new URL(url)
  for (const name of SAID_BY_ADDRESSES) address.searchParams.delete(name)
  // Without it the driver gives some of these words another meaning than PostgreSQL does.
  address.searchParams.set('uselibpqcompat', 'true')
  address.searchParams.set('sslmode', SSL_MODES[mode])
  // With an authority, "require" would check it.
  if (ca !== null && mode.startsWith('verify')) address.searchParams.set('sslrootcert', ca)
  return address.href
}
