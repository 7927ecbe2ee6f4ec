/** The audit trail as admins search it, and take it along. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { audit } from '../../src/models/audit.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  newAdmin,
  newHabit,
  newLinkedSaver,
  type Person,
  type PersonWithFactor,
  postWithCode,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const HOSTILE = `"><script>alert(1)</script>'=1+1`

const clock = new ManualClock(new Date())
let app: TestApp
let admin: PersonWithFactor
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
  saver = await newLinkedSaver(app)
})
afterAll(() => app.close())

const see = (path: string) => admin.visitor.get(path)
const idsIn = (html: string) =>
  [...html.matchAll(/href="\/admin\/audit\/([0-9a-f-]{36})"/g)].map(([, id]) => id)

/** Lines about somebody, the newest first. */
async function linesAbout(subjectId: string, actions: readonly string[]): Promise<string[]> {
  for (const action of actions) {
    clock.advance(MINUTE)
    await app.deps.db.transaction((tx) =>
      audit(tx, {
        action,
        by: { kind: 'worker', id: null, ip: null, requestId: null },
        at: clock.now(),
        subjectId,
        detail: { name: HOSTILE },
      }),
    )
  }
  const lines = await app.deps.db.prisma.auditEvent.findMany({
    where: { subjectId },
    orderBy: { at: 'desc' },
  })
  return lines.map(({ id }) => id)
}

describe('the audit trail', () => {
  test('tells an admin what somebody did, and from where', async () => {
    const page = textOf((await see(`/admin/audit?person=${saver.user.id}`)).text)
    expect(page).toContain('consent.granted')
    expect(page).toContain('127.0.0.1')
  })

  test('is narrowed by a whole word or its first part', async () => {
    const subject = randomUUID()
    const [third, second, first] = await linesAbout(subject, ['test.one', 'test.two', 'testing.three'])
    expect(idsIn((await see(`/admin/audit?person=${subject}`)).text)).toEqual([third, second, first])
    expect(idsIn((await see(`/admin/audit?person=${subject}&action=test`)).text)).toEqual([second, first])
    expect(idsIn((await see(`/admin/audit?person=${subject}&action=test.two`)).text)).toEqual([second])
  })

  test('is paged by place: each line once', async () => {
    const subject = randomUUID()
    const ids = await linesAbout(
      subject,
      Array.from({ length: 53 }, () => 'test.many'),
    )
    const first = await see(`/admin/audit?person=${subject}`)
    const older = /rel="next" href="([^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await see(older)
    expect([...idsIn(first.text), ...idsIn(second.text)]).toEqual(ids)
    expect(second.text).not.toContain('rel="next"')
  })

  test('shows a hostile name as text, wherever it stands', async () => {
    await newHabit(app, saver, { name: HOSTILE })
    const subject = randomUUID()
    const [id] = await linesAbout(subject, ['test.hostile'])
    for (const path of [`/admin/audit?person=${saver.user.id}`, `/admin/audit/${id}`]) {
      const page = await see(path)
      expect([page.status, page.text.includes('<script>alert')]).toEqual([200, false])
    }
    expect((await see(`/admin/audit/${id}`)).text).toContain('&lt;script&gt;alert(1)')
  })

  test('says at the field what is wrong', async () => {
    const page = await see('/admin/audit?action=drop%20table')
    expect(page.status).toBe(422)
    expect(page.text).toMatch(/id="action-error"[\s\S]*A word like user\.sign-in/)
  })

  test('names the head of its chain once something is sealed', async () => {
    await app.deps.models.auditChain.seal()
    const head = await app.deps.models.auditChain.head()
    expect((await see('/admin/audit')).text).toContain(`${head?.number}:${head?.hash}`)
  })
})

describe('an export of the trail', () => {
  test('has every line that the filter finds, and is a line itself', async () => {
    const subject = randomUUID()
    const ids = await linesAbout(
      subject,
      Array.from({ length: 60 }, () => 'test.exported'),
    )
    await see('/admin/audit')
    const file = await postWithCode(admin, '/admin/audit/export', { person: subject, action: 'test' })
    expect(file.status).toBe(200)
    expect(file.headers['content-disposition']).toBe('attachment; filename="audit-trail.ndjson"')
    expect(file.headers['cache-control']).toContain('no-store')
    const lines = file.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ id }) => id)).toEqual(ids)
    expect(lines[0].detail).toEqual({ name: HOSTILE })
    const [noted] = await app.deps.db.prisma.auditEvent.findMany({ where: { action: 'audit.exported' } })
    expect(noted).toMatchObject({ actorId: admin.user.id, detail: { personId: subject, action: 'test' } })
  })
})
