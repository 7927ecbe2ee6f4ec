import { Client } from 'undici'
import { paths } from '../src/paths.ts'
import { ROUTED } from './environment.ts'
import { type Answer, type Ask, ask } from './load.ts'
import { PASSWORD } from './savers.ts'

/** What a browser holds after signing in and looking at its dashboard. */
export interface SignedIn {
  cookie: string
  csrfToken: string
}

/** The same person may sign in several times: every time is another browser. */
export function signInAll(origin: string, emails: readonly string[]): Promise<SignedIn[]> {
  return Promise.all(emails.map((email) => signIn(origin, email)))
}

/** Through the sign-in page, as a person does. */
export async function signIn(origin: string, email: string): Promise<SignedIn> {
  const client = new Client(origin)
  const routed = { ...ROUTED, 'accept-encoding': 'identity' }
  try {
    const form = await ask(client, { method: 'GET', path: paths.login, headers: routed })
    const entered = await ask(
      client,
      post(paths.login, cookieOf(form), { _csrf: tokenIn(form), email, password: PASSWORD }),
    )
    if (entered.status !== 303) throw new Error(`signing in was answered with ${entered.status}`)
    const cookie = cookieOf(entered)
    const page = await ask(client, { method: 'GET', path: paths.dashboard, headers: { ...routed, cookie } })
    return { cookie, csrfToken: tokenIn(page) }
  } finally {
    await client.close()
  }
}

/** What a form sends. */
export function post(path: string, cookie: string, fields: Record<string, string>): Ask {
  const headers = { ...ROUTED, cookie, 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path, headers, body: new URLSearchParams(fields).toString() }
}

function cookieOf(answer: Answer): string {
  const [first = ''] = [answer.headers['set-cookie'] ?? ''].flat()
  if (first === '') throw new Error(`no cookie came with ${answer.status}`)
  return first.slice(0, first.indexOf(';'))
}

function tokenIn(answer: Answer): string {
  const token = /name="_csrf" value="([^"]+)"/.exec(Buffer.from(answer.bytes).toString())?.[1]
  if (!token) throw new Error(`no form is on the page that came with ${answer.status}`)
  return token
}
