import { mkdir, writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { join } from 'node:path'
import { type Rooms, shares } from '../profile.ts'
import { SIZES } from '../settling.ts'
import { makeDue } from './due-payments.ts'
import { atWork } from './settling.ts'
import type { SettlingStage } from './stage.ts'

const WARM_UP_SAVERS = 100
const PROFILED_SAVERS = 100

const ROOMS: Rooms = [
  ['Prisma', /node_modules\/@prisma\/|src\/generated\//],
  ['pg', /node_modules\/pg[^/]*\//],
  ['undici', /node_modules\/undici\//],
  ['zod', /node_modules\/zod\//],
  ['temporal', /node_modules\/temporal/],
  ['src/models', /\/src\/models\//],
  ['src/jobs', /\/src\/jobs\//],
  ['src/bank', /\/src\/bank\//],
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
    const payments = userIds.length * paymentsEach
    const lines = shares(profile, ROOMS, cpuMs, payments)
    console.log(
      `\nThe worker's processor time for one payment of ${paymentsEach}: ${(cpuMs / payments).toFixed(1)} ms.\n\n${lines.join('\n')}`,
    )
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
