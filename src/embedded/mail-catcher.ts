import type { Clock } from '../clock.ts'
import { createInbox } from './mail-catcher/inbox.ts'
import { listen } from './mail-catcher/listening.ts'
import { createSmtpServer } from './mail-catcher/smtp.ts'
import { type CaughtMail, openMailStore } from './mail-catcher/store.ts'

export type { CaughtMail } from './mail-catcher/store.ts'

export interface MailCatcher {
  smtpPort: number
  webPort: number
  /** The inbox page. */
  url: string
  /** What was caught and is still kept, newest first. */
  messages(): CaughtMail[]
  close(): Promise<void>
}

/**
 * Takes every mail sent to it over SMTP and shows it on a page instead of delivering it. It asks nobody who they are,
 * so it listens on this machine only and is never part of production.
 *
 * Mails are kept in `dataDir` (memory when null), the newest 500. Ports may be 0 for any free one.
 * Throws when a port is busy or `dataDir` cannot be written.
 */
export async function startMailCatcher({
  smtpPort,
  webPort,
  host = '127.0.0.1',
  dataDir = null,
  clock,
}: {
  smtpPort: number
  webPort: number
  host?: string
  dataDir?: string | null
  clock: Clock
}): Promise<MailCatcher> {
  const store = openMailStore(dataDir)
  const smtp = await listen(createSmtpServer(store, clock), smtpPort, host)
  try {
    const web = await listen(createInbox(store), webPort, host)
    return {
      smtpPort: smtp.port,
      webPort: web.port,
      url: `http://${host.includes(':') ? `[${host}]` : host}:${web.port}/`,
      messages: () => store.all().map(({ mail }) => mail),
      close: async () => {
        await Promise.all([smtp.close(), web.close()])
      },
    }
  } catch (error) {
    await smtp.close()
    throw error
  }
}
