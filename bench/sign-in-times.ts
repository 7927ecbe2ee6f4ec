/**
 * npm run bench:sign-in: whether the time of an answer tells an address that has an account from one that hasn't: a refused
 * sign-in, a forgotten password, a confirmation asked for again. Two hundred of each, in turns, against the app with production
 * settings; `-- forgotten` measures those forms alone whose name has that word. Exit code 1 when the medians of one of them are further apart than they may be.
 */
import { fileURLToPath } from 'node:url'
import bcrypt from 'bcrypt'
import { Client } from 'undici'
import { unusedPort } from '../src/embedded/ports.ts'
import { paths } from '../src/paths.ts'
import { productionEnvironment, ROUTED } from './environment.ts'
import { ask } from './load.ts'
import { openPlace } from './place.ts'
import { startProgram } from './program.ts'
import { openForm } from './sign-in.ts'
import { percentile } from './statistics.ts'

const [, , only = ''] = process.argv
const TRIES = 200
const WARM_UP = 10

interface Form {
  name: string
  path: string
  /** Of addresses that have an account, in the state that makes a difference. */
  known: string
  fields: Record<string, string>
  status: number
  /** Of the larger median. */
  mostApart: number
}

const FORMS: Form[] = [
  {
    name: 'refused sign-ins',
    path: paths.login,
    known: 'known',
    fields: { password: 'a wrong password' },
    status: 422,
    mostApart: 0.05,
  },
  // These take a fifteenth of the time, so that the same noise is more of them.
  {
    name: 'forgotten passwords',
    path: paths.passwordForgot,
    known: 'known',
    fields: {},
    status: 303,
    mostApart: 0.15,
  },
  {
    name: 'confirmations asked for again',
    path: paths.confirmResend,
    known: 'waiting',
    fields: {},
    status: 303,
    mostApart: 0.15,
  },
]

const place = await openPlace()
try {
  const hash = await bcrypt.hash('nobody types this here', 12)
  await place.pool.query(
    `INSERT INTO "User" (id, "fullName", email, "hashedPwd", "emailConfirmedOn", "createdOn")
     SELECT uuidv7(), 'Ida Berg', kind || '-' || n || '@example.com', $1, CASE kind WHEN 'known' THEN now() END, now()
     FROM generate_series(1, $2::int) n, unnest(ARRAY['known', 'waiting']) kind`,
    [hash, TRIES + WARM_UP],
  )
  await place.tidy()
  const port = await unusedPort()
  const environment = { ...productionEnvironment(place.databaseUrl), PORT: String(port) }
  const file = fileURLToPath(new URL('../src/server.ts', import.meta.url))
  const app = await startProgram({ file, env: environment, port, ready: { path: '/readyz' } })
  try {
    for (const [at, form] of FORMS.filter(({ name }) => name.includes(only)).entries())
      if (!tell(form, await measure(app.origin, form, at + 1))) process.exitCode = 1
  } finally {
    await app.stop()
  }
} finally {
  await place.close()
}

/** @param subnet where the tries of this form come from. */
async function measure(
  origin: string,
  form: Form,
  subnet: number,
): Promise<{ known: number[]; unknown: number[] }> {
  const client = new Client(origin)
  const { cookie, csrfToken } = await openForm(client)
  const times = { known: [] as number[], unknown: [] as number[] }
  try {
    for (let turn = 1; turn <= TRIES + WARM_UP; turn += 1) {
      const kinds = ['known', 'unknown'] as const
      // Whichever comes first finds the machine in the state that the other has left.
      for (const kind of turn % 2 === 0 ? kinds : kinds.toReversed()) {
        const who = kind === 'known' ? form.known : 'unknown'
        // Each from a network of its own, so that no pause answers instead of the app.
        const headers = {
          ...ROUTED,
          'x-forwarded-for': `10.${2 * subnet + Number(kind === 'known')}.${turn}.7`,
          cookie,
        }
        const fields = { _csrf: csrfToken, email: `${who}-${turn}@example.com`, ...form.fields }
        const begun = performance.now()
        const answer = await ask(client, {
          method: 'POST',
          path: form.path,
          headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(fields).toString(),
        })
        if (answer.status !== form.status) throw new Error(`${form.name}, ${kind}: ${answer.status}`)
        if (turn > WARM_UP) times[kind].push(performance.now() - begun)
        // What the next page is to say is said, so that the session doesn't grow.
        if (form.status === 303) await ask(client, { method: 'GET', path: form.path, headers })
      }
    }
    return times
  } finally {
    await client.close()
  }
}

/** @returns whether nobody learns anything. */
function tell(
  { name, mostApart }: Form,
  { known, unknown }: { known: number[]; unknown: number[] },
): boolean {
  const [ofKnown, ofUnknown] = [percentile(known, 0.5), percentile(unknown, 0.5)]
  const apart = Math.abs(ofKnown - ofUnknown) / Math.max(ofKnown, ofUnknown)
  console.log(
    `${TRIES} ${name} each: median ${ofKnown.toFixed(1)} ms with an account, ${ofUnknown.toFixed(1)} ms without; ${(apart * 100).toFixed(2)} % apart, of ${mostApart * 100} % allowed`,
  )
  return apart <= mostApart
}
