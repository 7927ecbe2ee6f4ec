import { SECOND } from './clock.ts'
import { inWords } from './format.ts'
import { t } from './language.ts'
import { paths } from './paths.ts'

/** Every situation a person can end up in has one class and one sentence; the error handler makes a page of it. */
export class AppError extends Error {
  readonly status: number
  readonly title: string
  /** What it means for the person, and what to do next. */
  readonly meaning: string
  readonly next: readonly { href: string; label: string }[]

  constructor(
    status: number,
    title: string,
    meaning: string,
    next: readonly { href: string; label: string }[] = [],
  ) {
    super(title)
    this.name = new.target.name
    this.status = status
    this.title = title
    this.meaning = meaning
    this.next = next
  }
}

export class NotFound extends AppError {
  constructor() {
    super(404, t('There is nothing here'), t('The address may be old or mistyped, or what was here is gone.'))
  }
}

export class Forbidden extends AppError {
  constructor(meaning = t('Your account does not include this page.')) {
    super(403, t('This is not open to you'), meaning)
  }
}

/** The thing is in another state than the action needs; the page says which. */
export class WrongState extends AppError {
  constructor(title: string, meaning: string, next: readonly { href: string; label: string }[] = []) {
    super(409, title, meaning, next)
  }
}

export class StaleForm extends AppError {
  constructor(next: readonly { href: string; label: string }[] = []) {
    super(
      403,
      t('This form is too old to be trusted'),
      t('Nothing was changed. Go back, reload the page and send the form again.'),
      next,
    )
  }
}

/** A new password or factor came between what somebody has shown and the moment it would have let them in. */
export class SignInOvertaken extends WrongState {
  constructor() {
    super(t('Your account has just changed'), t('Sign in again with what counts now.'), [
      { href: paths.login, label: t('Sign in') },
    ])
  }
}

/** It matters, and it is some minutes since anybody has shown who sits there. */
export class StepUpNeeded extends AppError {
  readonly because:
    | 'too-long-ago'
    | 'wrong'
    /** What was shown on the page in between is not what was sent from it, or the accounts have changed since. */
    | 'changed'
    | 'new-browser'
    /** By its owner's own wish, at a check-off. */
    | 'asked'

  constructor(because: StepUpNeeded['because']) {
    super(403, t('Show that it is you'), t('Nothing was changed yet.'))
    this.because = because
  }
}

/** Nobody has shown in this browser that they are more than somebody who knows the password. */
export class BrowserUnknown extends AppError {
  constructor() {
    super(403, t('We don’t know this browser yet'), t('Nothing was changed.'))
  }
}

/** The bank could not do it now; nothing that was recorded here is lost. */
export class BankTrouble extends AppError {
  constructor(meaning: string, next: readonly { href: string; label: string }[] = [], status = 502) {
    super(status, t('The bank did not do this'), meaning, next)
  }
}

/** Nothing opens the API but a token. */
export class TokenNeeded extends AppError {
  constructor() {
    super(401, 'A token is needed', 'Send one as “Authorization: Bearer spv_…”.')
  }
}

/** Unknown, ended or run out: whoever shows it is not told which. */
export class TokenWrong extends AppError {
  constructor() {
    super(401, 'This token opens nothing', 'It is unknown, or has ended. Its owner can make another one.')
  }
}

export class ScopeMissing extends AppError {
  readonly scope: string

  constructor(scope: string) {
    super(403, 'The token may not do this', `It was made without the scope ${scope}.`)
    this.scope = scope
  }
}

export class TooManyRequests extends AppError {
  readonly retryAfterSeconds: number

  /** @param waitMs how long nothing more is taken; told to programs in whole seconds. */
  constructor(waitMs: number) {
    const time = inWords(waitMs)
    super(429, t('That was too fast'), t('Wait {time}, then try again. Nothing was changed.', { time }))
    this.retryAfterSeconds = Math.ceil(waitMs / SECOND)
  }
}

/** Long enough to let what is under way end, short enough to be waited for. */
const OVERLOADED_MS = 2 * SECOND

/** More is asked of this process than it can do at this moment; of this request nothing was begun. */
export class Overloaded extends AppError {
  readonly retryAfterSeconds = OVERLOADED_MS / SECOND

  constructor() {
    const time = inWords(OVERLOADED_MS)
    super(
      503,
      t('Too many are here at once'),
      t('Wait {time}, then try again. Nothing was changed.', { time }),
    )
  }
}

/** Somewhere in a request no connection to the database became free in time; pg gives it no other name than this. */
export function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}

/** @returns in how many seconds to come back, after an error that goes away by itself; null after any other. */
export function retryAfterSeconds(error: unknown): number | null {
  if (error instanceof TooManyRequests || error instanceof Overloaded) return error.retryAfterSeconds
  return isPoolTimeout(error) ? OVERLOADED_MS / SECOND : null
}

/** A unique rule of the database said no; the caller turns it into words. */
export class AlreadyExists extends Error {
  readonly rule: string
  constructor(rule: string, cause: unknown) {
    super(`refused by ${rule}`, { cause })
    this.name = 'AlreadyExists'
    this.rule = rule
  }
}
