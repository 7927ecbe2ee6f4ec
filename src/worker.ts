import { readSettings } from './config.ts'
import { createDeps } from './deps.ts'
import { startHandlers } from './jobs/handlers/index.ts'
import { runProcess } from './process.ts'

await runProcess('worker', async () => {
  const settings = readSettings(process.env)
  const deps = await createDeps(settings, 'worker')
  const stopHandlers = await startHandlers({
    ...deps,
    baseUrl: settings.BASE_URL,
    rules: {
      pollSeconds: settings.PAYMENT_POLL_SECONDS,
      resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
      reminderMinutes: settings.APPROVAL_REMINDER_MINUTES,
    },
  })
  deps.log.info('worker ready')
  return {
    log: deps.log,
    stop: async () => {
      await stopHandlers()
      await deps.close()
    },
  }
})
