import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { choosePort, isPortFree, unusedPort } from '../../src/embedded/ports.ts'

test('a free port is taken as it is', async () => {
  const wanted = await unusedPort()
  expect(await choosePort({ name: 'PORT', wanted, asked: false })).toEqual({ port: wanted, moved: false })
  expect(await choosePort({ name: 'PORT', wanted, asked: true })).toEqual({ port: wanted, moved: false })
})

test('a busy default port moves on to the next free one and says so', async () => {
  const wanted = await busyPort()
  const chosen = await choosePort({ name: 'PORT', wanted, asked: false })
  expect(chosen.moved).toBe(true)
  expect(chosen.port).toBeGreaterThan(wanted)
  expect(await isPortFree(chosen.port)).toBe(true)
})

test('a busy port that was asked for is an error that names the setting', async () => {
  const wanted = await busyPort()
  await expect(choosePort({ name: 'SANDBOX_PORT', wanted, asked: true })).rejects.toThrow(
    `SANDBOX_PORT: port ${wanted} is busy`,
  )
})

test('the search ends at the highest port there is', async () => {
  const server = createServer().listen(65_535, '127.0.0.1')
  await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => {})
  onTestFinished(() => void server.close())
  await expect(choosePort({ name: 'PORT', wanted: 65_535, asked: false })).rejects.toThrow(
    /^PORT: no port from/,
  )
})

async function busyPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
