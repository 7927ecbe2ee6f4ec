import type { Profiler } from 'node:inspector'

/** Whose code it is, by the place it lies in; the first that fits. */
export type Rooms = readonly (readonly [name: string, where: RegExp])[]

/** What is the same for every program of ours, after its own rooms. */
const EVERYWHERE: Rooms = [
  ['other packages', /node_modules\//],
  ['rest of src', /\/src\//],
  ['WebAssembly (Prisma)', /^wasm/],
  ['Node', /^node:/],
]
const WRITES = ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String']

/**
 * Where the processor time of a program went, as a table. Samples tell the shares; how much there is to share, the system's
 * own account of the process tells.
 */
export function shares(profile: Profiler.Profile, rooms: Rooms, cpuMs: number, times: number): string[] {
  const byRoom = selfTimes(profile, [...rooms, ...EVERYWHERE])
  const sampled = [...byRoom.values()].reduce((sum, time) => sum + time, 0)
  const lines = [...byRoom].sort(([, a], [, b]) => b - a)
  return [
    '| | ms | share |',
    '|---|---|---|',
    ...lines.map(([name, time]) => {
      const share = time / sampled
      return `| ${name} | ${((share * cpuMs) / times).toFixed(3)} | ${(100 * share).toFixed(1)} % |`
    }),
  ]
}

/** Time by room, in whatever the profile counts, without that in which nothing ran. */
function selfTimes(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  rooms: Rooms,
): Map<string, number> {
  const roomOf = new Map(nodes.map((node) => [node.id, roomFor(node.callFrame, rooms)]))
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const room = roomOf.get(id)
    if (room) times.set(room, (times.get(room) ?? 0) + (timeDeltas[index + 1] ?? 0))
  }
  return times
}

function roomFor({ functionName, url }: Profiler.ProfileNode['callFrame'], rooms: Rooms): string | null {
  if (functionName === '(idle)' || functionName === '(root)') return null
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === '(program)') return 'the system'
  if (WRITES.includes(functionName)) return 'writing to sockets'
  return rooms.find(([, where]) => where.test(url))?.[0] ?? 'V8 itself'
}
