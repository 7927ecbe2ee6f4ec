/** What every web process does. */
import { createApp } from './app.ts'
import { SECOND } from './clock.ts'
import { readSettings } from './config.ts'
import { createDeps } from './deps.ts'
import { readFiles } from './files.ts'
import { LEAVING } from './operations.ts'
import { runProcess } from './process.ts'
import { createWebServer, LIMITS } from './web-server.ts'

await runProcess('web', async () => {
  const settings = readSettings(process.env)
  const deps = await createDeps(settings, 'web')
  const files = readFiles()
  const app = createApp(deps, files)
  const server = createWebServer(app, { ...LIMITS, lingerMs: settings.DRAIN_SECONDS * SECOND })
  await server.listen(settings.PORT, settings.HOST)
  deps.log.info('web ready', { port: settings.PORT, process: process.pid })
  // Nobody has to wait for it: until it is done, files come a little larger.
  files.pack()
  return {
    log: deps.log,
    stop: async (inOrder) => {
      app.enable(LEAVING)
      await server.close({ lingers: inOrder })
      await deps.close()
    },
  }
})
