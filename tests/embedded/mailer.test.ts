import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { type MailCatcher, startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import { createMailer, type Letter, type Mailer } from '../../src/mailer.ts'

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

describe('somebody who writes mail commands where an address or a subject belongs', () => {
  const BREAKS = ['\r\n', '\n', '\r', '\u2028', '\u0085', '\0', '%0d%0a', '\\r\\n']
  const ADDRESSES = [
    ...BREAKS.map((end) => `ida@example.com${end}Bcc: eve@evil.example`),
    ...BREAKS.map((end) => `ida@example.com>${end}RCPT TO:<eve@evil.example`),
    'ida@example.com, eve@evil.example',
    'ida@example.com; eve@evil.example',
    'ida@example.com eve@evil.example',
    'ida@example.com,eve@evil.example',
    '<eve@evil.example>, ida@example.com',
    'Ida <ida@example.com>, Eve <eve@evil.example>',
    'friends: ida@example.com, eve@evil.example;',
    'ida@example.com> NOTIFY=SUCCESS <eve@evil.example',
    '"ida@example.com\r\nDATA\r\n"@evil.example',
    'ida@example.com(\r\nBcc: eve@evil.example)',
    '',
    'ida',
    '@example.com',
  ]
  let mailer: Mailer
  beforeAll(() => {
    mailer = createMailer(`smtp://127.0.0.1:${catcher.smtpPort}`, 'no-reply@sparvana.example', {
      encrypted: false,
    })
  })
  afterAll(() => mailer.close())

  /** The mails that came by it. */
  async function sent(letter: Letter) {
    const before = catcher.messages().length
    await mailer.send(letter)
    return catcher.messages().slice(0, catcher.messages().length - before)
  }

  test.each(ADDRESSES)('reaches nobody by the address %j', async (to) => {
    const before = catcher.messages().length
    await expect(mailer.send({ ...LETTER, to })).rejects.toThrow('no address of one mailbox')
    expect(catcher.messages()).toHaveLength(before)
  })

  test.each(['ida@example.com', "i.o'brien+bank@mail.example.co.uk", 'IDA@EXAMPLE.COM'])(
    'is nobody who has the address %s',
    async (to) => {
      const mails = await sent({ ...LETTER, to })
      expect(mails.map((mail) => mail.to.toLowerCase())).toEqual([to.toLowerCase()])
    },
  )

  test.each(BREAKS.map((end) => `A link${end}Bcc: eve@evil.example${end}${end}Another text`))(
    'plants no header and no text by the subject %j',
    async (subject) => {
      const [mail, ...more] = await sent({ ...LETTER, subject })
      expect(more).toEqual([])
      expect(mail).toMatchObject({ to: LETTER.to })
      expect(mail?.html?.trim()).toBe(LETTER.html)
      expect(mail?.text.trim()).toBe(LETTER.text)
      expect(mail?.subject).not.toMatch(/[\r\n]/)
    },
  )

  test('ends no mail early by what stands in it', async () => {
    const text =
      'Hello\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\nMore\r\n.\r\n'
    const mails = await sent({ ...LETTER, text })
    expect(mails.map(({ to }) => to)).toEqual([LETTER.to])
    expect(mails[0]?.text).toContain('MAIL FROM:<eve@evil.example>')
  })
})
