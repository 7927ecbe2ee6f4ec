import { createServer, type Server } from 'node:http'
import { createApp } from './app.ts'
import { SECOND } from './clock.ts'
import { readSettings } from './config.ts'
import { createDeps } from './deps.ts'
import { runProcess } from './process.ts'

await runProcess('web', async () => {
  const settings = readSettings(process.env)
  const deps = await createDeps(settings, 'web')
  const server = createServer(createApp(deps))
  // A client that sends a byte a minute must not hold a connection for ever.
  server.headersTimeout = 15 * SECOND
  server.requestTimeout = 30 * SECOND
  server.keepAliveTimeout = 65 * SECOND
  await listen(server, settings.PORT, settings.HOST)
  deps.log.info('web ready', { port: settings.PORT })
  return {
    log: deps.log,
    stop: async () => {
      await closeGently(server)
      await deps.close()
    },
  }
})

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

/** Requests that are under way are answered; idle connections are closed at once. */
function closeGently(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
