/** Which addresses there are, here and at the bank, what goes over them, and who answers for it (S-071). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { AREAS, areaOf } from '../../src/controllers/admin/inventory.ts'
import { CLASSES } from '../../src/models/data-inventory.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newAdmin, newHabit, newLinkedSaver } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROFILES = ['current', 'paper'] as const

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

describe('our own addresses', () => {
  test('each have their kinds of data and somebody who answers for them', () => {
    const paths = routesOf(app.deps).map((route) => route.split(' ')[1] ?? '')
    expect(paths.length).toBeGreaterThan(70)
    expect(paths.filter((path) => areaOf(path) === null)).toEqual([])
  })

  test('are all that there are facts about', () => {
    const areas = new Set(routesOf(app.deps).map((route) => areaOf(route.split(' ')[1] ?? '')))
    expect(Object.keys(AREAS).filter((area) => !areas.has(area))).toEqual([])
  })

  test('have owners and kinds of data that there are', () => {
    const guide = readFileSync(join(ROOT, 'docs/operate.md'), 'utf8')
    for (const { data, owner } of Object.values(AREAS)) {
      expect(guide).toContain(`| **${owner}** |`)
      expect(data.filter((kind) => !(kind in CLASSES))).toEqual([])
    }
  })

  test('and those of the bank stand on a page for admins', async () => {
    const admin = await newAdmin(app)
    const { text } = await admin.visitor.get('/admin/routes')
    const page = textOf(text)
    expect(page).not.toMatch(/\bunknown\b|\bnobody\b/)
    for (const word of [
      'Security lead',
      'credential, identifying',
      '/personal/v4/payments/domestic',
      'payments.initiate',
    ])
      expect(page).toContain(word)
    for (const { path } of app.deps.bank.endpoints) expect(text).toContain(path)
  })
})

describe.each(PROFILES)('the bank’s addresses with profile %s', (profile) => {
  let bench: TestApp
  const clock = new ManualClock(new Date())

  beforeAll(async () => {
    bench = await startTestApp({ clock, settings: { NORDEA_PROFILE: profile } })
  })
  afterAll(() => bench.close())

  test('have the versions of the profile', () => {
    const versions = new Set(
      bench.deps.bank.endpoints.map(({ api, version }) => `${api.split('.')[0]} ${version}`),
    )
    expect([...versions].sort()).toEqual(
      profile === 'paper'
        ? ['accounts v3', 'authorization v3', 'payments v3', 'sandbox v3']
        : ['accounts v4', 'accounts v5', 'authorization v5', 'payments v4', 'sandbox v4'],
    )
  })

  test('are all that the bank sees while somebody joins, links, saves, looks, and leaves', async () => {
    bench.sandbox.control.clearRequests()
    const saver = await newLinkedSaver(bench)
    await checkOff(bench, saver, await newHabit(bench, saver, { amount: '12,50' }))
    for (let turn = 0; turn < 2; turn += 1) {
      clock.advance(2 * MINUTE)
      await bench.settleDue()
    }
    await saver.visitor.get('/payments/preview')
    const live = await bench.deps.models.consents.live(saver.user.id)
    await saver.visitor.get('/bank')
    await saver.visitor.post(`/bank/${live?.id}/revoke`)

    const seen = bench.sandbox.control.requests().filter(({ path }) => !path.startsWith('/sandbox'))
    const shapes = bench.deps.bank.endpoints.map(({ method, path }) => ({
      method,
      shape: new RegExp(`^${path.replaceAll(':id', '[^/]+')}$`),
    }))
    const unknown = seen.filter(
      ({ method, path }) => !shapes.some((each) => each.method === method && each.shape.test(path)),
    )
    expect(unknown).toEqual([])
    const { rows } = await bench.asOwner<{ api: string }>('SELECT DISTINCT api FROM "BankCall"')
    const listed = bench.deps.bank.endpoints.map(({ api }) => api)
    expect(rows.map(({ api }) => api).filter((api) => !listed.includes(api))).toEqual([])
    expect(rows.length).toBeGreaterThan(4)
  })
})

test('every call that stands in the client’s source is in the list, and nothing else is', () => {
  const folder = join(ROOT, 'src/bank/nordea')
  const sources = readdirSync(folder)
    .filter((name) => name !== 'endpoints.ts')
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  const named = sources.flatMap((text) =>
    [...text.matchAll(/'((?:authorization|accounts|payments|sandbox)\.[a-z-]+)'/g)].map(([, api]) => api),
  )
  expect(named.length).toBeGreaterThan(10)
  expect([...new Set(named)].sort()).toEqual(
    [...new Set(app.deps.bank.endpoints.map(({ api }) => api))].sort(),
  )
})
