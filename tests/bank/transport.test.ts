/** The one thing the transport must never get wrong: whether a request can have left. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTransport, type Transport, type WireRequest } from '../../src/bank/nordea/transport.ts'
import { json, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

/** As many as the transport opens. */
const CONNECTIONS = 16
const request: WireRequest = { method: 'POST', target: '/', headers: {}, body: '{}' }
let server: ScriptedBank
let transport: Transport

beforeEach(async () => {
  server = await startScriptedBank()
  transport = openTransport(server.url, { connectMs: 200, headersMs: 200, bodyMs: 200 })
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

it('knows that a request still waiting for a connection was not sent, and never sends it later', async () => {
  const drips: NodeJS.Timeout[] = []
  server.script = (_call, res) => {
    res.writeHead(200)
    drips.push(setInterval(() => res.write(' '), 50))
  }
  const targets = Array.from({ length: CONNECTIONS + 100 }, (_, index) => `/${index}`)
  const all = await Promise.allSettled(targets.map((target) => transport.send({ ...request, target })))
  for (const drip of drips) clearInterval(drip)

  server.script = (_call, res) => json(res, 200, {})
  expect((await transport.send({ ...request, target: '/after' })).status).toBe(200)
  const unwritten = targets.filter((_target, index) => {
    const result = all[index]
    return result?.status === 'rejected' && result.reason.written === false
  })
  expect(unwritten).not.toHaveLength(0)
  expect(server.calls.map(({ target }) => target).filter((target) => unwritten.includes(target))).toEqual([])
})

it('serves more calls at once than it has connections', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => transport.send(request)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(server.calls).toHaveLength(200)
})

it('passes over interim answers', async () => {
  server.script = (_call, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    json(res, 201, { done: true })
  }
  expect(await transport.send(request)).toMatchObject({ status: 201, body: '{"done":true}' })
})

it('does not follow a redirect', async () => {
  server.script = (_call, res) => json(res, 307, '', { Location: `${server.url}/elsewhere` })
  expect((await transport.send(request)).status).toBe(307)
  expect(server.calls).toHaveLength(1)
})
