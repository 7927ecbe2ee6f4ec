import { createApp } from './app.ts'
import { readSettings } from './config.ts'
import { createDeps } from './deps.ts'
import { readFiles } from './files.ts'
import { runProcess } from './process.ts'
import { createWebServer } from './web-server.ts'

await runProcess('web', async () => {
  const settings = readSettings(process.env)
  const deps = await createDeps(settings, 'web')
  const files = readFiles()
  const server = createWebServer(createApp(deps, files))
  await server.listen(settings.PORT, settings.HOST)
  deps.log.info('web ready', { port: settings.PORT })
  // Nobody has to wait for it: until it is done, files come a little larger.
  files.pack()
  return {
    log: deps.log,
    stop: async () => {
      await server.close()
      await deps.close()
    },
  }
})
