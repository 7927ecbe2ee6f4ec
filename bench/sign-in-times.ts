/**
 * npm run bench:sign-in: whether the time of a refused sign-in tells an address that has an account from one that hasn't. Two
 * hundred of each, in turns, against the app with production settings; exit code 1 when the medians are further apart than 5 %.
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

const TRIES = 200
const WARM_UP = 10
const MOST_APART = 0.05

const place = await openPlace()
try {
  const hash = await bcrypt.hash('nobody types this here', 12)
  await place.pool.query(
    `INSERT INTO "User" (id, "fullName", email, "hashedPwd", "emailConfirmedOn", "createdOn")
     SELECT uuidv7(), 'Ida Berg', 'known-' || n || '@example.com', $1, now(), now() FROM generate_series(1, $2::int) n`,
    [hash, TRIES + WARM_UP],
  )
  await place.tidy()
  const port = await unusedPort()
  const environment = { ...productionEnvironment(place.databaseUrl), PORT: String(port) }
  const file = fileURLToPath(new URL('../src/server.ts', import.meta.url))
  const app = await startProgram({ file, env: environment, port, ready: { path: '/readyz' } })
  try {
    process.exitCode = tell(await measure(app.origin))
  } finally {
    await app.stop()
  }
} finally {
  await place.close()
}

async function measure(origin: string): Promise<{ known: number[]; unknown: number[] }> {
  const client = new Client(origin)
  const form = await openForm(client)
  const times = { known: [] as number[], unknown: [] as number[] }
  try {
    for (let turn = 1; turn <= TRIES + WARM_UP; turn += 1) {
      const kinds = ['known', 'unknown'] as const
      // Whichever comes first finds the machine in the state that the other has left.
      for (const kind of turn % 2 === 0 ? kinds : kinds.toReversed()) {
        // Each from a network of its own, so that no pause answers instead of the app.
        const from = `10.${kind === 'known' ? 1 : 2}.${turn}.7`
        const begun = performance.now()
        const answer = await ask(client, {
          method: 'POST',
          path: paths.login,
          headers: {
            ...ROUTED,
            'x-forwarded-for': from,
            cookie: form.cookie,
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: new URLSearchParams({
            _csrf: form.csrfToken,
            email: `${kind}-${turn}@example.com`,
            password: 'a wrong password',
          }).toString(),
        })
        if (answer.status !== 422) throw new Error(`${kind}: ${answer.status}`)
        if (turn > WARM_UP) times[kind].push(performance.now() - begun)
      }
    }
    return times
  } finally {
    await client.close()
  }
}

/** @returns the exit code. */
function tell({ known, unknown }: { known: number[]; unknown: number[] }): number {
  const [ofKnown, ofUnknown] = [percentile(known, 0.5), percentile(unknown, 0.5)]
  const apart = Math.abs(ofKnown - ofUnknown) / Math.max(ofKnown, ofUnknown)
  console.log(
    `${TRIES} refused sign-ins each: median ${ofKnown.toFixed(1)} ms with an account, ${ofUnknown.toFixed(1)} ms without; ${(apart * 100).toFixed(2)} % apart`,
  )
  return apart <= MOST_APART ? 0 : 1
}
