import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { type MailCatcher, startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import { createMailer } from '../../src/mailer.ts'

let catcher: MailCatcher

beforeAll(async () => {
  catcher = await startMailCatcher({ smtpPort: 0, webPort: 0, clock: new ManualClock(new Date()) })
})
afterAll(() => catcher.close())

const LETTER = { to: 'ida@example.com', subject: 'A link', text: 'Secret', html: '<p>Secret</p>' }

test('where mails must be encrypted, a server that speaks no TLS gets none', async () => {
  const from = 'Sparvana <no-reply@sparvana.example>'
  const url = `smtp://127.0.0.1:${catcher.smtpPort}`
  // The same place by another name, which nobody would take for this machine.
  const strict = createMailer(url.replace('127.0.0.1', '127.1'), from, { encrypted: true })
  await expect(strict.send(LETTER)).rejects.toThrow()
  expect(catcher.messages()).toEqual([])
  strict.close()
  const lenient = createMailer(url, from, { encrypted: false })
  await lenient.send(LETTER)
  expect(catcher.messages()).toHaveLength(1)
  lenient.close()
})
