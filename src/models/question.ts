import type { User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

/** At which check-offs a saver wants to show that it is them: at all, or where more moves than this (minor units). */
export type Questions = Pick<User, 'asksAtCheckOff' | 'asksAboveMinor'>

export function asksAtAll({ asksAtCheckOff, asksAboveMinor }: Questions): boolean {
  return asksAtCheckOff || asksAboveMinor !== null
}

export function asksAt({ asksAtCheckOff, asksAboveMinor }: Questions, amountMinor: number): boolean {
  return asksAtCheckOff || (asksAboveMinor !== null && amountMinor > asksAboveMinor)
}

/** Some check-off would be asked about no more, or would not be if the other wish were taken back. */
export function loosens(before: Questions, wish: Questions): boolean {
  const isLess = before.asksAtCheckOff && !wish.asksAtCheckOff
  if (isLess || before.asksAboveMinor === null) return isLess
  return wish.asksAboveMinor === null || wish.asksAboveMinor > before.asksAboveMinor
}

export type QuestionsResult =
  | 'changed'
  /** It loosens what was wished for, and it is a while since anybody has shown who sits there. */
  | 'not-fresh'

export function createQuestions({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async change(
      userId: string,
      wish: Questions,
      { isFresh }: { isFresh: boolean },
      by: Actor,
    ): Promise<QuestionsResult> {
      const { asksAtCheckOff, asksAboveMinor } = wish
      return db.transaction(async (tx) => {
        const [before] = await tx.$queryRaw<Questions[]>`
          SELECT "asksAtCheckOff", "asksAboveMinor" FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        if (!before || (!isFresh && loosens(before, wish))) return 'not-fresh'
        await tx.user.update({ where: { id: userId }, data: { asksAtCheckOff, asksAboveMinor } })
        const detail = { asksAtCheckOff, asksAboveMinor }
        await audit(tx, { action: 'user.questions-changed', by, at: clock.now(), subjectId: userId, detail })
        return 'changed'
      })
    },
  }
}
