/** Savers who look at their dashboards and check off, one request after the other, and believe nothing. */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { cookieOf } from '../../http/support/ask.ts'
import type { TestApp } from '../../support/app.ts'
import { newLinkedSaver, offerOf, type Person } from '../../support/people.ts'

/** As many times a day as a habit may ask for. */
const A_DAY = 10
const HABITS = 30

export interface Saver {
  person: Person
  cookie: string
  token: string
  day: string
  habitIds: string[]
}

/** Signed in, with accounts, and with so many places to check off that they don't run out. */
export async function newBusySaver(app: TestApp): Promise<Saver> {
  const person = await newLinkedSaver(app)
  const { habits } = app.deps.models
  const by = { kind: 'saver', id: person.user.id, ip: null, requestId: null } as const
  const habitIds: string[] = []
  for (let count = 0; count < HABITS; count += 1) {
    const wish = { name: `Habit ${count}`, frequency: A_DAY, interval: 1, amountMinor: 1_00 }
    const habit = await habits.create(person.user, wish, 'DKK', by)
    habitIds.push(habit.id)
  }
  const { day } = await offerOf(app, person, habitIds[0] ?? '')
  const cookie = await cookieOf(person.visitor, '/password/forgot')
  return { person, cookie, token: person.visitor.token, day, habitIds }
}

export interface Outcome {
  requests: number
  /** Places that were answered with 303: each must be one row. */
  checkedOff: { habitId: string; slot: number }[]
  /** Everything but the answer that was wanted. */
  failures: string[]
}

/** Rests so long between two rounds: people read, and two cores have to start processes meanwhile. */
const REST_MS = 40

/**
 * Dashboard, check-off, dashboard, … until told to stop, on one kept connection.
 * @param origin where to, if not to the address of the app itself.
 */
export async function beBusy(
  app: TestApp,
  saver: Saver,
  until: AbortSignal,
  origin = app.baseUrl,
): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const outcome: Outcome = { requests: 0, checkedOff: [], failures: [] }
  const { host } = new URL(app.baseUrl)
  const send = async (method: string, path: string, wanted: number, fields?: Record<string, string>) => {
    outcome.requests += 1
    const body = fields && new URLSearchParams(fields).toString()
    const headers = { host, cookie: saver.cookie, ...(body ? { 'content-type': FORM } : {}) }
    const answer = await answerTo(agent, origin, { method, path, headers, body })
    const isRight = answer.status === wanted && (wanted !== 200 || answer.text.includes('Habit 0'))
    if (!isRight) outcome.failures.push(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 120)}`)
    return isRight
  }
  for (let turn = 0; !until.aborted; turn += 1) {
    await send('GET', '/dashboard', 200)
    const habitId = saver.habitIds[Math.floor(turn / A_DAY)]
    const slot = (turn % A_DAY) + 1
    const fields = { _csrf: saver.token, day: saver.day, slot: String(slot), version: '1' }
    if (habitId !== undefined && (await send('POST', `/habits/${habitId}/checkoff`, 303, fields)))
      outcome.checkedOff.push({ habitId, slot })
    await pause(REST_MS)
  }
  agent.destroy()
  return outcome
}

const FORM = 'application/x-www-form-urlencoded'

interface Asked {
  method: string
  path: string
  headers: Record<string, string>
  body?: string | undefined
}

/** A broken connection is an answer, too: with status 0. */
function answerTo(agent: Agent, origin: string, { method, path, headers, body }: Asked) {
  return new Promise<{ status: number; text: string }>((resolve) => {
    const sent = request(new URL(path, origin), { agent, method, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part) => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', (error) => resolve({ status: 0, text: String(error) }))
    })
    sent.on('error', (error) => resolve({ status: 0, text: String(error) }))
    sent.end(body)
  })
}

/** The rows behind the answers. @returns what differs, in words; empty when each place is there exactly once. */
export async function missingOrDouble(app: TestApp, savers: readonly Saver[], outcomes: readonly Outcome[]) {
  const wanted = outcomes.flatMap(({ checkedOff }) =>
    checkedOff.map(({ habitId, slot }) => `${habitId} ${slot}`),
  )
  const { rows } = await app.asOwner<{ place: string; payments: string }>(
    `SELECT c."habitId" || ' ' || c.slot AS place, count(p.id) AS payments
     FROM "CheckOff" c LEFT JOIN "Payment" p ON p.id = c."paymentId"
     WHERE c."habitId" = ANY ($1::uuid[]) GROUP BY c.id, c."habitId", c.slot`,
    [savers.flatMap(({ habitIds }) => habitIds)],
  )
  const found = rows.map(({ place }) => place)
  return [
    ...wanted.filter((place) => !found.includes(place)).map((place) => `answered and not there: ${place}`),
    ...found.filter((place) => !wanted.includes(place)).map((place) => `there and not answered: ${place}`),
    ...found.filter((place, at) => found.indexOf(place) !== at).map((place) => `there twice: ${place}`),
    ...rows.filter(({ payments }) => payments !== '1').map(({ place }) => `without one payment: ${place}`),
  ]
}
