import type { Transporter } from 'nodemailer'

export interface Letter {
  to: string
  subject: string
  text: string
  html: string
  /** Where a mail program ends this kind of letter with one press, if it can be ended. */
  unsubscribe?: string
}

export interface Mailer {
  /** @throws when it is not for one mailbox, or the server doesn't take it; the job that called tries again. */
  send(letter: Letter): Promise<void>
  close(): void
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]']
/** Forms let nothing else through either; here it is what the mail server is told. */
const ONE_MAILBOX = /^[^\s\p{Cc}@<>()[\]\\,;:"]+@[a-z0-9.-]+$/iu

/** @param encrypted mails carry links that open accounts: a server without TLS is refused, unless it runs on this machine. */
export function createMailer(smtpUrl: string, from: string, { encrypted }: { encrypted: boolean }): Mailer {
  const url = new URL(smtpUrl)
  if (encrypted && !LOCAL.includes(url.hostname)) url.searchParams.set('requireTLS', 'true')
  let opened: Promise<Transporter> | null = null
  return {
    send: async ({ to, subject, text, html, unsubscribe }) => {
      if (!ONE_MAILBOX.test(to)) throw new Error('this is no address of one mailbox')
      // An object, not a string: the address is one mailbox, whatever characters it holds.
      const headers = unsubscribe ? oneClick(unsubscribe) : {}
      opened ??= openTransport(url.href, from)
      await (await opened).sendMail({
        to: { name: '', address: to },
        subject: oneLine(subject),
        text,
        html,
        headers,
      })
    },
    close: () => opened?.then((transport) => transport.close()),
  }
}

/** The package is read for the first letter: web processes write none. */
async function openTransport(href: string, from: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport(href, { from, disableFileAccess: true, disableUrlAccess: true })
}

/** RFC 8058: a mail program posts there by itself, and nobody has to sign in. */
function oneClick(href: string): Record<string, string> {
  return { 'List-Unsubscribe': `<${href}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}
