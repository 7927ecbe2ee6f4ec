import { BlockList } from 'node:net'

type Network = readonly [address: string, bits: number]

/** Of homes, machines, carriers and groups: no address in them is anybody's on the internet. */
const NOT_PUBLIC = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ],
  ipv6: [
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ],
} as const

/** Those networks, and whatever else the caller counts among them. */
export function networksNotPublicAnd(more: {
  ipv4: readonly Network[]
  ipv6: readonly Network[]
}): BlockList {
  const list = new BlockList()
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const [address, bits] of [...NOT_PUBLIC[family], ...more[family]])
      list.addSubnet(address, bits, family)
  return list
}
