import { mkdir, writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { join } from 'node:path'
import { SIZES } from '../settling.ts'
import { makeDue } from './due-payments.ts'
import { atWork } from './settling.ts'
import type { SettlingStage } from './stage.ts'

const WARM_UP_SAVERS = 100
const PROFILED_SAVERS = 100

/** Whose code it is, by the place it lies in; the first that fits. */
const ROOMS: [name: string, where: RegExp][] = [
  ['Prisma', /node_modules\/@prisma\/|src\/generated\//],
  ['pg', /node_modules\/pg[^/]*\//],
  ['undici', /node_modules\/undici\//],
  ['zod', /node_modules\/zod\//],
  ['temporal', /node_modules\/temporal/],
  ['other packages', /node_modules\//],
  ['src/models', /\/src\/models\//],
  ['src/jobs', /\/src\/jobs\//],
  ['src/bank', /\/src\/bank\//],
  ['rest of src', /\/src\//],
  ['WebAssembly (Prisma)', /^wasm/],
  ['Node', /^node:/],
]

/** Where the worker's own processor time goes, for one and for five payments of a saver. */
export async function profileSettling(stage: SettlingStage, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const worker = await stage.startWorker('profiled.ts')
  for (const paymentsEach of SIZES) {
    await settle(stage, worker, stage.userIds.slice(0, WARM_UP_SAVERS), paymentsEach)
    worker.resume()
    await worker.tell('begin')
    const userIds = stage.userIds.slice(0, PROFILED_SAVERS)
    await settle(stage, worker, userIds, paymentsEach)
    worker.resume()
    const { cpuMs, profile } = (await worker.tell('end')) as { cpuMs: number; profile: Profiler.Profile }
    await worker.pause()
    await writeFile(join(folder, `worker-${paymentsEach}.cpuprofile`), JSON.stringify(profile))
    console.log(`\n${summary(profile, cpuMs, paymentsEach, userIds.length * paymentsEach)}`)
  }
}

async function settle(
  stage: SettlingStage,
  worker: Parameters<typeof atWork>[1][number],
  userIds: readonly string[],
  paymentsEach: number,
): Promise<void> {
  await makeDue(stage.place.pool, userIds, paymentsEach)
  await atWork(stage, [worker])
}

/** Samples tell the shares; how much there is to share, the system's own account of the process tells. */
function summary(profile: Profiler.Profile, cpuMs: number, paymentsEach: number, payments: number): string {
  const byRoom = selfTimes(profile)
  const sampled = [...byRoom.values()].reduce((sum, time) => sum + time, 0)
  const lines = [...byRoom].sort(([, a], [, b]) => b - a)
  return [
    `The worker's processor time for one payment of ${paymentsEach}: ${(cpuMs / payments).toFixed(1)} ms.`,
    '',
    '| | ms | share |',
    '|---|---|---|',
    ...lines.map(([name, time]) => {
      const share = time / sampled
      return `| ${name} | ${((share * cpuMs) / payments).toFixed(2)} | ${(100 * share).toFixed(0)} % |`
    }),
  ].join('\n')
}

/** Time by room, in whatever the profile counts, without that in which nothing ran. */
function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const roomOf = new Map(nodes.map((node) => [node.id, roomFor(node.callFrame)]))
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const room = roomOf.get(id)
    if (room) times.set(room, (times.get(room) ?? 0) + (timeDeltas[index + 1] ?? 0))
  }
  return times
}

function roomFor({ functionName, url }: Profiler.ProfileNode['callFrame']): string | null {
  if (functionName === '(idle)' || functionName === '(root)') return null
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === '(program)') return 'the system'
  if (['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String'].includes(functionName))
    return 'writing to sockets'
  return ROOMS.find(([, where]) => where.test(url))?.[0] ?? 'V8 itself'
}
