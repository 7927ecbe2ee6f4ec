import { createECDH, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { encrypt, PADDED_BYTES } from '../../src/push/encryption.ts'
import { newPushKey, pushIdentity } from '../../src/push/identity.ts'
import { newPushBrowser } from '../support/push-service.ts'

/** RFC 8291, section 5 and appendix A. */
const STANDARD = {
  text: 'When I grow up, I want to be a watermelon',
  p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  senderKey: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  message:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
}

describe('a message to a browser', () => {
  test('is, byte by byte, the one of the standard’s example', () => {
    const sender = createECDH('prime256v1')
    sender.setPrivateKey(Buffer.from(STANDARD.senderKey, 'base64url'))
    const salt = Buffer.from(STANDARD.salt, 'base64url')
    expect(encrypt(STANDARD.text, STANDARD, 0, { sender, salt }).toString('base64url')).toBe(STANDARD.message)
  })

  test('is read by the browser it is for, and by no other', () => {
    const [browser, other] = [newPushBrowser('http://localhost'), newPushBrowser('http://localhost')]
    const message = encrypt('Løb: 25 kr', browser.target)
    expect(browser.read(message)).toBe('Løb: 25 kr')
    expect(() => other.read(message)).toThrow()
  })

  test('changed anywhere is read by nobody', () => {
    const browser = newPushBrowser('http://localhost')
    const message = encrypt('x', browser.target, 0)
    for (let at = 0; at < message.length; at += 1) {
      // The size of records says nothing of this one.
      if (at >= 16 && at < 20) continue
      const changed = Buffer.from(message)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => browser.read(changed), `byte ${at}`).toThrow()
    }
  })

  test('is as long as every other, and never twice the same', () => {
    const { target } = newPushBrowser('http://localhost')
    const [short, long, again] = ['x', 'x'.repeat(PADDED_BYTES), 'x'].map((text) => encrypt(text, target))
    expect(short?.length).toBe(long?.length)
    expect(short).not.toEqual(again)
  })

  test('that is too long is refused here already', () => {
    expect(() => encrypt('x'.repeat(4_096), newPushBrowser('http://localhost').target)).toThrow(RangeError)
  })
})

describe('our name at push services', () => {
  test('is a signed word for the service alone, good for twelve hours', () => {
    const clock = new ManualClock('2026-06-17T10:00:00Z')
    const identity = pushIdentity(newPushKey(), 'mailto:security@sparvana.example', clock)
    const header = identity.authorization('https://fcm.googleapis.com/fcm/send/abc')
    const [, head = '', claims = '', signature = '', key = ''] =
      /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(header) ?? []
    const point = Buffer.from(key, 'base64url')
    const publicKey = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: point.subarray(1, 33).toString('base64url'),
        y: point.subarray(33).toString('base64url'),
      },
    })
    const isOurs = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    expect([isOurs, key]).toEqual([true, identity.publicKey])
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ typ: 'JWT', alg: 'ES256' })
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
      aud: 'https://fcm.googleapis.com',
      exp: Date.parse('2026-06-17T22:00:00Z') / 1_000,
      sub: 'mailto:security@sparvana.example',
    })
  })

  test('is always 32 bytes of key, and the same public half of the same key', () => {
    const clock = new ManualClock('2026-06-17T10:00:00Z')
    for (let round = 0; round < 50; round += 1) {
      const key = newPushKey()
      expect(Buffer.from(key, 'base64url')).toHaveLength(32)
      expect(pushIdentity(key, 'mailto:a@b.example', clock).publicKey).toBe(
        pushIdentity(key, 'mailto:a@b.example', clock).publicKey,
      )
    }
  })
})
