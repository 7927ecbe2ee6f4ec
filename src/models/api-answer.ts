import { DAY, MINUTE } from '../clock.ts'
import { digestOf } from '../crypto.ts'
import type { ModelContext } from './context.ts'

/** For so long the same key gets the same answer. */
export const KEPT_MS = DAY
/** Whoever has begun and not answered by then never will: the process is gone. */
const UNDER_WAY_MS = MINUTE

export interface KeyedRequest {
  tokenId: string
  userId: string
  /** As the sender has chosen it. */
  key: string
  /** All that the request says, in one text. */
  content: string
}

export interface KeptAnswer {
  status: number
  body: string
}

export type Begun =
  /** It is the caller's to answer, and to `keep` or `drop`. */
  | { kind: 'new'; id: string }
  | { kind: 'answered'; answer: KeptAnswer }
  | { kind: 'under-way' }
  /** The key was used for something else. */
  | { kind: 'other' }

export type ApiAnswers = ReturnType<typeof createApiAnswers>

/** Answers by the keys of those who asked, so that whoever heard none may ask again. One unique index decides who is first. */
export function createApiAnswers({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async begin({ tokenId, userId, key, content }: KeyedRequest): Promise<Begun> {
      const now = clock.now()
      const place = { tokenId, hashedKey: digestOf(key) }
      const fingerprint = digestOf(content)
      await db.prisma.apiAnswer.deleteMany({ where: { ...place, OR: worthless(now) } })
      const [fresh] = await db.prisma.apiAnswer.createManyAndReturn({
        data: [{ ...place, userId, fingerprint, createdOn: now }],
        skipDuplicates: true,
      })
      return fresh ? { kind: 'new', id: fresh.id } : earlier(place, fingerprint)
    },

    async keep(id: string, { status, body }: KeptAnswer): Promise<void> {
      await db.prisma.apiAnswer.updateMany({ where: { id }, data: { status, body } })
    },

    /** Nothing was done: the next one with this key begins anew. */
    async drop(id: string): Promise<void> {
      await db.prisma.apiAnswer.deleteMany({ where: { id, status: null } })
    },
  }

  async function earlier(
    place: { tokenId: string; hashedKey: string },
    fingerprint: string,
  ): Promise<Exclude<Begun, { kind: 'new' }>> {
    const kept = await db.prisma.apiAnswer.findUnique({ where: { tokenId_hashedKey: place } })
    if (kept && kept.fingerprint !== fingerprint) return { kind: 'other' }
    if (!kept || kept.status === null) return { kind: 'under-way' }
    return { kind: 'answered', answer: { status: kept.status, body: kept.body ?? '' } }
  }

  function worthless(now: Date) {
    return [
      { createdOn: { lte: new Date(now.getTime() - KEPT_MS) } },
      { status: null, createdOn: { lte: new Date(now.getTime() - UNDER_WAY_MS) } },
    ]
  }
}
