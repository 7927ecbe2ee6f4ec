import nodemailer from 'nodemailer'

export interface Letter {
  to: string
  subject: string
  text: string
  html: string
}

export interface Mailer {
  /** @throws when the server doesn't take it; the job that called tries again. */
  send(letter: Letter): Promise<void>
  close(): void
}

export function createMailer(smtpUrl: string, from: string): Mailer {
  const transport = nodemailer.createTransport(smtpUrl, {
    from,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    send: async ({ to, subject, text, html }) => {
      // An object, not a string: the address is one mailbox, whatever characters it holds.
      await transport.sendMail({ to: { name: '', address: to }, subject: oneLine(subject), text, html })
    },
    close: () => transport.close(),
  }
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}
