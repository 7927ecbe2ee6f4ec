import type { AuditEvent, BankCall, Prisma } from '../generated/client.ts'
import type { ModelContext } from './context.ts'

/** What a saver may narrow their list to: the first words of what was done. */
export const CALL_KINDS = {
  accounts: ['accounts'],
  payments: ['payments'],
  consent: ['authorization'],
} as const
export const EVENT_KINDS = {
  account: ['user', 'access', 'admin', 'alarm', 'browser', 'audit', 'job', 'reminder', 'push'],
  bank: ['consent', 'accounts', 'sandbox'],
  saving: ['habit', 'goal', 'check-off', 'payment', 'payments', 'savings', 'limits', 'difference', 'ledger'],
} as const

export type CallKind = keyof typeof CALL_KINDS
export type EventKind = keyof typeof EVENT_KINDS

export interface Wish<Kind extends string> {
  kind: Kind | null
  /** The last row of the page before; one that isn't the saver's begins anew. */
  before: string | null
  size: number
}

/** One line of a saver's own trail; where somebody else came from is not theirs to know. */
export type OwnEvent = Pick<
  AuditEvent,
  'id' | 'at' | 'actorKind' | 'action' | 'objectKind' | 'objectId' | 'outcome' | 'detail' | 'ip'
> & { isOwn: boolean }

export type OwnCall = Pick<BankCall, 'id' | 'at' | 'actor' | 'api' | 'outcome' | 'attended'>

const NEWEST_FIRST = [{ at: 'desc' }, { id: 'desc' }] as const

export type Activity = ReturnType<typeof createActivity>

/** What a saver may read of what was done for them, and with their account. */
export function createActivity({ db }: Pick<ModelContext, 'db'>) {
  return {
    /** Calls to the bank, newest first. */
    async callsFor(userId: string, { kind, before, size }: Wish<CallKind>): Promise<OwnCall[]> {
      const own: Prisma.BankCallWhereInput = { onBehalfOfId: userId }
      const last = before && (await db.prisma.bankCall.findFirst({ where: { ...own, id: before } }))
      return db.prisma.bankCall.findMany({
        where: {
          ...own,
          AND: [
            last ? { OR: [{ at: { lt: last.at } }, { at: last.at, id: { lt: last.id } }] } : {},
            kind ? { OR: CALL_KINDS[kind].map((word) => ({ api: { startsWith: `${word}.` } })) } : {},
          ],
        },
        orderBy: [...NEWEST_FIRST],
        take: size,
        select: { id: true, at: true, actor: true, api: true, outcome: true, attended: true },
      })
    },

    /** Lines of the audit trail, newest first. */
    async eventsOf(userId: string, { kind, before, size }: Wish<EventKind>): Promise<OwnEvent[]> {
      const own: Prisma.AuditEventWhereInput = {
        OR: [{ subjectId: userId }, { subjectId: null, actorId: userId }],
      }
      const last = before && (await db.prisma.auditEvent.findFirst({ where: { ...own, id: before } }))
      const events = await db.prisma.auditEvent.findMany({
        where: {
          AND: [
            own,
            last ? { OR: [{ at: { lt: last.at } }, { at: last.at, id: { lt: last.id } }] } : {},
            kind ? { OR: EVENT_KINDS[kind].map((word) => ({ action: { startsWith: `${word}.` } })) } : {},
          ],
        },
        orderBy: [...NEWEST_FIRST],
        take: size,
      })
      return events.map(({ actorId, ip, subjectId, requestId, country, ...event }) => {
        const isOwn = actorId === userId
        return { ...event, isOwn, ip: isOwn ? ip : null }
      })
    },
  }
}
