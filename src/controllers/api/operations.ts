import type { z } from 'zod'
import { term } from '../../language.ts'
import { type Guard, PUBLIC, TOKEN, tokenFor } from '../../middleware/authorisation.ts'
import { paths } from '../../paths.ts'
import type { ProblemName } from './problems.ts'
import * as schemas from './schemas.ts'

/**
 * What can be asked of the API, and what comes back. Routes, document and page are made of the same table; its words are
 * English in the document, and in its reader's language on the page.
 */
export interface Operation {
  method: 'GET' | 'POST' | 'DELETE'
  /** As in the table of routes. */
  path: string
  guard: Guard
  summary: string
  about: string
  query?: z.ZodObject
  body?: z.ZodObject
  /** It takes an Idempotency-Key. */
  keyed?: true
  answers: Answer[]
  /** Besides those that every operation has. */
  problems: ProblemName[]
}

export interface Answer {
  status: number
  about: string
  /** Null where nothing comes back. */
  schema: z.ZodType | null
}

const REFUSED_OFFERS = [
  'day-changed',
  'place-taken',
  'terms-changed',
  'enough-today',
  'period-complete',
  'not-today',
  'on-break',
  'not-started',
  'habit-ended',
  'no-accounts',
  'currency-differs',
] as const satisfies ProblemName[]

/** Of past days the day itself can be refused, for other reasons than today. */
const REFUSED_PAST_DAYS = [
  'in-future',
  'too-old',
  'before-start',
  'enough-that-day',
  ...REFUSED_OFFERS.filter((name) => name !== 'day-changed' && name !== 'enough-today'),
] as const satisfies ProblemName[]

export const OPERATIONS = {
  describe: {
    method: 'GET',
    path: paths.apiDocument,
    guard: PUBLIC,
    summary: term('This document'),
    about: term('OpenAPI 3.1. No token is needed.'),
    answers: [{ status: 200, about: term('The document'), schema: null }],
    problems: [],
  },
  me: {
    method: 'GET',
    path: `${paths.api}/me`,
    guard: TOKEN,
    summary: term('What the token may do'),
    about: term('Its scopes, until when it is good, and which day it is for the saver.'),
    answers: [{ status: 200, about: term('The token and its saver'), schema: schemas.me }],
    problems: [],
  },
  habits: {
    method: 'GET',
    path: `${paths.api}/habits`,
    guard: tokenFor('habits:read'),
    summary: term('All living habits as they stand today'),
    about: term('The oldest first. There are at most 200.'),
    answers: [{ status: 200, about: term('The habits'), schema: schemas.habits }],
    problems: [],
  },
  habit: {
    method: 'GET',
    path: `${paths.api}/habits/:id`,
    guard: tokenFor('habits:read'),
    summary: term('One habit as it stands today'),
    about: term('Its offer is what a check-off sends back.'),
    answers: [{ status: 200, about: term('The habit'), schema: schemas.habit }],
    problems: ['not-found'],
  },
  recordCheckOff: {
    method: 'POST',
    path: `${paths.api}/habits/:id/check-offs`,
    guard: tokenFor('check-offs:write'),
    summary: term('Check a habit off'),
    about: term(
      'Sends the habit’s offer back. Its place is taken once, whoever sends it how often; with an Idempotency-Key the same request also gets the same answer for 24 hours. Limits, pauses and the time to take it back are those of the page. Where the saver wishes to be asked first, it is refused.',
    ),
    body: schemas.offer,
    keyed: true,
    answers: [
      { status: 201, about: term('Recorded now'), schema: schemas.checkOff },
      { status: 200, about: term('It was recorded before, and counts once'), schema: schemas.checkOff },
    ],
    problems: ['asks-first', 'not-found', ...REFUSED_OFFERS, 'under-way', 'key-reused'],
  },
  pastDays: {
    method: 'GET',
    path: `${paths.api}/habits/:id/past-days`,
    guard: tokenFor('habits:read'),
    summary: term('Days on which a forgotten check-off can still be made up for'),
    about: term(
      'Of the last seven days those that have a free place, the latest first, each by the terms of that day.',
    ),
    answers: [{ status: 200, about: term('The days'), schema: schemas.pastDays }],
    problems: ['not-found'],
  },
  recordPastDay: {
    method: 'POST',
    path: `${paths.api}/habits/:id/past-days`,
    guard: tokenFor('check-offs:write'),
    summary: term('Make up for a past day'),
    about: term(
      'Sends the offer of a past day back, and says whether money moves for it. Otherwise as a check-off of today: its place is taken once, and an Idempotency-Key works the same. What moves no money is never refused because the saver wishes to be asked first.',
    ),
    body: schemas.pastOffer,
    keyed: true,
    answers: [
      { status: 201, about: term('Recorded now'), schema: schemas.checkOff },
      { status: 200, about: term('It was recorded before, and counts once'), schema: schemas.checkOff },
    ],
    problems: ['asks-first', 'not-found', ...REFUSED_PAST_DAYS, 'under-way', 'key-reused'],
  },
  goals: {
    method: 'GET',
    path: `${paths.api}/goals`,
    guard: tokenFor('goals:read'),
    summary: term('All living goals, with what they hold'),
    about: term(
      'In the saver’s order, by currency. There are at most 30. Goals have no money of their own: what is saved is shared out among them.',
    ),
    answers: [{ status: 200, about: term('The goals'), schema: schemas.goals }],
    problems: [],
  },
  checkOffs: {
    method: 'GET',
    path: `${paths.api}/check-offs`,
    guard: tokenFor('habits:read'),
    summary: term('Check-offs, also those that were taken back'),
    about: term('The newest first, 50 at a time unless another number is asked for.'),
    query: schemas.checkOffQuery,
    answers: [
      { status: 200, about: term('Some of them, and where the others are'), schema: schemas.checkOffs },
    ],
    problems: [],
  },
  undoCheckOff: {
    method: 'DELETE',
    path: `${paths.api}/check-offs/:id`,
    guard: tokenFor('check-offs:write'),
    summary: term('Take a check-off back'),
    about: term('For as long as its payment has not been sent. As often as wanted.'),
    answers: [{ status: 204, about: term('It is taken back, now or before'), schema: null }],
    problems: ['not-found', 'too-late', 'moved-back'],
  },
  payments: {
    method: 'GET',
    path: `${paths.api}/payments`,
    guard: tokenFor('payments:read'),
    summary: term('Payments'),
    about: term('The newest first, 50 at a time unless another number is asked for.'),
    query: schemas.paymentQuery,
    answers: [
      { status: 200, about: term('Some of them, and where the others are'), schema: schemas.payments },
    ],
    problems: [],
  },
  payment: {
    method: 'GET',
    path: `${paths.api}/payments/:id`,
    guard: tokenFor('payments:read'),
    summary: term('One payment with every move it has made'),
    about: term('What the bank has said stands here in our own words.'),
    answers: [{ status: 200, about: term('The payment'), schema: schemas.paymentWithStory }],
    problems: ['not-found'],
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS

const EVERYWHERE: ProblemName[] = [
  'unreadable',
  'not-acceptable',
  'too-large',
  'wrong-content-type',
  'wrong-host',
  'invalid',
  'server-error',
  'overloaded',
]
const WITH_TOKEN: ProblemName[] = ['token-missing', 'token-wrong', 'too-many-requests']

/** All that an operation can answer with besides what was wanted. */
export function problemsOf({ guard, problems }: Operation): ProblemName[] {
  if (guard.who !== 'token') return ['not-acceptable', 'wrong-host', 'server-error', 'overloaded']
  return [...WITH_TOKEN, ...(guard.scope ? (['scope-missing'] as const) : []), ...EVERYWHERE, ...problems]
}
