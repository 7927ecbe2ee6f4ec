import { randomUUID } from 'node:crypto'
import { generateSecret, generateSync } from 'otplib'
import { Client } from 'undici'
import { readSettings } from '../../src/config.ts'
import { createSealer } from '../../src/crypto.ts'
import { hashPassword } from '../../src/models/password.ts'
import { sealedFor } from '../../src/models/sealing.ts'
import { paths } from '../../src/paths.ts'
import { ROUTED } from '../environment.ts'
import { ask } from '../load.ts'
import type { Place } from '../place.ts'
import { openForm, post } from '../sign-in.ts'

const ADMIN = 'admin@example.com'
const PASSWORD = 'Quiet-otter-39-lakes'

/** @returns the secret of the admin's second factor. */
export async function makeAdmin({ pool }: Place, environment: Record<string, string>): Promise<string> {
  const { TOKEN_KEYS, PASSWORD_PEPPER } = readSettings({ ...environment, PORT: '0' })
  const id = randomUUID()
  const secret = generateSecret({ length: 20 })
  const sealed = createSealer(TOKEN_KEYS).seal(secret, sealedFor.totpSecret(id))
  await pool.query(
    `INSERT INTO "User" (id, "fullName", email, "hashedPwd", role, "emailConfirmedOn", "createdOn", "totpSecretSealed", "totpConfirmedOn")
     VALUES ($1, 'Aino Lind', $2, $3, 'ADMIN', now(), now(), $4, now())`,
    [id, ADMIN, await hashPassword(PASSWORD, PASSWORD_PEPPER, 12), sealed],
  )
  return secret
}

/** With password and code. @returns the cookie. */
export async function signInAdmin(origin: string, secret: string): Promise<string> {
  const client = new Client(origin)
  try {
    const form = await openForm(client)
    const half = await ask(
      client,
      post(paths.login, form.cookie, { _csrf: form.csrfToken, email: ADMIN, password: PASSWORD }),
    )
    const cookie = sessionIn(half.headers['set-cookie']) ?? form.cookie
    const page = await ask(client, {
      method: 'GET',
      path: paths.loginCode,
      headers: { ...ROUTED, 'accept-encoding': 'identity', cookie },
    })
    const token = /name="_csrf" value="([^"]+)"/.exec(Buffer.from(page.bytes).toString())?.[1] ?? ''
    const code = generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) })
    const entered = await ask(client, post(paths.loginCode, cookie, { _csrf: token, code }))
    const signedIn = sessionIn(entered.headers['set-cookie'])
    if (!signedIn) throw new Error(`signing in was answered with ${entered.status}`)
    return signedIn
  } finally {
    await client.close()
  }
}

function sessionIn(header: string | string[] | undefined): string | undefined {
  return [header ?? []]
    .flat()
    .find((line) => /^(?:__Host-)?sparvana=/.test(line))
    ?.split(';')[0]
}
