/** Makes self-signed TLS certificates on the spot, so that no key lies in the repository and none of them runs out. */
import { generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  key: string
  cert: string
}

/** An X.509 certificate for one DNS name, signed by its own key. */
export function selfSigned(name: string, notBefore: Date, notAfter: Date): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = sequence(objectId('2a864886f70d01010b'), tag(0x05))
  const distinguishedName = sequence(tag(0x31, sequence(objectId('550403'), tag(0x0c, Buffer.from(name)))))
  const alternativeName = sequence(tag(0x82, Buffer.from(name)))
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.from([1])),
    algorithm,
    distinguishedName,
    sequence(time(notBefore), time(notAfter)),
    distinguishedName,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(sequence(objectId('551d11'), tag(0x04, alternativeName)))),
  )
  const signature = tag(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const der = sequence(body, algorithm, signature)
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function tag(number: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([number, ...size]), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, ...parts)
}

function objectId(hex: string): Buffer {
  return tag(0x06, Buffer.from(hex, 'hex'))
}

/** GeneralizedTime: yyyymmddhhmmssZ. */
function time(date: Date): Buffer {
  return tag(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`))
}
