import supertest from 'supertest'
import type { TestApp } from './app.ts'

type Answer = Awaited<ReturnType<ReturnType<typeof supertest.agent>['get']>>

/** Somebody with a browser's memory and without JavaScript: keeps cookies, fills in forms, reads what comes back. */
export class Visitor {
  readonly #app: TestApp
  readonly #agent: ReturnType<typeof supertest.agent>
  #token = ''

  /** @param headers sent with every request: where this visitor comes from, say. */
  constructor(app: TestApp, headers: Record<string, string> = {}) {
    this.#app = app
    this.#agent = supertest.agent(app.baseUrl)
    this.#agent.set(headers)
  }

  async get(path: string): Promise<Answer> {
    const answer = await this.#agent.get(path).redirects(0)
    this.#remember(answer)
    return answer
  }

  /** Follows redirects within the app and to the bank and back, as a browser does. */
  async follow(path: string): Promise<Answer> {
    let answer = await this.get(path)
    for (let hop = 0; hop < 10 && answer.status >= 300 && answer.status < 400; hop += 1) {
      answer = await this.get(this.#local(answer.headers.location ?? '/'))
    }
    return answer
  }

  /** Posts a form with the token of the page seen last; a visitor who has seen none looks at the sign-in page first. */
  async post(path: string, fields: Record<string, string | number> = {}): Promise<Answer> {
    if (this.#token === '') await this.get('/password/forgot')
    return this.postRaw(path, { _csrf: this.#token, ...fields })
  }

  async postRaw(
    path: string,
    fields: Record<string, string | number>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.#agent.post(path).type('form').set(headers).send(fields).redirects(0)
    this.#remember(answer)
    return answer
  }

  /** A form that is answered with a file, byte by byte. */
  async postFile(
    path: string,
    fields: Record<string, string>,
  ): Promise<{ headers: Answer['headers']; body: Buffer }> {
    const { headers, body } = await this.#agent
      .post(path)
      .type('form')
      .send({ _csrf: this.#token, ...fields })
      .buffer(true)
      .parse((stream, done) => {
        const pieces: Buffer[] = []
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('end', () => done(null, Buffer.concat(pieces)))
      })
    return { headers, body }
  }

  get token(): string {
    return this.#token
  }

  /** The sentences that wait for this visitor, as the next page shows them. */
  async flashes(path = '/dashboard'): Promise<string> {
    const answer = await this.get(path)
    return textOf(
      /<div class="flashes">([\s\S]*?)<main|<div class="flashes">([\s\S]*)/.exec(answer.text)?.[0] ?? '',
    ).slice(0, 400)
  }

  #remember(answer: Answer): void {
    const found = /name="_csrf" value="([^"]+)"/.exec(answer.text ?? '')
    if (found?.[1]) this.#token = found[1]
  }

  #local(location: string): string {
    const url = new URL(location, this.#app.baseUrl)
    if (url.origin !== this.#app.baseUrl) throw new Error(`the redirect leaves the app: ${url.origin}`)
    return url.pathname + url.search
  }
}

/** What a page says, without its markup. */
export function textOf(html: string): string {
  return html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&#34;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim()
}
