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

/** The same person may sign in several times: every time is another browser. One by one, or it looks like guessing. */
export async function signInAll(origin: string, emails: readonly string[]): Promise<SignedIn[]> {
  const signedIn: SignedIn[] = []
  for (const email of emails) signedIn.push(await signIn(origin, email))
  return signedIn
}

/** We look for tokens in the page. */
const UNPACKED = { ...ROUTED, 'accept-encoding': 'identity' }
const SESSION = /^(?:__Host-)?sparvana=/

/** Through the sign-in page, as a person does. */
export async function signIn(origin: string, email: string): Promise<SignedIn> {
  const client = new Client(origin)
  try {
    const form = await openForm(client)
    const fields = { _csrf: form.csrfToken, email, password: PASSWORD }
    const entered = await ask(client, post(paths.login, form.cookie, fields))
    if (entered.status !== 303) throw new Error(`signing in was answered with ${entered.status}`)
    const cookie = cookieOf(entered)
    const headers = { ...UNPACKED, cookie }
    const page = await ask(client, { method: 'GET', path: paths.dashboard, headers })
    return { cookie, csrfToken: tokenIn(page) }
  } finally {
    await client.close()
  }
}

/** The sign-in page, and the session that its form belongs to. */
export async function openForm(client: Client): Promise<SignedIn> {
  const form = await ask(client, { method: 'GET', path: paths.login, headers: UNPACKED })
  return { cookie: cookieOf(form), csrfToken: tokenIn(form) }
}

/** What a form sends. */
export function post(path: string, cookie: string, fields: Record<string, string>): Ask {
  const headers = { ...ROUTED, cookie, 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path, headers, body: new URLSearchParams(fields).toString() }
}

function cookieOf(answer: Answer): string {
  const first = [answer.headers['set-cookie'] ?? ''].flat().find((each) => SESSION.test(each))
  if (!first) throw new Error(`no cookie came with ${answer.status}`)
  return first.slice(0, first.indexOf(';'))
}

function tokenIn(answer: Answer): string {
  const token = /name="_csrf" value="([^"]+)"/.exec(Buffer.from(answer.bytes).toString())?.[1]
  if (!token) throw new Error(`no form is on the page that came with ${answer.status}`)
  return token
}
