import { SCOPES, type Scope } from '../../src/models/api-token/scopes.ts'
import type { OwnToken } from '../../src/models/api-token.ts'
import { type Answer, ask } from '../http/support/ask.ts'
import type { TestApp } from './app.ts'

const BY = { kind: 'saver', id: null, ip: null, requestId: null } as const

export interface Program {
  token: OwnToken
  secret: string
}

/** A token as the page makes it, without the page. @param days how long it is good. */
export async function newToken(
  app: Pick<TestApp, 'deps'>,
  userId: string,
  scopes: readonly Scope[] = SCOPES,
  days = 30,
): Promise<Program> {
  const wish = { name: 'My watch', scopes: [...scopes], days }
  const made = await app.deps.models.apiTokens.make(userId, wish, { ...BY, id: userId })
  if (made.kind !== 'made') throw new Error('there are too many tokens')
  return made
}

export interface Asking {
  body?: unknown
  headers?: Record<string, string>
}

/** One request of a program's. @param secret null where it shows none. */
export async function askApi(
  app: Pick<TestApp, 'baseUrl'>,
  secret: string | null,
  request: string,
  { body, headers = {} }: Asking = {},
): Promise<Answer & { json: Record<string, unknown> }> {
  const [method = '', path = ''] = request.split(' ')
  const answer = await ask(app, method, `/api/v1${path}`, {
    headers: {
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { ...answer, json: answer.text === '' ? {} : JSON.parse(answer.text) }
}
