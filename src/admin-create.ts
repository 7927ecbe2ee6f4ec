/**
 * npm run admin:create -- --email <address> --name <name>: makes an admin, or makes one of a saver who is there.
 *
 * A new admin chooses a password by a link that is printed here, works once and for half an hour, and sets up a second factor
 * before anything else. Ends with 0 when there is an admin of that address now; 1 when that can't be; 3 when it could not run.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { systemClock } from './clock.ts'
import { readSettings, type Settings, WrongSettings } from './config.ts'
import { createDb } from './db.ts'
import { workerActor } from './models/context.ts'
import { type Appointed, createAppointing } from './models/desk/first-admin.ts'
import { paths } from './paths.ts'

const EXIT = { done: 0, notPossible: 1, couldNotRun: 3 } as const
const CONNECTIONS = 2

const wishSchema = z.strictObject({
  email: z.string('--email is missing').trim().toLowerCase().pipe(z.email('--email must be an address')),
  name: z.string('--name is missing').trim().min(1, '--name is empty').max(100, '--name is too long'),
})

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof WrongSettings ? error.message : wordsOf(error))
  process.exitCode = EXIT.couldNotRun
}

async function run(): Promise<number> {
  const { values } = parseArgs({ options: { email: { type: 'string' }, name: { type: 'string' } } })
  const { email, name } = wishSchema.parse(values)
  const settings = readSettings(process.env)
  const db = createDb(settings.DATABASE_URL, CONNECTIONS)
  try {
    const rules = { passwordPepper: settings.PASSWORD_PEPPER, bcryptCost: settings.BCRYPT_COST }
    const appointing = createAppointing({ db, clock: systemClock, rules })
    const appointed = await appointing.appoint({ email, fullName: name }, workerActor('admin:create'))
    console.log(report(appointed, email, settings))
    return appointed.kind === 'not-open' ? EXIT.notPossible : EXIT.done
  } finally {
    await db.close()
  }
}

function report(appointed: Appointed, email: string, { BASE_URL }: Settings): string {
  switch (appointed.kind) {
    case 'created':
      return [
        `${email} is an admin. Choose a password here, once, until ${appointed.expiresOn.toISOString().slice(11, 16)} UTC:`,
        BASE_URL + paths.passwordReset(appointed.token),
        'At the first sign-in a second factor is set up.',
      ].join('\n')
    case 'promoted':
      return `${email} is an admin from the next sign-in on, with the same password. A second factor is asked for.`
    case 'admin-already':
      return `${email} is an admin already.`
    case 'not-open':
      return `The account of ${email} is not open, or its address is not confirmed.`
  }
}

function wordsOf(error: unknown): unknown {
  return error instanceof z.ZodError ? error.issues.map(({ message }) => message).join('\n') : error
}
