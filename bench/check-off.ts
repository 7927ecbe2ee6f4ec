import { paths } from '../src/paths.ts'
import { alternate, countStatements } from './alternate.ts'
import { type Busy, makeBusy, PLACES_PER_HABIT } from './busy-savers.ts'
import { closedLoop, type Visitor } from './load.ts'
import type { Program } from './program.ts'
import type { CheckOffResults } from './report.ts'
import { countRows, rowsSince } from './rows.ts'
import { freshSavers } from './savers.ts'
import { post, type SignedIn, signInAll } from './sign-in.ts'
import type { Stage } from './stage.ts'

/** Every connection is another saver. All rows that answers promise are looked for at the end of every run. */
export async function measureCheckOff(stage: Stage): Promise<CheckOffResults> {
  const { place, environment, counting, app, floor, plan } = stage
  const savers = await freshSavers(environment, plan.connections)
  const browsers = await signInAll(
    app.origin,
    savers.map(({ email }) => email),
  )
  const visitors = (kind: 'app' | 'floor', seconds: number): Promise<Visitor[]> =>
    Promise.all(
      savers.map(async (saver, index) => {
        const busy = await makeBusy(place.pool, saver, seconds)
        return checkOffVisitor(busy, browsers[index] as SignedIn, kind)
      }),
    )
  const statements = await countStatements(counting, await visitors('app', 1))

  const atFirst = await countRows(place.pool)
  let answers = 0
  const run = async (program: Program, seconds: number) => {
    const fresh = await visitors(program === app ? 'app' : 'floor', seconds)
    await place.tidy()
    const before = await countRows(place.pool)
    const load = await closedLoop(program.origin, fresh, seconds * 1_000)
    rowsSince(before, await countRows(place.pool), load.requests)
    answers += load.requests
    return load
  }
  const pairs = await alternate('check-off', { app, floor }, plan, run)
  return { statements, pairs, answers, rows: rowsSince(atFirst, await countRows(place.pool), answers) }
}

/** Checks off one habit after the other, every place once. The floor gets what the app has to look up by itself. */
function checkOffVisitor(busy: Busy, saver: SignedIn, program: 'app' | 'floor'): Visitor {
  let taken = 0
  return {
    next: () => {
      const habit = busy.habits[Math.floor(taken / PLACES_PER_HABIT)]
      if (!habit) throw new Error('there are no habits left to check off: PLACES_PER_SECOND is too low')
      const place = { day: busy.day, slot: String((taken % PLACES_PER_HABIT) + 1) }
      taken += 1
      const fields =
        program === 'app'
          ? { _csrf: saver.csrfToken, ...place, version: '1' }
          : { ...place, ...knownTo(busy), ...habit }
      return post(paths.checkOff(habit.habitId), saver.cookie, fields)
    },
    check: ({ status }) => {
      if (status !== 303) throw new Error(`a check-off was answered with ${status}`)
    },
  }
}

function knownTo({ user, debtorAccountId, creditorAccountId }: Busy) {
  return { userId: user.id, debtorAccountId, creditorAccountId }
}
