import { expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { newHabit, newLinkedSaver, offerOf, PASSWORD } from '../support/people.ts'

test('shots', async () => {
  const clock = new ManualClock('2026-08-24T08:00:00.000Z')
  const app = await startTestApp({ clock, sandbox: { approval: 'never' } })
  const saver = await newLinkedSaver(app)
  const run = await newHabit(app, saver, { name: 'Run', frequency: 3, interval: 7 })
  const read = await newHabit(app, saver, {
    name: 'Read before bed',
    frequency: 1,
    interval: 1,
    amount: '10',
  })
  await newHabit(app, saver, { name: 'Water the plants', frequency: 1, interval: 3, amount: '5' })
  const again = async () => {
    await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
  }
  const actor = { kind: 'saver', id: saver.user.id, ip: null, requestId: null } as const
  for (let day = 0; day < 60; day += 1) {
    for (const [id, when] of [
      [read, day % 5 !== 3],
      [run, [0, 2, 5].includes(day % 7) && day > 20],
    ] as const) {
      if (!when) continue
      const offer = await offerOf(app, saver, id).catch(() => null)
      if (offer) await app.deps.models.checkOffs.record(saver.user, id, offer, actor)
    }
    clock.advance(5 * MINUTE)
    await app.settleDue()
    clock.advance(5 * MINUTE)
    await app.settleDue()
    clock.advance(DAY - 10 * MINUTE)
  }
  const fresh = await app.deps.db.prisma.bankConsent.findFirstOrThrow({
    where: { userId: saver.user.id, revokedAt: null },
  })
  await app.deps.db.prisma.bankConsent.update({
    where: { id: fresh.id },
    data: { expiresAt: new Date(clock.now().getTime() + 5 * DAY) },
  })
  await again()
  const goals = app.deps.models.goals
  const wish = { byDay: null, habitIds: [] as string[] }
  const old = await goals.create(
    saver.user.id,
    { ...wish, name: 'Grandmother’s birthday', targetMinor: 10_000, picture: 'gift' },
    'DKK',
    actor,
  )
  await goals.archive(saver.user.id, old.id, true, actor)
  await goals.create(
    saver.user.id,
    { ...wish, name: 'A new bicycle', targetMinor: 50_000, picture: 'bicycle' },
    'DKK',
    actor,
  )
  const trip = await goals.create(
    saver.user.id,
    {
      ...wish,
      name: 'Summer in Lofoten',
      targetMinor: 180_000,
      picture: 'tent',
      byDay: '2027-06-01',
      habitIds: [run],
    },
    'DKK',
    actor,
  )
  await goals.create(
    saver.user.id,
    { ...wish, name: 'Rainy days', targetMinor: 500_000, picture: 'umbrella', byDay: '2027-02-01' },
    'DKK',
    actor,
  )
  await saver.visitor.get('/dashboard')
  for (const id of [read, run]) {
    const o = await offerOf(app, saver, id).catch(() => null)
    if (o) await app.deps.models.checkOffs.record(saver.user, id, o, actor)
  }
  const browser = await startBrowser()
  for (const [theme, width] of [
    ['light', 1200],
    ['dark', 1200],
    ['light', 390],
    ['dark', 390],
    ['light', 320],
  ] as const) {
    const window = await newWindow(browser, { width, height: 900, colorScheme: theme })
    const page = await window.newPage()
    await page.goto(`${app.baseUrl}/login`)
    await page.getByLabel('E-mail').fill(saver.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(/dashboard/)
    for (const [name, path] of [
      ['dashboard', '/dashboard'],
      ['goals', '/goals'],
      ['goal', `/goals/${trip.id}`],
      ['new', '/goals/new'],
      ['archive', `/goals/${trip.id}/archive`],
      ['archived', `/goals/${old.id}`],
    ] as const) {
      await page.goto(app.baseUrl + path)
      for (const summary of await page.locator('main summary').all())
        if (name === 'goal') await summary.click()
      await page.waitForTimeout(1500)
      await page.screenshot({ path: `/tmp/p5-goals-shots/${name}-${theme}-${width}.png`, fullPage: true })
      expect(
        await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
        `${name} ${width}`,
      ).toBe(true)
    }
    await window.close()
  }
  await browser.close()
  await app.close()
}, 300_000)
