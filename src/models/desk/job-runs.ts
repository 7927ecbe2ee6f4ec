import type { JobRun } from '../../generated/client.ts'
import { clean } from '../../logger.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'

const LONGEST_ERROR = 500

export type JobRuns = ReturnType<typeof createJobRuns>

/** The last run of everything that the worker does. */
export function createJobRuns({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /**
     * @param error what it failed with; null where it came to its end.
     * @param remark what it says of itself; one that says nothing leaves what was said before.
     */
    async note(name: string, startedOn: Date, error: unknown, remark: string | null = null): Promise<void> {
      const now = clock.now()
      if (error === null) {
        await db.prisma.$executeRaw`
          INSERT INTO "JobRun" AS run (name, "startedOn", "finishedOn", remark, "remarkedOn")
          VALUES (${name}, ${startedOn}, ${now}, ${remark}, ${remark === null ? null : now}::timestamptz)
          ON CONFLICT (name) DO UPDATE SET "startedOn" = EXCLUDED."startedOn", "finishedOn" = EXCLUDED."finishedOn",
            remark = coalesce(EXCLUDED.remark, run.remark), "remarkedOn" = coalesce(EXCLUDED."remarkedOn", run."remarkedOn")`
        return
      }
      const text = error instanceof Error ? error.message : String(error)
      const message = String(clean('message', text)).slice(0, LONGEST_ERROR)
      await db.prisma.$executeRaw`
        INSERT INTO "JobRun" (name, "startedOn", "finishedOn", "failedOn", error)
        VALUES (${name}, ${startedOn}, ${now}, ${now}, ${message})
        ON CONFLICT (name) DO UPDATE SET "failedOn" = EXCLUDED."failedOn", error = EXCLUDED.error`
    },

    async noteRetry({ id, name }: { id: string; name: string }, by: Actor): Promise<void> {
      const object = { kind: 'job', id }
      await db.transaction((tx) =>
        audit(tx, { action: 'job.retry-asked', by, at: clock.now(), object, detail: { name } }),
      )
    },

    async list(): Promise<JobRun[]> {
      return db.prisma.jobRun.findMany({ orderBy: { name: 'asc' } })
    },
  }
}
