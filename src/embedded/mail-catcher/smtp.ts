import PostalMime from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server'
import type { Clock } from '../../clock.ts'
import type { CaughtMail, MailStore } from './store.ts'

const LARGEST_MAIL_BYTES = 5 * 1024 * 1024
const MOST_CLIENTS = 50
const MOST_RECIPIENTS = 100

/** An SMTP server that accepts every sender and recipient and says yes only once the mail is kept. */
export function createSmtpServer(store: MailStore, clock: Clock): SMTPServer {
  const server = new SMTPServer({
    banner: 'Sparvana mail catcher',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: LARGEST_MAIL_BYTES,
    maxClients: MOST_CLIENTS,
    closeTimeout: 1_000,
    onRcptTo(_address, session, done) {
      const full = session.envelope.rcptTo.length >= MOST_RECIPIENTS
      done(full ? refusal(452, 'Too many recipients') : null)
    },
    onData(stream, session, done) {
      const to = session.envelope.rcptTo.map(({ address }) => address).join(', ')
      receive(stream, to, store, clock).then(
        () => done(null),
        (error: Error) => done(error),
      )
    },
  })
  // A client that hangs up half-way; nothing was kept and there is nobody to tell.
  server.on('error', () => {})
  return server
}

async function receive(
  stream: SMTPServerDataStream,
  to: string,
  store: MailStore,
  clock: Clock,
): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  // Read to the end in any case: the answer can only follow the client's last line.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= LARGEST_MAIL_BYTES) chunks.push(chunk)
  }
  if (size > LARGEST_MAIL_BYTES) throw refusal(552, `Mails are limited to ${LARGEST_MAIL_BYTES} bytes`)
  const mail = await PostalMime.parse(Buffer.concat(chunks)).catch(() => {
    throw refusal(554, 'This mail cannot be read')
  })
  store.add({
    to,
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? null,
    ...listHeaders(mail.headers),
    at: clock.now().toISOString(),
  })
}

/** How a mail program ends letters of this kind; nothing for letters that can't be ended. */
function listHeaders(headers: readonly { key: string; value: string }[]): Pick<CaughtMail, 'headers'> {
  const ofLists = headers.filter(({ key }) => key.startsWith('list-'))
  return ofLists.length > 0
    ? { headers: Object.fromEntries(ofLists.map(({ key, value }) => [key, value])) }
    : {}
}

/** SMTP's own way to say no: 4xx for now, 5xx for good. */
function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}
