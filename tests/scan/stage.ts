/** Our own app as a target: behind TLS, with people who have something, and with its database listened to. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { routesOf } from '../http/support/routes.ts'
import { addressOf, type Cast, newCast, type Part } from '../security/support/cast.ts'
import { FORMS, factsOf, senderOf } from '../security/support/forms.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { authority } from '../support/certificates.ts'
import type { TestDatabase } from '../support/database.ts'
import { challengeIn, solved } from '../support/proofs.ts'
import { behindTls, startTlsFront } from '../support/tls-front.ts'
import { MAY_BE_KEPT } from './checks/answers.ts'
import { look } from './client.ts'
import type { Form, Page, Person, Target } from './target.ts'
import { listenOn } from './wire.ts'

export interface Stage {
  target: Target
  close(): Promise<void>
}

const PARTS = ['visitor', 'half', 'owner', 'admin'] as const satisfies readonly Part[]
/** Where each of them gets in, so that a scan does not talk to a sign-in page all the time. */
const HOME: Record<(typeof PARTS)[number], string> = {
  visitor: '/login',
  half: '/login/code',
  owner: '/dashboard',
  admin: '/admin',
}
/** Nobody is kept waiting because a form came too often: what is asked here is what the forms do, not how often. */
const UNHURRIED = {
  WRITES_PER_MINUTE: '0',
  READS_PER_MINUTE: '0',
  BANK_READS_PER_MINUTE: '0',
  DATABASE_POOL: '10',
}

/** @param asProduction settings of production, with slow hashing and proofs of work; otherwise those of tests. */
export async function openStage(database: TestDatabase, asProduction: boolean): Promise<Stage> {
  const usual = getCACertificates('default')
  const trusted = authority('An authority everybody trusts')
  setDefaultCACertificates([trusted.cert])
  const front = await startTlsFront(trusted.issue('localhost'))
  const bankFront = await startTlsFront(trusted.issue('localhost'))
  const wire = await listenOn(database.url)
  const { settings, sandbox } = behindTls(front, bankFront)
  const ofTests = { NODE_ENV: 'test', BCRYPT_COST: '4', PROOF_OF_WORK: 'off' }
  const started = await startTestApp({
    database: { ...database, url: wire.url },
    settings: { ...settings, ...UNHURRIED, ...(asProduction ? {} : ofTests) },
    sandbox,
  })
  front.forwardTo(started.baseUrl)
  bankFront.forwardTo(started.sandbox.url)
  const app: TestApp = { ...started, baseUrl: front.url }
  const cast = await newCast(app, PARTS)
  const people = PARTS.map((part) => ({ name: part, ...cast.players[part] }))
  const connection = { origin: front.url, ca: trusted.cert }
  const target: Target = {
    ...connection,
    people,
    pages: pagesOf(app, cast),
    forms: await formsOf(app, cast, people),
    statements: async () => wire.heard(),
    rest: () => rest(app, target),
    mails: async () => {
      await app.sendMails()
      return app.mail.messages().map(({ html }) => html ?? '')
    },
    ...(asProduction ? { prepare: (form) => prove(target, form) } : {}),
  }
  return {
    target,
    close: async () => {
      await app.close()
      await wire.close()
      await front.close()
      await bankFront.close()
      setDefaultCACertificates(usual)
    },
  }
}

function pagesOf(app: TestApp, { ids }: Cast): Page[] {
  return routesOf(app.deps)
    .filter((route) => route.startsWith('GET '))
    .map((route) => ({
      route,
      address: addressOf(route.slice('GET '.length), ids),
      mayBeKept: MAY_BE_KEPT.test(route),
    }))
}

async function formsOf(app: TestApp, cast: Cast, people: readonly Person[]): Promise<Form[]> {
  const facts = await factsOf(app, cast)
  return Object.entries(FORMS).flatMap(([route, fields]) => {
    const person = people.find(({ name }) => name === senderOf(route))
    const address = addressOf(route.slice('POST '.length), cast.ids)
    return person ? [{ route, address, fields: fields(facts), person }] : []
  })
}

/** What the page's script does: without it these forms are taken slowly. */
async function prove(target: Target, form: Form) {
  if (!/^POST \/(?:login|signup|confirm\/resend|password\/forgot)$/.test(form.route)) return {}
  const challenge = challengeIn((await look(target, form.person, form.address)).text)
  return challenge === null ? {} : { fields: { ...form.fields, _proof: await solved(challenge) } }
}

async function rest(app: TestApp, target: Target): Promise<void> {
  await app.asOwner('TRUNCATE "Throttle"')
  for (const person of target.people) {
    const { status } = await look(target, person, HOME[person.name as keyof typeof HOME])
    if (status !== 200) throw new Error(`the scan has lost the session of the ${person.name}: ${status}`)
  }
}
