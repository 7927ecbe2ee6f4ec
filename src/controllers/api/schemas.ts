/** What goes in and out of the API. The same schemas read requests, check answers in tests, and make the document. */
import { z } from 'zod'
import { Currency, PaymentKind, PaymentState } from '../../generated/enums.ts'
import { term } from '../../language.ts'
import { SCOPES } from '../../models/api-token/scopes.ts'

/** Those of them that have a name in the document. */
export const named = z.registry<{ id: string }>()

const words = <T extends string>(values: Record<string, T>) =>
  Object.values(values).map((value) => value.toLowerCase().replaceAll('_', '-')) as [string, ...string[]]

const id = z.uuid()
const day = z.iso.date().describe('A day of the saver’s own calendar.')
const instant = z.iso.datetime({ offset: true })
const slot = z.int().min(1).max(100)
const version = z.int().min(1).max(999_999)

export const money = z
  .strictObject({
    minor: z.int().describe('In minor units: 1250 with DKK is 12.50 kroner.'),
    currency: z.enum(Currency),
  })
  .register(named, { id: 'Money' })

export const offer = z
  .strictObject({ day, slot, version })
  .describe('The place that a check-off takes, and by which terms. Send it as it was given.')
  .register(named, { id: 'Offer' })

export const pastOffer = offer
  .extend({ pays: z.boolean().describe('False where it only counts, and no money moves.') })
  .describe('The place of a past day, as it was given, and whether money moves for it.')
  .register(named, { id: 'PastOffer' })

export const pastDays = z
  .strictObject({ data: z.array(z.strictObject({ offer, amount: money })) })
  .describe('Days that can still be made up for, and what moves by the terms of each.')
  .register(named, { id: 'PastDays' })

export const me = z
  .strictObject({
    token: z.strictObject({
      id,
      name: z.string(),
      scopes: z.array(z.enum(SCOPES)),
      createdOn: instant,
      expiresOn: instant,
    }),
    saver: z.strictObject({
      timezone: z.string(),
      today: day,
      asksAtCheckOff: z
        .boolean()
        .describe('Every check-off is asked about on the page, so that none can be made here.'),
      asksAbove: money.nullable().describe('The same for check-offs that move more than this.'),
    }),
  })
  .register(named, { id: 'Me' })

export const habit = z
  .strictObject({
    id,
    name: z.string(),
    isEnded: z.boolean(),
    terms: z.strictObject({
      version,
      schedule: z.enum(['times', 'weekdays', 'rolling']).describe('Rolling: in any so many days in a row.'),
      weekdays: z
        .array(z.int().min(1).max(7))
        .describe('The chosen ones, 1 for Monday; none unless by weekdays.'),
      times: z.int().describe('So often …'),
      days: z.int().describe('… in so many days.'),
      amount: money.describe('Moves at each check-off.'),
    }),
    today: day,
    period: z.strictObject({ from: day, until: day, daysLeft: z.int(), done: z.int(), doneToday: z.int() }),
    standing: z.enum([
      'open',
      'enough-today',
      'period-complete',
      'not-today',
      'on-break',
      'not-started',
      'ended',
    ]),
    offer: offer.nullable().describe('Null where nothing can be checked off today.'),
    streak: z.int().describe('Periods in a row.'),
    savings: z.strictObject({ pledged: money, onItsWay: money, saved: money }),
  })
  .register(named, { id: 'Habit' })

export const habits = z.strictObject({ data: z.array(habit) }).register(named, { id: 'Habits' })

export const checkOff = z
  .strictObject({
    id,
    habitId: id,
    day,
    slot,
    at: instant,
    state: z.enum(['recorded', 'undone']),
    amount: money,
    isBackfill: z.boolean(),
    pays: z.boolean().describe('False where it only counts, and no money moves.'),
    paymentId: id.nullable(),
  })
  .register(named, { id: 'CheckOff' })

const next = z
  .string()
  .nullable()
  .describe('The address of what comes next, with the same filter; null at the end.')

export const checkOffs = z
  .strictObject({ data: z.array(checkOff), next })
  .register(named, { id: 'CheckOffs' })

export const payment = z
  .strictObject({
    id,
    reference: z.string().describe('Stands on both bank statements.'),
    kind: z.enum(words(PaymentKind)),
    state: z.enum(words(PaymentState)),
    reason: z.string().nullable().describe('Why it waits, or how it ended.'),
    amount: money,
    createdOn: instant,
    dueOn: instant.describe('Nothing is sent before.'),
    finalOn: instant.nullable(),
    checkOffIds: z.array(id),
  })
  .register(named, { id: 'Payment' })

export const payments = z.strictObject({ data: z.array(payment), next }).register(named, { id: 'Payments' })

export const paymentWithStory = payment
  .extend({
    moves: z.array(
      z.strictObject({
        at: instant,
        from: z.enum(words(PaymentState)).nullable(),
        to: z.enum(words(PaymentState)),
        reason: z.string().nullable(),
      }),
    ),
  })
  .register(named, { id: 'PaymentWithMoves' })

export const goal = z
  .strictObject({
    id,
    name: z.string(),
    target: money,
    saved: money.describe('What it holds, worked out from the books at this moment.'),
    byDay: day.nullable().describe('The day by which it should be full.'),
    state: z.enum(['filling', 'full']),
    reachedOn: instant.nullable().describe('When it was full for the first time; it may hold less again.'),
    pace: z.strictObject({
      perWeek: money.describe('What it has gained by the week, lately.'),
      fullOn: day.nullable().describe('If all habits go on like this; null where it won’t be, or is full.'),
      isOnTrack: z.boolean().nullable().describe('For its day; null without one, or when it is full.'),
    }),
  })
  .register(named, { id: 'Goal' })

export const goals = z.strictObject({ data: z.array(goal) }).register(named, { id: 'Goals' })

export const problem = z
  .strictObject({
    type: z.url().describe('Names the problem, and leads to what it means.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe('This one request, for when you write to us.'),
    errors: z
      .array(z.strictObject({ field: z.string().nullable(), message: z.string() }))
      .optional()
      .describe('Which fields were wrong.'),
    scope: z.string().optional().describe('The scope that is missing.'),
    paymentId: id.optional().describe('The payment that it is about.'),
  })
  .register(named, { id: 'Problem' })

export const nothing = z.strictObject({})
export const idInPath = z.strictObject({ id })

/** As the words below say. */
const MOST_ROWS = 100
/** Text in an address. */
const number = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(MOST_ROWS))
  .optional()
  .describe(term('How many at most: 1 to 100.'))
const before = id.optional().describe(term('The last one already seen; the newest come first.'))

export const checkOffQuery = z.strictObject({
  from: day.optional().describe(term('The first day.')),
  until: day.optional().describe(term('The last day.')),
  habitId: id.optional(),
  limit: number,
  before,
})
export const paymentQuery = z.strictObject({ limit: number, before })

/** Its sender's own; the same one again gets the same answer. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/)
