import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import winston from 'winston'
import { clean, createLogger, currentRequestId, logContext } from '../../src/logger.ts'

describe('what is kept out of the log', () => {
  test.each([
    'password',
    'passwordConfirm',
    'hashedPwd',
    'PASSWORD_PEPPER',
    'SESSION_SECRET',
    'clientSecret',
    'accessToken',
    'refresh_token',
    'TOKEN_KEYS',
    'ACCOUNT_HASH_KEY',
    'accountHashKey',
    'Authorization',
    'set-cookie',
    'Signature',
    'code',
    'state',
    'iban',
    'debtorIban',
    'accountNo',
    'hashedAccNo',
    'number',
    '_csrf',
  ])('whatever stands under %s', (name) => {
    expect(clean('', { [name]: 'hunter2' })).toEqual({ [name]: '[redacted]' })
    expect(clean('', [{ deep: { [name]: { value: 'hunter2' } } }])).toEqual([
      { deep: { [name]: '[redacted]' } },
    ])
  })

  test.each([
    'DK3420301544117544',
    'SE8030000000041351300039',
    'NO5160010502570',
    'FI1350001520000081',
    'DK34 2030 1544 1175 44',
    'SE80 3000 0000 0413 5130 0039',
    'dk3420301544117544',
    '20301544117544',
    '60010502570',
  ])('the account number %s in the middle of a text', (number) => {
    expect(clean('message', `no money on ${number} today`)).toBe('no money on [number] today')
    expect(clean('message', `(${number}),`)).toBe('([number]),')
  })

  test.each([
    '01a20182-ebfa-727a-a4fa-be1185069408',
    '01a20182-ebfa-727a-a4fa-185069408112',
    '01a20182-ebfa-727a-a4fa-d25a9fe41e93',
  ])('leaves %s, an id of ours, as it is', (id) => {
    expect(clean('message', `${id} has ended`)).toBe(`${id} has ended`)
  })

  test('takes out a number that stands behind the beginning of an id', () => {
    for (const number of ['DK1850694081122334', '1850694081122', 'DK18 5069 4081 1223'])
      expect(clean('message', `01a20182-ebfa-727a-a4fa-${number}`)).toBe('01a20182-ebfa-727a-a4fa-[number]')
  })

  test('an account number that the bound on length would cut in two', () => {
    const text = `${'x '.repeat(1_994)}DK3420301544117544`
    expect(clean('message', text)).not.toMatch(/2030/)
    expect(String(clean('message', text)).length).toBeLessThanOrEqual(4_000)
  })

  test('the password in the address of a database or mail server', () => {
    expect(clean('message', 'no answer from postgres://sparvana:hunter2@db.example:5432/main')).toBe(
      'no answer from postgres://[redacted]@db.example:5432/main',
    )
    expect(clean('address', 'smtps://user:hunter2@mail.example')).toBe('smtps://[redacted]@mail.example')
  })

  test('a token in the middle of a text', () => {
    expect(clean('message', 'sent Bearer abc.DEF-123_xyz= and failed')).toBe(
      'sent Bearer [redacted] and failed',
    )
  })

  test('the bytes of a key', () => {
    expect(clean('', { raw: Buffer.from('hunter2'), view: new Uint8Array([1, 2]) })).toEqual({
      raw: '[bytes]',
      view: '[bytes]',
    })
  })

  test('secrets in the words of an error', () => {
    const cleaned = JSON.stringify(clean('error', new Error('refused DK3420301544117544')))
    expect(cleaned).toContain('refused [number]')
    expect(cleaned).not.toContain('3420301544117544')
  })

  test('control characters, so that nobody can write a line of their own', () => {
    const forged = 'ok\n{"level":"info","message":"forged"}\r\u0000\u001b[31m\u007f\u009b\u2028\u2029'
    expect(clean('message', forged)).toBe('ok {"level":"info","message":"forged"}   [31m    ')
  })

  test('what is too long, too wide or too deep', () => {
    expect(String(clean('message', 'x'.repeat(100_000))).length).toBe(4_000)
    expect(
      clean(
        '',
        Array.from({ length: 1_000 }, () => 1),
      ),
    ).toHaveLength(50)
    const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`field${at}`, 1]))
    expect(Object.keys(clean('', wide) as object)).toHaveLength(50)
    expect(JSON.stringify(clean('', nested(50)))).toContain('[deep]')
  })

  test('a thing that holds itself does not end the process', () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    expect(JSON.stringify(clean('', circle))).toContain('[deep]')
  })
})

describe('what stays in the log', () => {
  test.each([
    ['name', 'Holiday account'],
    ['paymentId', '0193a7c2-5b1e-7c3a-9f00-123456789012'],
    ['requestId', '12345678-1234-4123-8123-123456789012'],
    ['at', '2026-11-20T17:00:00.000Z'],
    ['amount', 'DKK 1250'],
    ['reference', '0B3K9ZQ1X7MT'],
    ['address', 'https://api.nordea.example/v4/payments'],
  ])('%s: %s', (key, value) => {
    expect(clean(key, value)).toBe(value)
  })

  test('numbers, truth, nothing, and instants', () => {
    const values = { status: 500, ok: false, nothing: null, at: new Date('2026-11-20T17:00:00.000Z') }
    expect(clean('', values)).toEqual({ ...values, at: '2026-11-20T17:00:00.000Z' })
  })
})

describe('a line', () => {
  test('is one JSON object with service, time, level and the request it belongs to', () => {
    const { log, lines } = listening()
    logContext.run({ requestId: 'r-1', userId: 'u-1' }, () => log.info('request', { status: 200 }))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      message: 'request',
      service: 'web',
      status: 200,
      requestId: 'r-1',
      userId: 'u-1',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  })

  test('is one line whatever is written into it', () => {
    const { log, lines } = listening()
    log.warn('two\nlines', { error: new Error('and\nmore DK3420301544117544'), password: 'hunter2' })
    expect(lines.join('').trim().split('\n')).toHaveLength(1)
    expect(lines.join('')).not.toMatch(/hunter2|3420301544117544/)
  })

  test('below the level is not written', () => {
    const { log, lines } = listening('warn')
    log.info('quiet')
    expect(lines).toEqual([])
  })
})

test('outside a request there is no request id', () => {
  expect(currentRequestId()).toBeNull()
  expect(logContext.run({ requestId: 'r-2' }, currentRequestId)).toBe('r-2')
})

/** The app's own logger, its console replaced by a list. */
function listening(level = 'info') {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  const log = createLogger('web', level)
  log.clear().add(new winston.transports.Stream({ stream }))
  return { log, lines }
}

function nested(depth: number): unknown {
  return depth === 0 ? 'bottom' : { inner: nested(depth - 1) }
}
