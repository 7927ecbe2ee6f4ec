/** After the trouble: whatever stood in the way is taken away, and everything is given the time to end. */
import type { Payment } from '../../src/generated/client.ts'
import { DEFAULT_LIMITS } from '../../src/models/limits.ts'
import { isFinal } from '../../src/models/payment/states.ts'
import { answerApproval, paymentsOf } from './acting.ts'
import { actorFor, linkBank, processOf, type World } from './world.ts'

const MOST_ROUNDS = 300
/** An account that is empty stays empty: such a payment waits visibly, and that is an end too. */
const MAY_WAIT_FOR_EVER = ['not-enough-money']
const LOOKS_BEFORE_GIVING_UP = 3

/** @throws Error when something never ends. */
export async function comeToRest(world: World): Promise<void> {
  const { sandbox, models, processes } = world
  sandbox.control.clearFaults()
  for (const name of ['worker 1', 'worker 2', 'web'] as const) processes[name] = processOf(name)
  await models.stops.end({ kind: 'admin', id: null, ip: null, requestId: null })
  for (const { user } of world.savers) {
    await world.db.prisma.user.update({ where: { id: user.id }, data: { pausedUntil: null } })
    await models.limits.change(
      user.id,
      { ...DEFAULT_LIMITS, capPerDayMinor: 100_000_000, capPerMonthMinor: 1_000_000_000 },
      actorFor(user),
    )
    await models.payments.wakeBlocked(user.id)
  }
  const looks = new Map<string, number>()
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await linkThoseWithout(world)
    const open = (await paymentsOf(world)).filter(({ state }) => !isFinal(state))
    if (open.every((payment) => hasWaitedEnough(payment, looks))) return
    await answerApproval(world, { kind: 'approve', pick: round })
    toNextAction(
      world,
      open.filter((payment) => !hasWaitedEnough(payment, looks)),
    )
    for (const { user } of world.savers) await world.settle(user.id)
  }
  const left = (await paymentsOf(world)).filter(({ state }) => !isFinal(state))
  throw new Error(`these never came to rest: ${left.map(wordsFor).join('; ')}`)
}

function hasWaitedEnough({ id, state, reason, nextActionAt }: Payment, looks: Map<string, number>): boolean {
  if (state !== 'BLOCKED' || !MAY_WAIT_FOR_EVER.includes(reason ?? '')) return false
  const key = `${id} ${nextActionAt?.toISOString()}`
  if (!looks.has(key)) looks.set(key, 1)
  return [...looks.keys()].filter((each) => each.startsWith(id)).length > LOOKS_BEFORE_GIVING_UP
}

function toNextAction({ clock }: World, open: readonly Payment[]): void {
  const times = open.map(({ nextActionAt, leaseUntil }) =>
    Math.max(nextActionAt?.getTime() ?? 0, leaseUntil?.getTime() ?? 0),
  )
  clock.advance(Math.max(0, Math.min(...times) - clock.now().getTime()))
}

/** As a person would who reads that the link to the bank is missing. */
async function linkThoseWithout(world: World): Promise<void> {
  for (const { user } of world.savers) {
    const live = await world.models.consents.live(user.id)
    if (!live || live.expiresAt <= world.clock.now()) await linkBank(world, world.models, user)
  }
}

export function wordsFor({ reference, kind, state, reason, attempts, nextActionAt }: Payment): string {
  return `${kind} ${reference} ${state} (${reason ?? 'no reason'}), sent ${attempts} times, next look ${nextActionAt?.toISOString() ?? 'never'}`
}
