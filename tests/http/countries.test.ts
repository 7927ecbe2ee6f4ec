import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type CountryResponse, Reader } from 'mmdb-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, ManualClock } from '../../src/clock.ts'
import { readCountryTable } from '../../src/country.ts'
import { networksNotPublicAnd } from '../../src/networks.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'

/** By the first byte of an address. */
const COUNTRIES: Record<string, string> = { 10: 'DK', 20: 'SE', 30: 'BR', 40: 'NO', 50: 'FI', 60: 'IS' }
const countryOf = (ip: string | null | undefined) => COUNTRIES[ip?.split('.')[0] ?? ''] ?? null
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock, countryOf, settings: { TRUST_PROXY: '1' } })
})
afterAll(() => app.close())

const from = (ip: string) => new Visitor(app, { 'X-Forwarded-For': ip, 'User-Agent': BROWSER })
const saverFrom = (ip: string) => newSaver(app, 'Ida Berg', from(ip))

async function signIn({ email }: Person, ip: string, password = PASSWORD) {
  return from(ip).post('/login', { email, password })
}

async function mailsTo({ email }: Person): Promise<{ subject: string; text: string }[]> {
  await app.sendMails()
  return app.mail.messages().filter(({ to }) => to.includes(email))
}

const alarmsOf = async ({ user }: Person) => {
  await app.deps.models.detection.look()
  const alarms = await app.deps.db.prisma.alarm.findMany({
    where: { subjectId: user.id },
    orderBy: { id: 'asc' },
  })
  return alarms.map(({ rule }) => rule)
}
const known = async ({ user }: Person) => {
  const rows = await app.deps.db.prisma.knownCountry.findMany({
    where: { userId: user.id },
    orderBy: { country: 'asc' },
  })
  return rows.map(({ country }) => country)
}

describe('a sign-in from another country (S-016)', () => {
  test('comes in, is told to the saver with country and browser, and is an alarm for admins', async () => {
    const admin = await newAdmin(app)
    const saver = await saverFrom('10.0.0.1')
    expect([await known(saver), await alarmsOf(saver)]).toEqual([['DK'], []])
    clock.advance(DAY)
    expect((await signIn(saver, '30.0.0.1')).headers.location).toBe('/dashboard')
    expect(await alarmsOf(saver)).toEqual(['new-country'])
    const [mail] = await mailsTo(saver)
    expect(mail?.subject).toBe('A sign-in from Brazil')
    expect(mail?.text).toMatch(
      /from Brazil, where nobody has signed in to it before: with Firefox on Linux, on \w+day/,
    )
    expect((await mailsTo(saver)).map(({ subject }) => subject)).not.toContain(
      'A new sign-in to your account',
    )
    expect((await mailsTo(admin))[0]?.subject).toBe('Alarm: new-country')
    expect(await known(saver)).toEqual(['BR', 'DK'])
    // It is known from now on, and still the same alarm.
    clock.advance(DAY)
    const before = (await mailsTo(saver)).length
    await signIn(saver, '30.0.0.2')
    expect((await mailsTo(saver)).map(({ subject }) => subject).slice(before)).not.toContain(
      'A sign-in from Brazil',
    )
    expect(await alarmsOf(saver)).toEqual(['new-country'])
  })

  test('is none while the first country of all is not known, or this one is in no table', async () => {
    const saver = await saverFrom('203.0.113.1')
    expect(await known(saver)).toEqual([])
    await signIn(saver, '20.0.0.1')
    await signIn(saver, '203.0.113.9')
    expect([await known(saver), await alarmsOf(saver)]).toEqual([['SE'], []])
  })

  test('is none as long as the password is wrong', async () => {
    const saver = await saverFrom('10.0.0.1')
    await signIn(saver, '30.0.0.1', 'wrong')
    expect([await known(saver), await alarmsOf(saver)]).toEqual([['DK'], []])
    expect((await mailsTo(saver)).map(({ subject }) => subject)).toEqual(['Confirm your e-mail address'])
  })

  test('that comes five times at once is one letter', async () => {
    const saver = await saverFrom('10.0.0.1')
    const browsers = Array.from({ length: 5 }, () => from('30.0.0.1'))
    for (const browser of browsers) await browser.get('/login')
    await Promise.all(
      browsers.map((browser) => browser.post('/login', { email: saver.email, password: PASSWORD })),
    )
    const subjects = (await mailsTo(saver)).map(({ subject }) => subject)
    expect(subjects.filter((subject) => subject === 'A sign-in from Brazil')).toHaveLength(1)
  })
})

test('three countries within six hours are an alarm of their own, and two are not', async () => {
  const saver = await saverFrom('10.0.0.1')
  clock.advance(HOUR)
  await signIn(saver, '20.0.0.1')
  expect(await alarmsOf(saver)).toEqual(['new-country'])
  clock.advance(HOUR)
  await signIn(saver, '40.0.0.1')
  expect(await alarmsOf(saver)).toEqual(['new-country', 'several-countries'])
  // Together they are odd enough to stop payments.
  expect((await app.deps.models.users.find(saver.user.id))?.pausedByAlarmId).not.toBeNull()
  const traveller = await saverFrom('10.0.0.1')
  for (const ip of ['20.0.0.1', '40.0.0.1', '50.0.0.1', '60.0.0.1']) {
    clock.advance(4 * HOUR)
    await signIn(traveller, ip)
    await alarmsOf(traveller)
  }
  expect(await alarmsOf(traveller)).toEqual(['new-country'])
})

test('the audit trail says the country wherever it says the address', async () => {
  const saver = await saverFrom('10.0.0.1')
  await saver.visitor.get('/settings')
  await saver.visitor.post('/settings', {
    fullName: 'Ida',
    timezone: 'UTC',
    dayStartHour: '0',
    weekStart: '1',
    locale: 'en',
  })
  const lines = await app.deps.db.prisma.auditEvent.findMany({
    where: { subjectId: saver.user.id, ip: { not: null } },
  })
  expect(lines.length).toBeGreaterThan(3)
  expect(new Set(lines.map(({ country }) => country))).toEqual(new Set(['DK']))
})

describe('the table of countries', () => {
  const table = readCountryTable('')

  test.each([
    ['130.226.237.173', 'DK'],
    ['::ffff:130.226.237.173', 'DK'],
    ['2001:6c8::1', 'DK'],
    ['8.8.8.8', 'US'],
    ['194.47.0.1', 'SE'],
    ['127.0.0.1', null],
    ['::1', null],
    ['10.1.2.3', null],
    ['172.16.5.4', null],
    ['192.168.1.1', null],
    ['::ffff:192.168.1.1', null],
    ['203.0.113.7', null],
    ['2001:db8::1', null],
    ['fe80::1', null],
    ['fd00::1', null],
    ['no address', null],
    ['', null],
    [null, null],
  ])('says of %s: %s', (ip, country) => {
    expect(table(ip)).toBe(country)
  })

  test('says the same as its package does, which has all of it in memory', () => {
    const path = 'node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'
    const homes = networksNotPublicAnd({ ipv4: [], ipv6: [] })
    const whole = new Reader<CountryResponse & { country_code: string }>(readFileSync(path))
    // One in each of 222 * 32 networks, and as many of the longer addresses; those of homes and examples are ours to decide.
    for (let turn = 0; turn < 222 * 32; turn += 1) {
      const [first, second] = [1 + (turn % 222), (turn * 8) % 256]
      for (const ip of [
        `${first}.${second}.7.9`,
        `2${(turn % 4_096).toString(16).padStart(3, '0')}:${second}::1`,
      ]) {
        if (!homes.check(ip, ip.includes(':') ? 'ipv6' : 'ipv4'))
          expect([ip, table(ip)]).toEqual([ip, whole.get(ip)?.country_code ?? null])
      }
    }
  })

  test('that is cut off while it is in use names no country, and keeps nobody from anything', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'sparvana-countries-')), 'table.mmdb')
    await copyFile(
      'node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country-ipv4.mmdb',
      path,
    )
    const own = readCountryTable(path)
    expect(own('8.8.8.8')).toBe('US')
    await truncate(path, 100)
    expect([own('8.8.4.4'), own('133.11.0.1')]).toEqual([null, null])
    await rm(dirname(path), { recursive: true })
  })

  test('can be another one or off, and one that is not there stops the start', () => {
    expect(readCountryTable('off')('8.8.8.8')).toBeNull()
    const own = 'node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country-ipv4.mmdb'
    expect(readCountryTable(own)('8.8.8.8')).toBe('US')
    expect(readCountryTable(own)('2001:6c8::1')).toBeNull()
    expect(() => readCountryTable('no/such/table.mmdb')).toThrow('no/such/table.mmdb')
  })
})
