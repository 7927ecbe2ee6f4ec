import { DAY, MINUTE } from '../clock.ts'
import type { Tx } from '../db.ts'
import { raiseAlarm } from './alarm.ts'
import { type ModelContext, workerActor } from './context.ts'
import { PAUSE_AT, RULES, type Rule, type RuleName, type Sighting } from './detection/rules.ts'
import { holdSavings } from './savings.ts'

/** How long an account may do nothing after it has tried many things that aren't its own. */
const REST_MS = 15 * MINUTE
/** Only what was seen within this time is added up. */
const TOGETHER_MS = DAY

/** A look that comes late (a worker was restarted) still sees what happened so long before it. */
const CATCH_UP_MS = 15 * MINUTE
/** Lines of the trail come to light when their transaction ends, some time after the instant they carry. */
const OVERLAP_MS = MINUTE

const BY = workerActor(null)

export type Detection = ReturnType<typeof createDetection>

/** Sees odd behaviour in the audit trail, soon after it happens, and raises alarms. */
export function createDetection({ db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>) {
  let lastLookAt: Date | null = null

  return {
    /**
     * One look with every rule. Several workers may look at once: a unique index decides whose alarm it is.
     * One rule that fails keeps no other from looking.
     * @returns how many alarms were raised.
     * @throws AggregateError with what failed; the next look begins where this one did.
     */
    async look(): Promise<number> {
      const now = clock.now()
      const from = new Date(Math.max((lastLookAt?.getTime() ?? 0) - OVERLAP_MS, now.getTime() - CATCH_UP_MS))
      let raised = 0
      const failures: unknown[] = []
      for (const [name, rule] of Object.entries(RULES) as [RuleName, Rule][]) {
        try {
          raised += await lookWith(name, rule, from)
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} rules could not look`)
      lastLookAt = now
      return raised
    },
  }

  async function lookWith(name: RuleName, rule: Rule, from: Date): Promise<number> {
    const sightings = await db.prisma.$queryRaw<Sighting[]>(rule.sightings(name, from))
    let raised = 0
    for (const sighting of sightings) {
      if (await db.transaction((tx) => raise(tx, name, rule, sighting))) raised += 1
    }
    return raised
  }

  /** The alarm, its letters and what it does to the account, together or not at all. */
  async function raise(tx: Tx, name: RuleName, rule: Rule, sighting: Sighting): Promise<boolean> {
    const { key, subjectId, count } = sighting
    // Two alarms about one account at one moment: the second adds the first up.
    if (subjectId !== null)
      await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${subjectId}::uuid FOR NO KEY UPDATE`
    const at = clock.now()
    const id = await raiseAlarm(tx, queue, { rule: name, key, subjectId, detail: { count } }, { by: BY, at })
    if (id === null) return false
    if (subjectId !== null) {
      if (rule.rests) await rest(tx, subjectId, at)
      if ((await weightOf(tx, subjectId, at)) >= PAUSE_AT) await hold(tx, subjectId, id, at)
    }
    return true
  }

  async function rest(tx: Tx, userId: string, at: Date): Promise<void> {
    await tx.user.updateMany({
      where: { id: userId },
      data: { restsUntil: new Date(at.getTime() + REST_MS) },
    })
  }

  /** Of all that nobody has looked at yet. */
  async function weightOf(tx: Tx, subjectId: string, at: Date): Promise<number> {
    const open = await tx.alarm.findMany({
      where: { subjectId, acknowledgedOn: null, at: { gt: new Date(at.getTime() - TOGETHER_MS) } },
      select: { rule: true },
    })
    return open.reduce((sum, { rule }) => sum + (RULES[rule as RuleName]?.weight ?? 0), 0)
  }

  async function hold(tx: Tx, userId: string, alarmId: string, at: Date): Promise<void> {
    if (!(await holdSavings(tx, { userId, alarmId, at }, BY))) return
    await queue.enqueue(tx, 'send-mail', { userId, kind: 'savings-held' })
  }
}
