import { createECDH, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isPublicAddress, lookupPublic } from '../../src/push/public-addresses.ts'
import { isPushAddress, isPushService, KNOWN_PUSH_SERVICES, readPushTarget } from '../../src/push-target.ts'

const p256dh = createECDH('prime256v1').generateKeys().toString('base64url')
const auth = randomBytes(16).toString('base64url')
const isKnown = (endpoint: string) => isPushAddress(endpoint, KNOWN_PUSH_SERVICES)

describe('an address to send to', () => {
  test.each([
    'https://fcm.googleapis.com/fcm/send/abc:def',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAA',
    'https://web.push.apple.com/QAbc',
    'https://db5p.notify.windows.com/w/?token=BQY%3d',
  ])('%s is one of a browser maker’s', (endpoint) => {
    expect(isKnown(endpoint)).toBe(true)
  })

  test.each([
    'http://fcm.googleapis.com/fcm/send/abc',
    'https://fcm.googleapis.com:8443/fcm/send/abc',
    'https://fcm.googleapis.com.evil.example/x',
    'https://evil.example/fcm.googleapis.com',
    'https://evil-notify.windows.com/x',
    'https://notify.windows.com/x',
    'https://.notify.windows.com/x',
    'https://user@fcm.googleapis.com/x',
    'https://fcm.googleapis.com@evil.example/x',
    'https://fcm.googleapis.com\\@evil.example/x',
    'https://fcm.googleapis.com/x#y',
    'https://FCM.googleapis.com/x',
    'https://fcm.googleapis.com/a/../b',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'https://10.0.0.8/x',
    'https://2130706433/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '//fcm.googleapis.com/x',
    ' https://fcm.googleapis.com/x',
    'fcm.googleapis.com',
    '',
  ])('%s is none, and is never called', (endpoint) => {
    expect(isKnown(endpoint)).toBe(false)
  })

  test('is none where it is longer than any browser’s', () => {
    expect(isKnown(`https://fcm.googleapis.com/${'x'.repeat(900)}`)).toBe(true)
    expect(isKnown(`https://fcm.googleapis.com/${'x'.repeat(1_000)}`)).toBe(false)
  })

  test('of another service counts where the settings name it, and then the known ones don’t', () => {
    expect(isPushAddress('https://push.example/x', ['https://push.example'])).toBe(true)
    expect(isPushAddress('https://fcm.googleapis.com/x', ['https://push.example'])).toBe(false)
  })
})

describe('a name', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.0.1',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    'fd00::1',
    'fe80::1',
    'ff02::1',
  ])('that leads to %s leads into a network, and is not called', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['142.250.74.10', '1.1.1.1', '::ffff:1.1.1.1', '2a00:1450:400f:80d::200a'])(
    'may lead to %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  test.each([true, false])('is looked up where it is called, all addresses: %s', async (all) => {
    const error = await new Promise((resolve) => lookupPublic('localhost', { all }, resolve))
    expect(String(error)).toContain('no public address')
  })
})

describe('what a browser says of itself', () => {
  const endpoint = 'https://fcm.googleapis.com/fcm/send/abc'
  test('is taken as it is', () => {
    expect(readPushTarget({ endpoint, p256dh, auth }, KNOWN_PUSH_SERVICES)).toEqual({
      endpoint,
      p256dh,
      auth,
    })
  })

  test.each<[string, object]>([
    [
      'a point that is not on the curve',
      { p256dh: Buffer.concat([Buffer.from([4]), randomBytes(64)]).toString('base64url') },
    ],
    ['a compressed point', { p256dh: createECDH('prime256v1').generateKeys('base64url', 'compressed') }],
    ['a key in another alphabet', { p256dh: Buffer.from(p256dh, 'base64url').toString('base64') }],
    ['a short secret', { auth: randomBytes(15).toString('base64url') }],
    ['no secret', { auth: '' }],
    ['an address of ours', { endpoint: 'https://localhost/x' }],
  ])('is not, with %s', (_name, change) => {
    expect(readPushTarget({ endpoint, p256dh, auth, ...change }, KNOWN_PUSH_SERVICES)).toBeNull()
  })
})

test.each([
  ['https://push.example', true],
  ['https://*.push.example', true],
  ['http://127.0.0.1:4000', true],
  ['https://push.example/', false],
  ['https://push.example/path', false],
  ['*', false],
  ['https://*', false],
  ['ftp://push.example', false],
])('a service in the settings: %s is %s', (text, expected) => {
  expect(isPushService(text)).toBe(expected)
})
