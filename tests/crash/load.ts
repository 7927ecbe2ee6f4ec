import { setTimeout as pause } from 'node:timers/promises'
import { paths } from '../../src/paths.ts'
import type { Look } from './database.ts'
import type { Journal } from './journal.ts'
import { flashesOn, type Offer, offersOn, undoableOn } from './pages.ts'
import type { Random } from './random.ts'
import { newHabit, type Saver } from './savers.ts'
import type { Page } from './visitor.ts'

/** Between two check-offs of one saver. */
const LEAST_PAUSE_MS = 1_000
const MOST_PAUSE_MS = 3_500
const FEWEST_OFFERS = 2
/**
 * Whoever has so many payments under way waits: on a slow machine they would pile up and grow old, and old ones are looked
 * at ever more rarely.
 */
const MOST_UNDER_WAY = 8

const DOUBLED = 0.2
const TAKEN_BACK = 0.15

/** How the app says that a check-off counts not. */
const REFUSAL = /Nothing was recorded|is done for today|is complete for this period/

/** Goes on until it is stopped; then it finishes what it has begun, so that nothing is left without an answer. */
export async function keepCheckingOff(
  saver: Saver,
  { look, journal, random }: { look: Look; journal: Journal; random: Random },
  stopping: AbortSignal,
): Promise<void> {
  let habits = 0
  while (!stopping.aborted) {
    await pause(random.between(LEAST_PAUSE_MS, MOST_PAUSE_MS), undefined, { signal: stopping }).catch(
      () => {},
    )
    if (stopping.aborted || (await underWay(saver, look)) >= MOST_UNDER_WAY) continue
    const offers = offersOn(await dashboard(saver))
    if (offers.length < FEWEST_OFFERS) {
      habits += 1
      await newHabit(saver, habits)
      continue
    }
    const offer = random.pick(offers)
    const isTaken = await checkOff(saver, offer, journal, random)
    if (isTaken && random.chance(TAKEN_BACK)) await takeBack(saver, offer, journal, random)
  }
}

async function underWay({ id }: Saver, look: Look): Promise<number> {
  const [row] = await look.rows<{ count: number }>(
    `SELECT count(*)::int FROM "Payment" WHERE "userId" = $1 AND "nextActionAt" IS NOT NULL`,
    [id],
  )
  return row?.count ?? 0
}

/** Sent once or twice at a time, and again as long as no answer comes: always the same place, as the page would. */
async function checkOff(saver: Saver, offer: Offer, journal: Journal, random: Random): Promise<boolean> {
  const { habitId, day, slot, version } = offer
  const send = () => saver.visitor.postOnce(paths.checkOff(habitId), { day, slot, version })
  const answer = await answered(saver, send, random, journal)
  if (answer.status !== 303 || answer.location !== paths.dashboard)
    throw new Error(`a check-off was answered with ${answer.status} ${answer.location}`)
  const page = await dashboard(saver)
  const refusal = flashesOn(page).find((text) => REFUSAL.test(text))
  const isOpen = offersOn(page).some((each) => each.habitId === habitId && each.slot === slot)
  if (isOpen && refusal) {
    journal.note(saver.id, { kind: 'refused', place: offer, words: refusal })
    return false
  }
  journal.note(saver.id, { kind: 'promised', place: offer })
  return true
}

async function takeBack(saver: Saver, { habitId }: Offer, journal: Journal, random: Random): Promise<void> {
  const { html } = await saver.visitor.get(paths.habit(habitId))
  const checkOffId = undoableOn(html)
  if (!checkOffId) return
  const send = () => saver.visitor.postOnce(paths.undo(checkOffId), {})
  const { status, location } = await answered(saver, send, random, journal)
  if (status === 303 && location === paths.dashboard) journal.note(saver.id, { kind: 'undone', checkOffId })
  else if (status === 303 && location?.startsWith(paths.payments)) {
    journal.note(saver.id, { kind: 'too-late', checkOffId })
  } else throw new Error(`an undo was answered with ${status} ${location}`)
}

/** The first answer that comes; the other of two has come too, or never will, when this returns. */
async function answered(
  { visitor }: Saver,
  send: () => Promise<Page>,
  random: Random,
  journal: Journal,
): Promise<Page> {
  if (!random.chance(DOUBLED)) return visitor.insist(send)
  journal.doubled += 1
  return visitor.insist(async () => {
    const both = await Promise.allSettled([send(), send()])
    const [first] = both.filter((each) => each.status === 'fulfilled')
    if (first) return first.value
    throw (both[0] as PromiseRejectedResult).reason
  })
}

async function dashboard({ visitor }: Saver): Promise<string> {
  const { status, html } = await visitor.get(paths.dashboard)
  if (status !== 200) throw new Error(`the dashboard was answered with ${status}`)
  return html
}
