/** The part of an address that stays while somebody moves about in one network: three bytes of four, or 48 bits of 128. */
export function networkOf(ip: string): string {
  const plain = ip.replace(/^::ffff:(?=\d)/, '')
  if (plain === '::1' || plain.startsWith('127.')) return 'loopback'
  if (!plain.includes(':')) return plain.split('.').slice(0, 3).join('.')
  const [head = '', tail = ''] = plain.split('::')
  const parts = head.split(':').filter(Boolean)
  const rest = tail.split(':').filter(Boolean)
  const zeros = plain.includes('::') ? Array(Math.max(0, 8 - parts.length - rest.length)).fill('0') : []
  return [...parts, ...zeros, ...rest].slice(0, 3).join(':')
}
