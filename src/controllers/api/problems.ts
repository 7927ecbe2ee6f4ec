import { AppError } from '../../errors.ts'

/** Every way in which a request can fail: one status, one title, and what it means. Their names never change. */
export const PROBLEMS = {
  unreadable: {
    status: 400,
    title: 'The request can’t be read',
    detail: 'Its body is no JSON, or its address is not well formed.',
  },
  'token-missing': {
    status: 401,
    title: 'A token is needed',
    detail: 'Send one as “Authorization: Bearer spv_…”. Cookies are not looked at.',
  },
  'token-wrong': {
    status: 401,
    title: 'This token opens nothing',
    detail: 'It is unknown, or has ended. Its owner can make another one in the settings.',
  },
  'scope-missing': {
    status: 403,
    title: 'The token may not do this',
    detail:
      'It was made without the scope that is named here. Scopes are never added to a token: make another one.',
  },
  'asks-first': {
    status: 403,
    title: 'The saver wishes to be asked first',
    detail:
      'Check-offs of this amount are to be confirmed by the saver, which only the page can ask for. Nothing was recorded.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    detail: 'The address is wrong, what was here is gone, or it belongs to somebody else.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This can’t be done here',
    detail: 'The header Allow names what can.',
  },
  'not-acceptable': {
    status: 406,
    title: 'There is only JSON here',
    detail: 'Accept application/json.',
  },
  'day-changed': {
    status: 409,
    title: 'The offer is of another day',
    detail:
      'Only today can be checked off here. Read the habit again for today’s offer. Nothing was recorded.',
  },
  'place-taken': {
    status: 409,
    title: 'The offer is out of date',
    detail: 'Its place is not free any more. Read the habit again. Nothing was recorded.',
  },
  'terms-changed': {
    status: 409,
    title: 'The habit has other terms by now',
    detail: 'Read the habit again, and look at the amount. Nothing was recorded.',
  },
  'enough-today': {
    status: 409,
    title: 'The habit is done for today',
    detail: 'Nothing was added.',
  },
  'enough-that-day': {
    status: 409,
    title: 'The habit was done often enough on that day',
    detail: 'Nothing was added.',
  },
  'too-old': {
    status: 409,
    title: 'The day is too long ago',
    detail: 'What was forgotten can be made up for on seven days. Nothing was recorded.',
  },
  'before-start': {
    status: 409,
    title: 'The habit had not begun on that day',
    detail: 'Nothing was recorded.',
  },
  'in-future': {
    status: 409,
    title: 'The day is not past',
    detail: 'Today is checked off by the habit’s own offer. Nothing was recorded.',
  },
  'period-complete': {
    status: 409,
    title: 'The habit is complete for this period',
    detail: 'Nothing was added.',
  },
  'not-today': {
    status: 409,
    title: 'The habit asks for nothing on this weekday',
    detail: 'Nothing was recorded.',
  },
  'on-break': {
    status: 409,
    title: 'The habit has a break on this day',
    detail: 'The saver ends the break on the page first. Nothing was recorded.',
  },
  'not-started': {
    status: 409,
    title: 'The habit has not begun',
    detail: 'Nothing was recorded.',
  },
  'habit-ended': {
    status: 409,
    title: 'The habit is over, or has been put away',
    detail: 'Nothing was recorded.',
  },
  'no-accounts': {
    status: 409,
    title: 'The saver has chosen no accounts',
    detail: 'They choose them on the page. Nothing was recorded.',
  },
  'currency-differs': {
    status: 409,
    title: 'The habit’s amount is in another currency than the account',
    detail: 'The saver edits the habit on the page first. Nothing was recorded.',
  },
  'too-late': {
    status: 409,
    title: 'It is too late to take the check-off back',
    detail: 'Its payment has been sent. On the page its money can be moved back.',
  },
  'moved-back': {
    status: 409,
    title: 'Its money is being moved back already, or has been',
    detail: 'The payment that is named here does that.',
  },
  'under-way': {
    status: 409,
    title: 'The same request is being worked on',
    detail: 'Send it again in a moment, with the same key.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    detail: 'No request here needs more than 4 kB.',
  },
  'wrong-content-type': {
    status: 415,
    title: 'A body must be JSON',
    detail: 'Send it as application/json, in UTF-8 and not compressed.',
  },
  'wrong-host': {
    status: 421,
    title: 'This is not the address of the API',
    detail: 'Nobody is sent on from here. If a token was sent without TLS, end it.',
  },
  invalid: {
    status: 422,
    title: 'Something in the request is wrong',
    detail:
      'The fields are named here. Fields that the request does not have are refused. Nothing was changed.',
  },
  'key-reused': {
    status: 422,
    title: 'The key was used for another request',
    detail: 'An Idempotency-Key belongs to one request. Nothing was changed.',
  },
  'too-many-requests': {
    status: 429,
    title: 'That was too fast',
    detail: 'Wait as long as the header Retry-After says.',
  },
  'server-error': {
    status: 500,
    title: 'Something broke on our side',
    detail: 'What was recorded before is safe. Try again in a moment.',
  },
  overloaded: {
    status: 503,
    title: 'Too many are here at once',
    detail: 'Wait as long as the header Retry-After says, then send the same request again.',
  },
} as const satisfies Record<string, { status: number; title: string; detail: string }>

export type ProblemName = keyof typeof PROBLEMS

export interface ProblemFacts {
  errors?: { field: string | null; message: string }[]
  scope?: string
  paymentId?: string
}

/** A request that failed, by the name of its problem. */
export class ApiProblem extends AppError {
  readonly problem: ProblemName
  readonly facts: ProblemFacts

  constructor(problem: ProblemName, facts: ProblemFacts = {}) {
    const { status, title, detail } = PROBLEMS[problem]
    super(status, title, detail)
    this.problem = problem
    this.facts = facts
  }
}

export interface Problem extends ProblemFacts {
  type: string
  title: string
  status: number
  detail: string
  instance: string
}

/** @param page where problems are explained. */
export function problemOf(
  name: ProblemName,
  facts: ProblemFacts,
  { page, requestId }: { page: string; requestId: string | null },
): Problem {
  return { type: `${page}#${name}`, ...PROBLEMS[name], instance: `urn:uuid:${requestId}`, ...facts }
}
