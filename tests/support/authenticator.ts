import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** Where an authenticator, or the browser between, doesn't do as it should. */
export interface Lies {
  origin?: string
  rpId?: string
  type?: string
  challenge?: string
  crossOrigin?: boolean
  isVerified?: boolean
  isPresent?: boolean
  counter?: number
  userHandle?: string | null
  /** Names a passkey that isn't the one which signs. */
  id?: string
  isBroken?: boolean
  /** A certificate of the maker that nobody has asked for. */
  certificate?: Buffer
  /** The key says by itself that it is one, as some authenticators do though nobody asks. */
  isSelfSigned?: boolean
}

export interface Key {
  id: string
  userHandle: string
  privateKey: KeyObject
  counter: number
}

interface CreationOptions {
  challenge: string
  rp: { id: string }
  user: { id: string; name: string }
}
interface RequestOptions {
  challenge: string
  rpId: string
  allowCredentials?: { id: string }[]
}

const PRESENT = 0x01
const VERIFIED = 0x04
const COULD_BE_SYNCED = 0x08
const IS_SYNCED = 0x10
const HAS_KEY = 0x40

/** A phone or a security key in software, with the browser around it: keys on P-256, and no word of its maker. */
export class Authenticator {
  readonly keys: Key[] = []
  readonly #origin: string
  readonly #isSynced: boolean
  readonly #counts: boolean

  constructor(origin: string, options: { isSynced?: boolean; counts?: boolean } = {}) {
    this.#origin = origin
    this.#isSynced = options.isSynced ?? false
    this.#counts = options.counts ?? true
  }

  /** As `navigator.credentials.create` and `toJSON` would answer. @param options JSON, as the page has it. */
  create(options: string, lies: Lies = {}): string {
    const { challenge, rp, user } = JSON.parse(options) as CreationOptions
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key: Key = {
      id: randomBytes(16).toString('base64url'),
      userHandle: user.id,
      privateKey,
      counter: 0,
    }
    this.keys.push(key)
    const id = Buffer.from(lies.id ?? key.id, 'base64url')
    const length = Buffer.from([id.length >> 8, id.length & 0xff])
    const credential = Buffer.concat([Buffer.alloc(16), length, id, coseOf(publicKey)])
    const authData = Buffer.concat([this.#factsOf(lies.rpId ?? rp.id, key, lies, HAS_KEY), credential])
    const clientData = this.#clientData('webauthn.create', challenge, lies)
    const word = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey)
    const isSaid = lies.isSelfSigned || lies.certificate !== undefined
    const attested = attestation(authData, isSaid ? { word, certificate: lies.certificate } : null)
    return JSON.stringify({
      id: lies.id ?? key.id,
      rawId: lies.id ?? key.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: attested.toString('base64url'),
        transports: ['internal'],
      },
    })
  }

  /** As `navigator.credentials.get` would answer, with the first key that is asked for. */
  get(options: string, lies: Lies = {}): string {
    const { challenge, rpId, allowCredentials = [] } = JSON.parse(options) as RequestOptions
    const asked = allowCredentials.map(({ id }) => id)
    const key = this.keys.find(({ id }) => asked.length === 0 || asked.includes(id))
    if (!key) throw new Error('NotAllowedError: no such passkey here')
    if (this.#counts) key.counter += 1
    const authData = this.#factsOf(lies.rpId ?? rpId, key, lies)
    const clientData = this.#clientData('webauthn.get', challenge, lies)
    const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), key.privateKey)
    // The last byte belongs to a number: it stays readable, and is another.
    if (lies.isBroken) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1
    const userHandle = lies.userHandle === undefined ? key.userHandle : lies.userHandle
    return JSON.stringify({
      id: lies.id ?? key.id,
      rawId: lies.id ?? key.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle === null ? {} : { userHandle }),
      },
    })
  }

  #clientData(type: string, challenge: string, lies: Lies): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? this.#origin,
        crossOrigin: lies.crossOrigin ?? false,
      }),
    )
  }

  /** Hash of the relying party, flags, counter. */
  #factsOf(rpId: string, key: Key, lies: Lies, more = 0): Buffer {
    const flags =
      ((lies.isPresent ?? true) ? PRESENT : 0) |
      ((lies.isVerified ?? true) ? VERIFIED : 0) |
      (this.#isSynced ? COULD_BE_SYNCED | IS_SYNCED : 0) |
      more
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(lies.counter ?? key.counter)
    return Buffer.concat([sha256(Buffer.from(rpId)), Buffer.from([flags]), counter])
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** A public key as COSE has it: kind 2 (elliptic curve), algorithm -7 (ES256), curve 1 (P-256), x, y. */
function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const entries: [number, number | Buffer][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ]
  return cborMap(entries.map(([name, value]) => [cbor(name), cbor(value)]))
}

function attestation(
  authData: Buffer,
  said: { word: Buffer; certificate: Buffer | undefined } | null,
): Buffer {
  const statement: [Buffer, Buffer][] = said
    ? [
        [cbor('alg'), cbor(-7)],
        [cbor('sig'), cbor(said.word)],
      ]
    : []
  if (said?.certificate) statement.push([cbor('x5c'), Buffer.concat([head(4, 1), cbor(said.certificate)])])
  return cborMap([
    [cbor('fmt'), cbor(said ? 'packed' : 'none')],
    [cbor('attStmt'), cborMap(statement)],
    [cbor('authData'), cbor(authData)],
  ])
}

/** What is needed of CBOR (RFC 8949). */
function cbor(value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  const bytes = Buffer.from(value as string)
  return Buffer.concat([head(typeof value === 'string' ? 3 : 2, bytes.length), bytes])
}

function cborMap(entries: [Buffer, Buffer][]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flat()])
}

function head(kind: number, count: number): Buffer {
  const first = kind << 5
  if (count < 24) return Buffer.from([first | count])
  if (count < 256) return Buffer.from([first | 24, count])
  return Buffer.from([first | 25, count >> 8, count & 0xff])
}
