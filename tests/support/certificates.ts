/**
 * TLS certificates made on the spot, so that no key lies in the repository and none of them runs out. Node can't issue any,
 * so the few bytes of X.509 are written here.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Both in PEM, as node:tls takes them. */
export interface Certificate {
  key: string
  cert: string
}

export interface Validity {
  from: Date
  to: Date
}

export interface Authority {
  /** What a client must trust. */
  cert: string
  /** A certificate for one host name. */
  issue(host: string, validity?: Validity): Certificate
}

const DAY_MS = 86_400_000

/** @param from and @param to in days from now. */
export function validFor(from: number, to: number): Validity {
  return { from: new Date(Date.now() + from * DAY_MS), to: new Date(Date.now() + to * DAY_MS) }
}

const USUAL = () => validFor(-1, 365)

export function authority(name: string): Authority {
  const keys = newKeys()
  const isAuthority = extension('551d13', sequence(tag(0x01, Buffer.from([0xff]))))
  const cert = certificate({ subject: name, keys, issuer: name, signedBy: keys, extensions: [isAuthority] })
  return {
    cert,
    issue: (host, validity) => {
      const own = newKeys()
      const extensions = [forHost(host)]
      return {
        key: pemOf(own.privateKey),
        cert: certificate({
          subject: host,
          keys: own,
          issuer: name,
          signedBy: keys,
          extensions,
          validity,
        }),
      }
    },
  }
}

/** Vouched for by nobody but itself. */
export function selfSigned(host: string, validity?: Validity): Certificate {
  const keys = newKeys()
  const cert = certificate({
    subject: host,
    keys,
    issuer: host,
    signedBy: keys,
    extensions: [forHost(host)],
    validity,
  })
  return { key: pemOf(keys.privateKey), cert }
}

interface Keys {
  privateKey: KeyObject
  publicKey: KeyObject
}

function newKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

interface Wish {
  subject: string
  keys: Keys
  issuer: string
  signedBy: Keys
  extensions: Buffer[]
  validity?: Validity | undefined
}

let lastSerial = 0

function certificate({ subject, keys, issuer, signedBy, extensions, validity = USUAL() }: Wish): string {
  lastSerial += 1
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.from([0x01, lastSerial >> 8, lastSerial & 0xff])),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(time(validity.from), time(validity.to)),
    nameOf(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(...extensions)),
  )
  const signature = tag(0x03, Buffer.from([0]), sign('sha256', body, signedBy.privateKey))
  const lines =
    sequence(body, ecdsaWithSha256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function nameOf(text: string): Buffer {
  return sequence(tag(0x31, sequence(objectId('550403'), tag(0x0c, Buffer.from(text)))))
}

function forHost(host: string): Buffer {
  return extension('551d11', sequence(tag(0x82, Buffer.from(host))))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tag(0x04, value))
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, ...parts)
}

function tag(number: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([number, ...size]), content])
}

function objectId(hex: string): Buffer {
  return tag(0x06, Buffer.from(hex, 'hex'))
}

/** GeneralizedTime: yyyymmddhhmmssZ. */
function time(date: Date): Buffer {
  return tag(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`))
}
