import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type EmulatorControl, openEmulatorControl } from '../../src/emulator-control.ts'
import { BankTrouble } from '../../src/errors.ts'

const WISH = { kind: 'status', route: '* *', count: 1 }

let end: () => Promise<void> = async () => {}
afterEach(() => end())

/** Something else than the emulator, in its place. */
async function steering(answer: RequestListener): Promise<EmulatorControl> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const control = openEmulatorControl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/control/`)
  end = async () => {
    server.closeAllConnections()
    server.close()
    await control.close()
  }
  return control
}

function saying(status: number, body: string): Promise<EmulatorControl> {
  return steering((_req, res) => res.writeHead(status).end(body))
}

describe('steering the emulator', () => {
  test('asks below the path that it was given', async () => {
    const seen: (string | undefined)[] = []
    const control = await steering((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      res.end('{"faults":[]}')
    })
    expect(await control.faults()).toEqual([])
    expect(seen).toEqual(['GET /control/faults'])
  })

  test('names what the emulator has against a fault, and that it won’t go so far', async () => {
    const control = await saying(422, '{"issues":[{"message":"Only GET shows orders late."}]}')
    expect(await control.addFault(WISH)).toBe('Only GET shows orders late.')
    expect(await control.advance(1)).toBeNull()
  })

  test.each([
    ['a page', 200, '<html>'],
    ['nothing', 200, ''],
    ['another shape', 200, '{"faults":"none","now":"soon"}'],
    ['an error', 500, '{"faults":[],"now":"2026-01-01T00:00:00.000Z"}'],
    ['a way elsewhere', 302, '{"faults":[],"now":"2026-01-01T00:00:00.000Z"}'],
    ['more than anybody would read', 200, `{"faults":[],"more":"${'x'.repeat(300_000)}"}`],
  ])('takes %s for trouble', async (_what, status, body) => {
    const control = await saying(status, body)
    const asked = [control.faults(), control.now(), control.advance(1), control.addFault(WISH)]
    for (const answer of await Promise.allSettled([...asked, control.clearFaults()]))
      expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(BankTrouble) })
  })

  test('waits three seconds for an answer, and no longer', async () => {
    const control = await steering(() => {})
    const start = performance.now()
    await expect(control.now()).rejects.toBeInstanceOf(BankTrouble)
    expect(performance.now() - start).toBeLessThan(6_000)
  })
})
