import { Prisma, type Statements } from '../../db.ts'
import type { Habit, HabitBreak, HabitVersion, User } from '../../generated/client.ts'
import { columns, dated, list, row, type Texts } from '../json-rows.ts'

/** A habit with all that decides where it has places. */
export type HabitWithTerms = Habit & { versions: HabitVersion[]; breaks: HabitBreak[] }

/** What `TERMS` gives. */
export interface TermsJson {
  row: Texts<Habit>
  versions: Texts<HabitVersion>[]
  breaks: Texts<HabitBreak>[]
}

/** Three columns of a statement about a row of "Habit" that it calls habit. */
export const TERMS = Prisma.raw(`
  ${row(`SELECT ${columns(Prisma.HabitScalarFieldEnum, 'habit')}`)} AS row,
  ${list(`SELECT ${columns(Prisma.HabitVersionScalarFieldEnum, 'version')} FROM "HabitVersion" version
    WHERE version."habitId" = habit.id ORDER BY version.number DESC`)} AS versions,
  ${list(`SELECT ${columns(Prisma.HabitBreakScalarFieldEnum, 'pause')} FROM "HabitBreak" pause
    WHERE pause."userId" = habit."userId" AND (pause."habitId" = habit.id OR pause."habitId" IS NULL)`)} AS breaks`)

export function habitFrom(json: TermsJson): HabitWithTerms {
  return {
    ...dated<Habit>(json.row, ['startDate', 'createdOn', 'archivedOn', 'endDate', 'committedUntil']),
    versions: json.versions.map((version) => dated<HabitVersion>(version, ['effectiveFrom', 'createdOn'])),
    breaks: json.breaks.map((pause) => dated<HabitBreak>(pause, ['startDay', 'endDay', 'createdOn'])),
  }
}

/** @throws when the saver has no such habit; pages have looked before. */
export async function habitIn(
  tx: Pick<Statements, '$queryRaw'>,
  user: Pick<User, 'id'>,
  habitId: string,
): Promise<HabitWithTerms> {
  const [found] = await tx.$queryRaw<TermsJson[]>`
    SELECT ${TERMS} FROM "Habit" habit WHERE habit.id = ${habitId}::uuid AND habit."userId" = ${user.id}::uuid`
  if (!found) throw new Error(`saver ${user.id} has no habit ${habitId}`)
  return habitFrom(found)
}
