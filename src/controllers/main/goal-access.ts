import type { Request } from 'express'
import { NotFound, WrongState } from '../../errors.ts'
import type { Goal } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { Models } from '../../models/index.ts'
import { paths } from '../../paths.ts'
import { idOf } from '../forms/form.ts'

/** The goal in the address. @throws NotFound unless it is the saver's own. */
export async function ownGoal({ goals }: Pick<Models, 'goals'>, req: Request): Promise<Goal> {
  const goal = await goals.findOwned(signedIn(req).id, idOf(req))
  if (!goal) throw new NotFound()
  return goal
}

/** @throws NotFound unless it has been put away. */
export async function archivedGoal({ goals }: Pick<Models, 'goals'>, userId: string, id: string) {
  const found = (await goals.archived(userId)).find(({ goal }) => goal.id === id)
  if (!found) throw new NotFound()
  return found
}

export class GoalPutAway extends WrongState {
  constructor(goalId: string) {
    super(t('This goal has been put away'), t('Bring it back to change it.'), [
      { href: paths.goal(goalId), label: t('See the goal') },
      { href: paths.goals, label: t('To your goals') },
    ])
  }
}
