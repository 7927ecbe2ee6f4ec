/** Makes an action happen: as a task of the process that a person or a timer would use. */
import { DAY, HOUR } from '../../src/clock.ts'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { DEFAULT_LIMITS } from '../../src/models/limits.ts'
import type { Action } from './scenario.ts'
import { actorFor, linkBank, processOf, type World } from './world.ts'

export async function act(world: World, action: Action): Promise<void> {
  const { models, clock, sandbox, processes, scheduler } = world
  const web = (work: () => Promise<unknown>) => scheduler.begin(processes.web, work)
  switch (action.kind) {
    case 'check off':
      for (let click = 0; click < action.clicks; click += 1) web(() => checkOff(world, action))
      return
    case 'backfill':
      return web(() => backfill(world, action))
    case 'undo':
    case 'move back': {
      const one = pickFrom(await checkOffsOf(world), action.pick)
      const undo = action.kind === 'undo' ? models.checkOffs.undo : models.reversals.moveBack
      if (one)
        for (let click = 0; click < action.clicks; click += 1)
          web(() => undo(one.userId, one.id, actorFor({ id: one.userId })))
      return
    }
    case 'pay again':
    case 'try now': {
      const payment = pickFrom(await paymentsOf(world), action.pick)
      if (!payment) return
      const verb = action.kind === 'pay again' ? models.retries.payAgain : models.payments.tryNow
      return web(() => verb(payment.userId, payment.id, actorFor({ id: payment.userId })))
    }
    case 'pause':
    case 'resume':
      return web(() => pauseUntil(world, action.saver, action.kind === 'pause' ? 2 * HOUR : null))
    case 'link again':
      return web(() => linkBank(world, models, saverOf(world, action.saver).user))
    case 'revoke at the bank':
      sandbox.control.addFault({ kind: 'consent-revoked', route: '* *' })
      return
    case 'cadence':
      await world.db.prisma.user.update({
        where: { id: saverOf(world, action.saver).user.id },
        data: { cadence: action.cadence },
      })
      return
    case 'limit': {
      const { user } = saverOf(world, action.saver)
      const limits = { ...DEFAULT_LIMITS, capPerDayMinor: action.capPerDayMinor }
      return web(() => models.limits.change(user.id, limits, actorFor(user)))
    }
    case 'stop':
      return web(() =>
        models.stops.start('a rehearsal', { ...actorFor({ id: '' }), kind: 'admin', id: null }),
      )
    case 'go':
      return web(() => models.stops.end({ ...actorFor({ id: '' }), kind: 'admin', id: null }))
    case 'approve':
    case 'refuse':
      return answerApproval(world, action)
    case 'work':
      return work(world, action.worker)
    case 'time passes':
      return clock.advance(action.ms)
    case 'fault':
      return void sandbox.control.addFault(action.fault)
    case 'kill':
      if (processes[action.process].alive) processes[action.process].crashIn = action.after
      return
    case 'restart':
      if (!processes[action.process].alive) processes[action.process] = processOf(action.process)
      return
  }
}

/** As the worker's loop does: every saver with something due, the oldest first. */
export function work(world: World, worker: 'worker 1' | 'worker 2'): void {
  const { models, scheduler, processes } = world
  const process = processes[worker]
  scheduler.begin(process, async () => {
    for (const userId of await models.payments.dueSavers(10)) {
      scheduler.begin(process, () => world.settle(userId))
    }
  })
}

async function checkOff(world: World, action: { saver: number; habit: number }): Promise<void> {
  const { user, habits } = saverOf(world, action.saver)
  const habit = habits[action.habit % habits.length]
  const fresh = await world.shown.users.find(user.id)
  const today = fresh && habit && (await world.shown.habits.findOwned(fresh, habit.id))
  if (!fresh || !today || today.progress.next.kind !== 'open') return
  const offer = { day: today.today, slot: today.progress.next.slot }
  await world.models.checkOffs.record(fresh, today.habit.id, offer, actorFor(user))
}

async function backfill(
  world: World,
  action: { saver: number; habit: number; daysBack: number; pays: boolean },
): Promise<void> {
  const { user, habits } = saverOf(world, action.saver)
  const habit = habits[action.habit % habits.length]
  const fresh = await world.shown.users.find(user.id)
  if (!fresh || !habit) return
  const then = new Date(world.clock.now().getTime() - action.daysBack * DAY)
  const offer = { day: dayOf(then, fresh.timezone, fresh.dayStartHour), slot: 1 }
  await world.models.checkOffs.backfill(fresh, habit.id, { ...offer, pays: action.pays }, actorFor(user))
}

async function pauseUntil(world: World, index: number, forMs: number | null): Promise<void> {
  const { id } = saverOf(world, index).user
  if (forMs === null) await world.models.savings.resume(id, actorFor({ id }))
  else {
    const pausedUntil = new Date(world.clock.now().getTime() + forMs)
    await world.db.prisma.user.update({ where: { id }, data: { pausedUntil } })
  }
}

async function answerApproval(
  world: World,
  action: { kind: 'approve' | 'refuse'; pick: number },
): Promise<void> {
  const waiting = (await paymentsOf(world)).filter((payment) => payment.approvalUrl !== null)
  const url = pickFrom(waiting, action.pick)?.approvalUrl
  if (url) await answer(url, action.kind)
}

/** On the bank's own page, which is not ours to crash. */
export async function answer(url: string, kind: 'approve' | 'refuse'): Promise<void> {
  await fetch(url, { method: 'POST', body: new URLSearchParams({ answer: kind }), redirect: 'manual' })
}

async function checkOffsOf({ db, savers }: World) {
  return db.prisma.checkOff.findMany({
    where: { userId: { in: savers.map(({ user }) => user.id) } },
    select: { id: true, userId: true },
    orderBy: { at: 'asc' },
  })
}

export async function paymentsOf({ db, savers }: Pick<World, 'db' | 'savers'>) {
  return db.prisma.payment.findMany({
    where: { userId: { in: savers.map(({ user }) => user.id) } },
    orderBy: { createdOn: 'asc' },
  })
}

function saverOf(world: World, index: number): World['savers'][number] {
  const saver = world.savers[index % world.savers.length]
  if (!saver) throw new Error('a world without savers')
  return saver
}

function pickFrom<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % Math.max(list.length, 1)]
}
