/** Whose token a call to the bank carries, when several savers' payments are under way at the same moment. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { createSealer } from '../../src/crypto.ts'
import { sealedFor } from '../../src/models/sealing.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { worker } from './support.ts'

/** A call as it arrives at the bank. */
interface Call {
  token: string
  /** What an order says of its origin; empty for other calls. */
  externalId: string
}

const clock = new ManualClock(new Date())
const calls: Call[] = []
let app: TestApp
let bankUrl = ''
const ear = createServer((req, res) => {
  const parts: Buffer[] = []
  req.on('data', (part: Buffer) => parts.push(part))
  req.on('end', () => {
    const body = Buffer.concat(parts)
    const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1]
    const externalId = /"external_id":"([^"]+)"/.exec(body.toString())?.[1] ?? ''
    if (token) calls.push({ token, externalId })
    const onward = request(
      new URL(req.url ?? '/', bankUrl),
      { method: req.method, headers: req.headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(res)
      },
    )
    onward.end(body)
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => ear.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(ear.address() as AddressInfo).port}`
  app = await startTestApp({
    clock,
    sandbox: { publicUrl: url },
    settings: { NORDEA_BASE_URL: url, NORDEA_LOGIN_ORIGINS: url },
  })
  bankUrl = app.sandbox.url
})
afterAll(async () => {
  await app.close()
  ear.closeAllConnections()
  await new Promise((resolve) => ear.close(resolve))
})

/** What was sealed for them. */
async function tokenOf({ user }: Person): Promise<string> {
  const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: user.id } })
  const sealer = createSealer(app.deps.settings.TOKEN_KEYS)
  return sealer.open(consent.accessTokenSealed ?? new Uint8Array(), sealedFor.accessToken(consent.id))
}

test('each call carries the token of the saver it is made for, and no other', async () => {
  const savers: Person[] = []
  for (let count = 0; count < 4; count += 1) savers.push(await newLinkedSaver(app))
  const tokens = await Promise.all(savers.map(tokenOf))
  expect(new Set(tokens).size).toBe(4)
  for (const saver of savers) {
    for (const name of ['Run', 'Swim']) await checkOff(app, saver, await newHabit(app, saver, { name }))
  }
  clock.advance(2 * MINUTE)
  calls.length = 0
  // All of them look at their accounts while all of their payments are sent.
  await Promise.all([
    ...savers.map((saver) => worker({ app })({ saver })),
    ...savers.flatMap(({ visitor }) => [visitor.get('/accounts/load'), visitor.get('/accounts/load')]),
  ])
  const payments = await app.deps.db.prisma.payment.findMany()
  const tokenFor = new Map(
    payments.map(({ externalId, userId }) => [
      externalId,
      tokens[savers.findIndex(({ user }) => user.id === userId)],
    ]),
  )
  const orders = calls.filter(({ externalId }) => externalId !== '')
  expect(orders).toHaveLength(8)
  for (const { token, externalId } of orders) expect(token).toBe(tokenFor.get(externalId))
  for (const token of tokens)
    expect(calls.filter((call) => call.token === token).length).toBeGreaterThanOrEqual(4)
  expect(calls.filter(({ token }) => !tokens.includes(token))).toEqual([])
})
