/** Somebody's browser without JavaScript: keeps the cookie, fills in forms, and knows when no answer came. */

export interface Page {
  status: number
  /** Path and query of where it sends the browser, or the whole address where that is another site. */
  location: string | null
  html: string
}

/** The connection broke, or the answer says that something broke. Whether it was done, nobody knows. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** Longer than the app may take for anything, and no reason to ask again: a request that hangs so long is a fault. */
const LONGEST_ANSWER_MS = 60_000
const AGAIN_AFTER_MS = 300
const LONGEST_INSISTENCE_MS = 120_000

export class Visitor {
  /** Requests that nobody answered. */
  unanswered = 0
  readonly #origin: string
  #cookie = ''
  #csrfToken = ''

  constructor(origin: string) {
    this.#origin = origin
  }

  /** Asks until an answer comes. */
  async get(path: string): Promise<Page> {
    return this.insist(() => this.getOnce(path))
  }

  async post(path: string, fields: Record<string, string> = {}): Promise<Page> {
    return this.insist(() => this.postOnce(path, fields))
  }

  /** Does the same again and again until it is answered. @throws when that takes too long. */
  async insist<T>(what: () => Promise<T>): Promise<T> {
    const until = performance.now() + LONGEST_INSISTENCE_MS
    for (;;) {
      try {
        return await what()
      } catch (error) {
        if (!(error instanceof NoAnswer) || performance.now() > until) throw error
        this.unanswered += 1
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS))
    }
  }

  /** @throws NoAnswer */
  getOnce(path: string): Promise<Page> {
    return this.#ask('GET', path, null)
  }

  /** With the token of the page seen last. @throws NoAnswer */
  postOnce(path: string, fields: Record<string, string>): Promise<Page> {
    return this.#ask('POST', path, new URLSearchParams({ _csrf: this.#csrfToken, ...fields }))
  }

  async #ask(method: string, path: string, body: URLSearchParams | null): Promise<Page> {
    const answer = await fetch(this.#origin + path, {
      method,
      body,
      headers: { cookie: this.#cookie },
      redirect: 'manual',
      signal: AbortSignal.timeout(LONGEST_ANSWER_MS),
    })
      .then(async (response) => ({ response, html: await response.text() }))
      .catch((error: Error) => {
        if (error.name === 'TimeoutError') throw error
        throw new NoAnswer(`${method} ${path}`, { cause: error })
      })
    const { response, html } = answer
    if (response.status >= 500) throw new NoAnswer(`${method} ${path}: ${response.status}`)
    this.#remember(response, html)
    return { status: response.status, location: this.#local(response.headers.get('location')), html }
  }

  #remember(response: Response, html: string): void {
    const cookie = response.headers.getSetCookie().find((each) => each.startsWith('sparvana='))
    if (cookie) this.#cookie = cookie.slice(0, cookie.indexOf(';'))
    this.#csrfToken = /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? this.#csrfToken
  }

  #local(location: string | null): string | null {
    if (location === null) return null
    const url = new URL(location, this.#origin)
    return url.origin === this.#origin ? url.pathname + url.search : url.href
  }
}
