/** Names that lead into our own network are not called, whoever answers for them at that moment. */
import { lookup as resolve } from 'node:dns'
import { isIPv6, type LookupFunction } from 'node:net'
import { networksNotPublicAnd } from '../networks.ts'

const PRIVATE = networksNotPublicAnd({
  ipv4: [['192.0.0.0', 24]],
  ipv6: [
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['2002::', 16],
  ],
})

/** IPv4 inside of IPv6 counts as what it is inside. */
export function isPublicAddress(address: string): boolean {
  return !PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** As node's own, of a name's public addresses only; the connection then goes to what was looked at here. */
export const lookupPublic: LookupFunction = (hostname, options, done) => {
  resolve(hostname, { ...options, all: true }, (error, found) => {
    const open = error ? [] : found.filter(({ address }) => isPublicAddress(address))
    const [first] = open
    if (!first) return done(error ?? new Error('the name has no public address'), '', 0)
    if (options.all) done(null, open)
    else done(null, first.address, first.family)
  })
}
