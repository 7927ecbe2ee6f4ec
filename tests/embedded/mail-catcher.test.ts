import { readdir, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { linkParts } from '../../src/embedded/mail-catcher/link-parts.ts'
import { openMailStore } from '../../src/embedded/mail-catcher/store.ts'
import { type MailCatcher, startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import { temporaryFolder } from './support.ts'

const LINK = 'http://localhost:3000/confirm/aB-3_x?next=%2Fhabits&x=1'

describe('catching', () => {
  test('a mail with UTF-8 subject, text and HTML arrives as it was sent', async () => {
    const { catcher, clock } = await started()
    await send(catcher, {
      to: 'Åsa <asa@example.se>',
      subject: 'Bekräfta din adress ✓ – Sparvana',
      text: `Hej Åsa,\n\nöppna ${LINK}.\n`,
      html: '<p>Hej Åsa</p>',
    })
    const [mail, ...rest] = await listed(catcher)
    expect(rest).toEqual([])
    expect(mail).toEqual({
      to: 'asa@example.se',
      subject: 'Bekräfta din adress ✓ – Sparvana',
      text: expect.stringContaining(`öppna ${LINK}.`),
      html: expect.stringContaining('<p>Hej Åsa</p>'),
      at: clock.now().toISOString(),
    })
    expect(catcher.messages()).toEqual([mail])
  })

  test('the newest mail comes first, and one without HTML says so', async () => {
    const { catcher, clock } = await started()
    await send(catcher, { subject: 'first' })
    clock.advance(MINUTE)
    await send(catcher, { subject: 'second' })
    const mails = await listed(catcher)
    expect(mails.map(({ subject }) => subject)).toEqual(['second', 'first'])
    expect(mails[0]?.html).toBeNull()
  })

  test('a mail that is too large is refused and not kept', async () => {
    const { catcher } = await started()
    await expect(send(catcher, { text: 'x'.repeat(6 * 1024 * 1024) })).rejects.toThrow(/552|size/i)
    expect(catcher.messages()).toEqual([])
  })

  test('a client that hangs up in the middle of a mail harms nobody', async () => {
    const { catcher } = await started()
    const socket = connect(catcher.smtpPort, '127.0.0.1')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write('HELO x\r\nMAIL FROM:<a@b.se>\r\nRCPT TO:<c@d.se>\r\nDATA\r\nSubject: half')
    socket.destroy()
    await send(catcher, { subject: 'whole' })
    expect(catcher.messages().map(({ subject }) => subject)).toEqual(['whole'])
  })

  test('a busy port is told at the start', async () => {
    const { catcher, clock } = await started()
    await expect(startMailCatcher({ smtpPort: 0, webPort: catcher.webPort, clock })).rejects.toThrow(
      /EADDRINUSE/,
    )
    await expect(startMailCatcher({ smtpPort: catcher.smtpPort, webPort: 0, clock })).rejects.toThrow(
      /EADDRINUSE/,
    )
  })
})

describe('keeping', () => {
  test('mails survive a restart, in files only their owner reads, and a broken one does not matter', async () => {
    const dataDir = join(await temporaryFolder(), 'mail box')
    const first = await started(dataDir)
    await send(first.catcher, { subject: 'kept' })
    await first.catcher.close()
    await writeFile(join(dataDir, '000000007.json'), '{"to":')
    const second = await started(dataDir)
    await send(second.catcher, { subject: 'later' })
    expect(second.catcher.messages().map(({ subject }) => subject)).toEqual(['later', 'kept'])
    for (const name of (await readdir(dataDir)).filter((name) => name !== '000000007.json')) {
      expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
    }
  })

  test('the newest 500 are kept', async () => {
    const folder = await temporaryFolder()
    const store = openMailStore(folder)
    for (let n = 1; n <= 503; n += 1) {
      store.add({ to: 'a@b.se', subject: `mail ${n}`, text: '', html: null, at: '2026-01-01T00:00:00.000Z' })
    }
    const subjects = openMailStore(folder)
      .all()
      .map(({ mail }) => mail.subject)
    expect([subjects.length, subjects[0], subjects.at(-1)]).toEqual([500, 'mail 503', 'mail 4'])
    expect(await readdir(folder)).toHaveLength(500)
  })

  test('DELETE /messages empties the inbox and its folder', async () => {
    const dataDir = await temporaryFolder()
    const { catcher } = await started(dataDir)
    await send(catcher, {})
    const response = await fetch(`${catcher.url}messages`, { method: 'DELETE' })
    expect(response.status).toBe(204)
    expect(await listed(catcher)).toEqual([])
    expect(await readdir(dataDir)).toEqual([])
  })
})

describe('the inbox page', () => {
  test('shows what is hostile as the text it is', async () => {
    const { catcher } = await started()
    const hostile = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>'
    await send(catcher, {
      subject: hostile,
      text: `${hostile} javascript:alert(3) https://x.se/"onclick="alert(4)`,
    })
    for (const path of ['', 'messages/1']) {
      const html = await (await fetch(catcher.url + path)).text()
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
      expect(html).not.toMatch(/<script|<img|href="javascript|" ?onclick="/)
    }
  })

  test('links the addresses in the text', async () => {
    const { catcher } = await started()
    await send(catcher, { text: `Confirm: ${LINK}.` })
    const html = await (await fetch(`${catcher.url}messages/1`)).text()
    expect(html).toContain(
      `<a href="${LINK.replace('&', '&amp;')}" rel="noreferrer">${LINK.replace('&', '&amp;')}</a>.`,
    )
  })

  test('frames the HTML of a mail where it can run and load nothing', async () => {
    const { catcher } = await started()
    await send(catcher, { html: '<script>alert(1)</script><a href="http://localhost:3000/">go</a>' })
    const page = await (await fetch(`${catcher.url}messages/1`)).text()
    expect(page).toMatch(/<iframe src="\/messages\/1\/html" title="[^"]+" sandbox="allow-popups [^"]*">/)
    expect(page).not.toContain('allow-scripts')
    const framed = await fetch(`${catcher.url}messages/1/html`)
    const policy = framed.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/)
    expect(policy).not.toMatch(/script-src|allow-scripts|allow-same-origin/)
    expect(await framed.text()).toContain('<base target="_blank">')
  })

  test('has its style, a title and a language, and no script', async () => {
    const { catcher } = await started()
    const response = await fetch(catcher.url)
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
    const html = await response.text()
    expect(html).toMatch(/<html lang="en">[\s\S]*<title>Caught mail/)
    expect(html).not.toContain('<script')
    const style = await fetch(`${catcher.url}style.css`)
    expect(await style.text()).toContain('#12463b')
  })

  test('knows no mail that is not there', async () => {
    const { catcher } = await started()
    for (const path of ['messages/1', 'messages/x', 'messages/1/html', 'elsewhere']) {
      expect((await fetch(catcher.url + path)).status).toBe(404)
    }
  })

  test('empties itself through its own button but not through a form on another site', async () => {
    const { catcher } = await started()
    await send(catcher, {})
    const clear = (headers: Record<string, string>) =>
      fetch(`${catcher.url}messages/clear`, { method: 'POST', redirect: 'manual', headers })
    expect((await clear({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await clear({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect(catcher.messages()).toHaveLength(1)
    expect((await clear({ origin: catcher.url.slice(0, -1) })).status).toBe(303)
    expect(catcher.messages()).toEqual([])
  })

  test.each([
    ['localhost', 200],
    ['127.0.0.1', 200],
    ['[::1]', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
  ])('answers to the name "%s" with %i', async (name, status) => {
    const { catcher } = await started()
    expect(await statusFor(catcher, `${name}:${catcher.webPort}`)).toBe(status)
    expect(await statusFor(catcher, name)).toBe(status)
  })
})

test('cutting a text into words and links loses nothing', () => {
  const text = 'See (https://a.se/x?y=1), http://b.se: or ftp://c.se\nhttps://\n"https://d.se".'
  const parts = linkParts(text)
  expect(parts.map((part) => part.text).join('')).toBe(text)
  expect(parts.flatMap(({ href }) => href ?? [])).toEqual([
    'https://a.se/x?y=1',
    'http://b.se',
    'https://d.se',
  ])
})

async function started(dataDir: string | null = null): Promise<{ catcher: MailCatcher; clock: ManualClock }> {
  const clock = new ManualClock('2026-03-01T08:00:00Z')
  const catcher = await startMailCatcher({ smtpPort: 0, webPort: 0, dataDir, clock })
  onTestFinished(() => catcher.close())
  return { catcher, clock }
}

async function send(catcher: MailCatcher, mail: SendMailOptions): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: catcher.smtpPort, secure: false })
  await transport.sendMail({
    from: 'sparvana@example.se',
    to: 'a@example.se',
    subject: 's',
    text: 't',
    ...mail,
  })
  transport.close()
}

async function listed(catcher: MailCatcher): Promise<ReturnType<MailCatcher['messages']>> {
  const response = await fetch(`${catcher.url}messages.json`)
  return (await response.json()) as ReturnType<MailCatcher['messages']>
}

/** fetch does not let a Host header be chosen. */
function statusFor(catcher: MailCatcher, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(
      { port: catcher.webPort, host: '127.0.0.1', path: '/messages.json', headers: { host } },
      (res) => {
        res.resume()
        resolve(res.statusCode)
      },
    )
      .on('error', reject)
      .end()
  })
}
