import type { Request, RequestHandler, Response } from 'express'
import { NotFound } from '../../errors.ts'
import type { User } from '../../generated/client.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import type { BackfillResult, CheckOffResult } from '../../models/check-off.ts'
import { asksAt, asksAtAll } from '../../models/question.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { answer } from './answers.ts'
import type { AnswerOnce, Outcome } from './idempotency.ts'
import { ApiProblem, type ProblemName } from './problems.ts'
import { readBody, readQuery } from './reading.ts'
import { checkOffOf, habitOf, pastDayOf } from './rows.ts'
import { nothing, offer, pastOffer } from './schemas.ts'

export function habitApi({ models }: WebContext, answerOnce: AnswerOnce) {
  /** GET /api/v1/habits */
  const list: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const habits = await models.habits.listOwned(signedIn(req))
    answer(res, 200, { data: habits.map(habitOf) })
  }

  /** GET /api/v1/habits/:id */
  const show: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const habit = await models.habits.findOwned(signedIn(req), idOf(req))
    if (!habit) throw new NotFound()
    answer(res, 200, habitOf(habit))
  }

  /** POST /api/v1/habits/:id/check-offs */
  const checkOff = async (req: Request, res: Response) => {
    readQuery(nothing, req)
    const user = signedIn(req)
    const habit = await named(req)
    const place = readBody(offer, req)
    await answerOnce(req, res, [habit.id, place], async () => {
      await refuseIfAsked(user, habit.id, place.version)
      return outcomeOf(await models.checkOffs.record(user, habit.id, place, actorOf(req)))
    })
  }

  /** GET /api/v1/habits/:id/past-days */
  const pastDays: RequestHandler = async (req, res) => {
    readQuery(nothing, req)
    const { id } = await named(req)
    const days = await models.checkOffs.openDays(signedIn(req), id)
    answer(res, 200, { data: days.map(pastDayOf) })
  }

  /** POST /api/v1/habits/:id/past-days */
  const makeUpFor = async (req: Request, res: Response) => {
    readQuery(nothing, req)
    const user = signedIn(req)
    const habit = await named(req)
    const place = readBody(pastOffer, req)
    await answerOnce(req, res, [habit.id, place], async () => {
      if (place.pays) await refuseIfAsked(user, habit.id, place.version)
      return outcomeOf(await models.checkOffs.backfill(user, habit.id, place, actorOf(req)))
    })
  }

  return { list, show, checkOff, pastDays, makeUpFor }

  async function named(req: Request) {
    const habit = await models.habits.nameOwned(signedIn(req).id, idOf(req))
    if (!habit) throw new NotFound()
    return habit
  }

  /** Only a page can ask, and a program has shown nothing a few minutes ago. */
  async function refuseIfAsked(user: User, habitId: string, version: number): Promise<void> {
    if (!asksAtAll(user)) return
    const terms = await models.habits.terms(user.id, habitId, version)
    if (terms && asksAt(user, terms.amountMinor)) throw new ApiProblem('asks-first')
  }
}

function outcomeOf(result: CheckOffResult | BackfillResult): Outcome {
  switch (result.kind) {
    case 'recorded':
      return { status: 201, body: checkOffOf(result.checkOff) }
    case 'already-recorded':
      return { status: 200, body: checkOffOf(result.checkOff) }
    case 'archived':
    case 'ended':
      return refused('habit-ended')
    default:
      return refused(result.kind)
  }
}

function refused(problem: ProblemName): Outcome {
  return { problem }
}
