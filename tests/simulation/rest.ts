/** After the trouble: whatever stood in the way is taken away, and everything is given the time to end. */
import { BankError } from '../../src/bank/index.ts'
import type { Payment } from '../../src/generated/client.ts'
import { DEFAULT_LIMITS } from '../../src/models/limits.ts'
import { isFinal } from '../../src/models/payment/states.ts'
import { answer, paymentsOf } from './acting.ts'
import { actorFor, linkBank, processOf, type World } from './world.ts'

const MOST_ROUNDS = 120
const ROUNDS_WITH_TROUBLE = 4
/** An account that is empty stays empty: such a payment waits visibly, and that is an end too. */
const MAY_WAIT_FOR_EVER = ['not-enough-money']
const LOOKS_BEFORE_GIVING_UP = 12

/** @throws Error when something never ends. */
export async function comeToRest(world: World): Promise<void> {
  const { sandbox, models, processes } = world
  for (const name of ['worker 1', 'worker 2', 'web'] as const) processes[name] = processOf(name)
  await models.stops.end({ kind: 'admin', id: null, ip: null, requestId: null })
  for (const { user } of world.savers) {
    await models.savings.resume(user.id, actorFor(user))
    await models.limits.change(
      user.id,
      { ...DEFAULT_LIMITS, capPerDayMinor: 100_000_000, capPerMonthMinor: 1_000_000_000 },
      actorFor(user),
    )
  }
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // What trouble is left strikes on for a while; nobody dies of it any more.
    if (round === ROUNDS_WITH_TROUBLE) sandbox.control.clearFaults()
    if (round % 3 === 0) await linkThoseWithout(world)
    const open = (await paymentsOf(world)).filter(({ state }) => !isFinal(state))
    if (round > LOOKS_BEFORE_GIVING_UP ? open.every(mayWaitForEver) : open.length === 0) return
    await Promise.all(open.map(({ approvalUrl }) => approvalUrl && answer(approvalUrl, 'approve')))
    toNextActions(world, open, round < ROUNDS_WITH_TROUBLE ? 0 : world.settleDelayMs)
    for (const { user } of world.savers) await world.settle(user.id)
  }
  const left = (await paymentsOf(world)).filter(({ state }) => !isFinal(state))
  throw new Error(`these never came to rest: ${left.map(wordsFor).join('; ')}`)
}

function mayWaitForEver({ state, reason }: Payment): boolean {
  return state === 'BLOCKED' && MAY_WAIT_FOR_EVER.includes(reason ?? '')
}

/**
 * To where every open payment wants a look.
 * @param leastMs a bank that takes an hour is asked some twenty times in it, and nothing happens in between.
 */
function toNextActions({ clock }: World, open: readonly Payment[], leastMs: number): void {
  const times = open.map(({ nextActionAt, leaseUntil }) =>
    Math.max(nextActionAt?.getTime() ?? 0, leaseUntil?.getTime() ?? 0),
  )
  clock.advance(Math.max(leastMs, Math.max(...times) - clock.now().getTime()))
}

/** As a person would who reads that the link to the bank is missing. */
async function linkThoseWithout(world: World): Promise<void> {
  for (const { user } of world.savers) {
    const live = await world.models.consents.live(user.id)
    if (live && live.expiresAt > world.clock.now()) continue
    await linkBank(world, world.models, user).catch(laterIfTroubled)
  }
}

/** The person tries again in the next round. */
function laterIfTroubled(error: unknown): void {
  if (!(error instanceof BankError)) throw error
}

export function wordsFor({ reference, kind, state, reason, attempts, nextActionAt }: Payment): string {
  return `${kind} ${reference} ${state} (${reason ?? 'no reason'}), sent ${attempts} times, next look ${nextActionAt?.toISOString() ?? 'never'}`
}
