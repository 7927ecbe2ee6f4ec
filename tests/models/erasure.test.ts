import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import winston from 'winston'
import { DAY, HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import type { User } from '../../src/generated/client.ts'
import { createErase } from '../../src/jobs/handlers/erasure.ts'
import { createReconcile } from '../../src/jobs/handlers/reconcile.ts'
import { factsOf, type Owner, TABLES } from '../../src/models/data-inventory.ts'
import { answerApproval } from '../jobs/support.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  AGREED,
  addDevice,
  addFactor,
  addPasskey,
  checkOff,
  confirming,
  linkBank,
  newGoal,
  newHabit,
  newSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
} from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { expectTrueBooks, WORKER } from './support.ts'

const ADDRESS = '203.0.113.77'
const NAME = 'Thorvald Quistgaard-Bille'
const HABITS = ['Gå tur med Vaks', 'Læse Kierkegaard', 'Ringe til mormor']
/** Long enough ago that by the database's own clock, too, the addresses of the trail have had their 13 months. */
const clock = new ManualClock('2024-06-17T10:00:00.000Z')

let app: TestApp
/** Everything that was logged, as the app wrote it, before anything is taken out. */
const logged: string[] = []

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { TRUST_PROXY: '1' } })
  const stream = new Writable({
    write: (line, _encoding, done) => {
      logged.push(String(line))
      done()
    },
  })
  app.deps.log.clear().add(new winston.transports.Stream({ stream }))
  app.deps.log.silent = false
})
afterAll(() => app.close())

const prisma = () => app.deps.db.prisma
const eraseRound = (userId: string | null) => createErase({ ...app.deps, baseUrl: app.baseUrl })({ userId })
const askFor = ({ user }: Person) =>
  app.deps.models.erasures.ask(user, { kind: 'saver', id: user.id, ip: ADDRESS, requestId: 'r-1' })
const userOf = ({ user }: Person) => prisma().user.findUniqueOrThrow({ where: { id: user.id } })
const paymentsOf = ({ user }: Person) =>
  prisma().payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })
const revocations = () =>
  app.sandbox.control.requests().filter(({ path }) => path.endsWith('/token/revoke')).length

/** A saver whose savings have arrived, who has another payment waiting, and has used everything there is. */
async function wholeLife(): Promise<PersonWithFactor> {
  const from = { 'X-Forwarded-For': ADDRESS, 'User-Agent': 'Mozilla/5.0 (X11; Linux) Firefox/140.0' }
  const saver = await linkBank(app, await newSaver(app, NAME, new Visitor(app, from)))
  const [walk = '', read = ''] = await Promise.all(HABITS.map((name) => newHabit(app, saver, { name })))
  await saver.visitor.post('/import', { text: `Date,${HABITS[0]},\n2026-01-01,2,\n` })
  const withFactor = await addFactor(app, saver)
  withFactor.user = (await addPasskey(app, withFactor, `Phone of ${NAME}`)).user
  await remindedOf(saver, walk)
  const wish = { name: `Watch of ${NAME}`, scopes: ['habits:read' as const], days: 30 }
  const owner = { kind: 'saver', id: saver.user.id, ip: ADDRESS, requestId: null } as const
  const made = await app.deps.models.apiTokens.make(saver.user.id, wish, owner)
  if (made.kind !== 'made') throw new Error('no token was made')
  const request = { tokenId: made.token.id, userId: saver.user.id, key: 'key', content: NAME }
  await app.deps.models.apiAnswers.begin(request)
  await saver.visitor.post('/settings/savings', {
    capPerPayment: '300',
    capPerDay: '400',
    capPerMonth: '5000',
    floor: '0',
    cadence: 'AT_ONCE',
  })
  await checkOff(app, saver, walk)
  clock.advance(2 * MINUTE)
  for (let round = 0; round < 6; round += 1) {
    await app.settleDue()
    clock.advance(MINUTE)
  }
  const used = await newGoal(saver, { name: `Rejse med ${NAME}` })
  await saver.visitor.post(`/goals/${used}/archive`, { money: 'used' })
  await newGoal(saver, { name: HABITS[0] ?? '' }, [read])
  const elsewhere = new Visitor(app, { ...from, 'User-Agent': 'Another browser' })
  await elsewhere.post('/login', { email: saver.email, password: PASSWORD })
  await elsewhere.post('/password/forgot', { email: saver.email })
  const by = { kind: 'saver', id: saver.user.id, ip: ADDRESS, country: 'NO', requestId: 'r-1' } as const
  await app.deps.models.users.arrive(withFactor.user, { mark: null, label: 'Firefox' }, { factor: null }, by)
  await app.deps.models.addresses.ask(saver.user.id, `new-${saver.email}`, by)
  await app.sendMails()
  await checkOff(app, saver, read)
  await leaveTraces(saver.user, read)
  const facts = { kind: 'transaction-doubtful', objectKey: saver.user.id, firstSeenOn: clock.now() }
  await prisma().reconciliationDifference.create({
    data: { ...facts, userId: saver.user.id, holds: false, detail: { ours: 'x' }, lastSeenOn: clock.now() },
  })
  return { ...withFactor, visitor: saver.visitor }
}

/** Everything that reminders leave behind. */
async function remindedOf(saver: Person, habitId: string): Promise<void> {
  await addDevice(app, saver)
  await saver.visitor.post('/settings/reminders', { byMail: 'yes', mostPerDay: '3', digestWeekday: '1' })
  await saver.visitor.post(`/settings/reminders/habits/${habitId}`, { time: '13:00' })
  const now = clock.now()
  const reminder = { userId: saver.user.id, kind: 'HABITS' as const, minuteOfDay: 780, habitIds: [habitId] }
  await prisma().reminder.create({ data: { ...reminder, day: now, dueAt: now, madeOn: now } })
}

/** What a saver can have written down about habits. */
async function leaveTraces(user: User, habitId: string): Promise<void> {
  const day = new Date(clock.now().toISOString().slice(0, 10))
  const own = { userId: user.id, habitId }
  await prisma().habit.updateMany({ where: { userId: user.id }, data: { tags: [NAME] } })
  await prisma().habitBreak.create({ data: { ...own, kind: 'SICK', startDay: day, createdOn: clock.now() } })
  await prisma().habitNote.create({ data: { ...own, day, text: `${NAME} ran`, writtenOn: clock.now() } })
  const counts = { streak: 1, best: 1, strength: 0.5, month: 1, freezesUsed: 0 }
  await prisma().habitCheckpoint.create({ data: { habitId, through: day, weekStart: 1, ...counts } })
}

/** In which columns of which tables, of all there are, one of these words stands. */
async function found(words: readonly string[]): Promise<string[]> {
  const { rows: columns } = await app.deps.db.pool.query<{ place: string; table: string; column: string }>(`
    SELECT n.nspname || '.' || t.relname || '.' || a.attname AS place,
           format('%I.%I', n.nspname, t.relname) AS table, quote_ident(a.attname) AS column
    FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND t.relkind IN ('r', 'p')
      AND NOT t.relispartition
      AND format_type(a.atttypid, NULL) IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'text[]')`)
  expect(columns.length).toBeGreaterThan(90)
  const places: string[] = []
  for (const { place, table, column } of columns) {
    const { rows } = await app.deps.db.pool.query(
      `SELECT 1 FROM ${table} WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) word WHERE position(lower(word) IN lower(${column}::text)) > 0) LIMIT 1`,
      [words],
    )
    if (rows.length > 0) places.push(place)
  }
  return places
}

async function rowsOf(table: string, owner: Owner, userId: string): Promise<Record<string, unknown>[]> {
  const [schema, name] = table.includes('.') ? table.split('.') : ['public', table]
  const whose =
    'json' in owner
      ? {
          session: `sess #>> '{passport,user}' = $1`,
          job: `name IN ('send-mail', 'send-push') AND data ->> 'userId' = $1`,
        }[owner.json]
      : 'of' in owner
        ? `"${owner.column}" IN (SELECT id FROM "${owner.of}" WHERE "userId" = $1::uuid)`
        : `"${owner.column}" = $1::uuid`
  const { rows } = await app.deps.db.pool.query(
    `SELECT to_jsonb(t) AS row FROM "${schema}"."${name}" t WHERE ${whose}`,
    [userId],
  )
  return rows.map(({ row }) => row)
}

describe('a saver who has used everything there is, and is erased (S-086)', () => {
  let saver: PersonWithFactor
  let bystander: Person
  let words: string[]
  let hashes: string[]
  let before: Map<string, Record<string, unknown>[]>

  const everything = async () => {
    const owned = Object.entries(TABLES).flatMap(([table, { owner }]) => (owner ? [{ table, owner }] : []))
    const rows = owned.map(
      async ({ table, owner }) => [table, await rowsOf(table, owner, saver.user.id)] as const,
    )
    return new Map(await Promise.all(rows))
  }

  beforeAll(async () => {
    bystander = await newSaver(app, 'Somebody Else')
    await newHabit(app, await linkBank(app, bystander, 'SE'), { name: 'Swim' })
    saver = await wholeLife()
    const accounts = await prisma().account.findMany({ where: { userId: saver.user.id } })
    hashes = accounts.map(({ hashedAccNo }) => hashedAccNo)
    words = [NAME, 'Quistgaard', saver.email, ...hashes, ...HABITS]
    before = await everything()
    app.sandbox.control.clearRequests()
  })

  test('was in nearly every table before', async () => {
    const empty = [...before].filter(([, rows]) => rows.length === 0).map(([table]) => table)
    expect(empty.sort()).toEqual(['Alarm', 'Erasure', 'FactorReset', 'pgboss.job'].sort())
    const places = await found([...words, ADDRESS])
    expect(places).toEqual(
      expect.arrayContaining([
        'public.User.fullName',
        'public.User.email',
        'public.Passkey.label',
        'public.ApiToken.name',
        'public.Habit.name',
        'public.Goal.name',
        'public.Account.hashedAccNo',
        'public.Payment.askedFromIp',
        'public.AuditEvent.ip',
        'public.session.sess',
      ]),
    )
  })

  test('types their address, and is out everywhere at once', async () => {
    await saver.visitor.get('/settings/data/erase')
    const late = await saver.visitor.post('/settings/data/erase', { email: saver.email })
    expect([late.status, late.text.includes('Show that it is you')]).toEqual([403, true])
    const shown = { _password: PASSWORD, _code: saver.code() }
    const other = await saver.visitor.post('/settings/data/erase', { email: 'other@example.com' })
    const wrong = await saver.visitor.post('/settings/data/erase', confirming(other, shown))
    expect(wrong.status).toBe(422)
    const answer = await saver.visitor.post('/settings/data/erase', { email: saver.email })
    expect([answer.status, answer.headers.location]).toEqual([303, '/'])
    expect((await saver.visitor.get('/')).text).toContain('Your account is closed.')
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    const login = await new Visitor(app).post('/login', { email: saver.email, password: PASSWORD })
    expect(login.status).toBe(422)
    expect(await rowsOf('session', { json: 'session' }, saver.user.id)).toEqual([])
  })

  test('has what was not sent taken back, and what has arrived left in the books', async () => {
    expect((await paymentsOf(saver)).map(({ state }) => state)).toEqual(['PAID', 'CANCELLED'])
    await expectTrueBooks(app.deps.db, saver.user.id)
  })

  test('is told to the bank and by one last letter, once however often the job comes by', async () => {
    await Promise.all([eraseRound(saver.user.id), eraseRound(null)])
    await eraseRound(saver.user.id)
    expect(revocations()).toBeGreaterThanOrEqual(1)
    const letters = app.mail.messages().filter(({ subject }) => subject === 'Your account is erased')
    expect(letters.map(({ to }) => to)).toEqual([saver.email])
    expect(await prisma().bankConsent.findMany({ where: { userId: saver.user.id } })).toMatchObject([
      { endReason: 'account-erased', accessTokenSealed: null, refreshTokenSealed: null },
    ])
    expect(await prisma().erasure.findMany({ where: { userId: saver.user.id } })).toMatchObject([
      { erasedOn: clock.now(), bankTold: true },
    ])
  })

  test('leaves no word that identifies them in any column of any table', async () => {
    expect(await found(words)).toEqual([])
    // Where somebody came from stays in the trail until nothing can be disputed any more.
    expect(await found([ADDRESS])).toEqual(['public.AuditEvent.ip'])
  })

  test('has left no such word in the log either, in all the time', () => {
    expect(logged.length).toBeGreaterThan(30)
    expect(logged.filter((line) => words.some((word) => line.includes(word)))).toEqual([])
    expect(logged.filter((line) => line.includes('a saver was erased')).length).toBe(1)
  })

  test('is gone from every column as the inventory says', async () => {
    const now = await everything()
    const wrong: string[] = []
    for (const [table, rows] of before) {
      const left = now.get(table) ?? []
      for (const column of Object.keys(TABLES[table]?.columns ?? {})) {
        const erasure = factsOf(table, column)?.erasure
        const values = left.map((row) => JSON.stringify(row[column] ?? null))
        const was = new Set(rows.map((row) => JSON.stringify(row[column] ?? null)))
        const isRight = {
          gone: left.length === 0,
          cleared: values.every((value) => value === 'null' || value === '{}'),
          replaced:
            values.every((value) => !was.has(value)) ||
            !['identifying', 'credential'].includes(factsOf(table, column)?.class ?? ''),
          stays: true,
        }[erasure ?? 'stays']
        if (!isRight) wrong.push(`${table}.${column} should be ${erasure}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('keeps the books and the trail whole', async () => {
    await expectTrueBooks(app.deps.db, saver.user.id)
    for (const table of ['Payment', 'PaymentEvent', 'LedgerLine', 'CheckOff', 'BankConsent']) {
      const { owner } = TABLES[table] ?? {}
      const ids = new Set((owner ? await rowsOf(table, owner, saver.user.id) : []).map(({ id }) => id))
      expect([table, ids.size > 0]).toEqual([table, true])
      expect(before.get(table)?.filter(({ id }) => !ids.has(id))).toEqual([])
    }
    const actions = await prisma().auditEvent.findMany({ where: { subjectId: saver.user.id } })
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['user.erasure-asked', 'user.closed', 'consent.ended', 'user.erased']),
    )
  })

  test('can have their address used anew, by an account that knows nothing of the old one', async () => {
    const visitor = new Visitor(app)
    const fields = {
      fullName: 'New',
      email: saver.email,
      password: PASSWORD,
      passwordConfirm: PASSWORD,
      ...AGREED,
    }
    await visitor.post('/signup', fields)
    const again = await prisma().user.findUniqueOrThrow({ where: { email: saver.email } })
    expect(again.id).not.toBe(saver.user.id)
    await app.sendMails()
    await prisma().user.delete({ where: { id: again.id } })
  })

  test('leaves others as they were', async () => {
    expect(await userOf(bystander)).toMatchObject({ fullName: 'Somebody Else', status: 'ACTIVE' })
    expect(await prisma().habit.findMany({ where: { userId: bystander.user.id } })).toMatchObject([
      { name: 'Swim' },
    ])
    expect(await app.deps.models.consents.live(bystander.user.id)).not.toBeNull()
  })

  test.each([
    [
      'a payment',
      `INSERT INTO "Payment" (id, "userId", "externalId", reference, "debtorAccountId", "creditorAccountId", "amountMinor", currency, "dueAt", "createdOn", "nextActionAt")
      SELECT gen_random_uuid(), p."userId", gen_random_uuid(), 'ABCDEFGHJKMN', p."debtorAccountId", p."creditorAccountId", 100, p.currency, now(), now(), now() FROM "Payment" p WHERE p."userId" = $1 LIMIT 1`,
    ],
    [
      'a habit',
      `INSERT INTO "Habit" (id, "userId", name, "startDate", "createdOn") VALUES (gen_random_uuid(), $1, 'x', now(), now())`,
    ],
    ['an account that opens again', `UPDATE "User" SET status = 'ACTIVE' WHERE id = $1`],
  ])('can’t get %s any more', async (_what, statement) => {
    await expect(app.deps.db.pool.query(statement, [saver.user.id])).rejects.toThrow(/closed/)
  })

  test('loses the last trace of where they came from after 13 months', async () => {
    clock.advance(397 * DAY)
    const forgotten = await app.deps.models.retention.sweep()
    expect(forgotten['AuditEvent.ip']).toBeGreaterThan(20)
    expect(await found([ADDRESS, ...words])).toEqual([])
  })
})

describe('money that may still move', () => {
  beforeAll(() => app.sandbox.control.setApproval('always'))
  afterAll(() => app.sandbox.control.setApproval('never'))

  const linkedAnew = async () => linkBank(app, await newSaver(app))
  const atBank = async (saver: Person) => {
    await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(2 * MINUTE)
    await app.settleDue()
    expect((await paymentsOf(saver)).map(({ state }) => state)).toEqual(['AWAITING_APPROVAL'])
  }

  test('is waited for with the account open, and the erasure can be called off until then', async () => {
    const saver = await linkedAnew()
    await atBank(saver)
    expect(await askFor(saver)).toEqual({ kind: 'waiting', payments: 1, differences: 0 })
    await eraseRound(null)
    expect(await userOf(saver)).toMatchObject({ status: 'ACTIVE', fullName: 'Ida Berg' })
    expect((await saver.visitor.get('/settings/data')).text).toContain('one payment at the bank')
    await saver.visitor.post('/settings/data/erase/call-off')
    await eraseRound(null)
    expect(await app.deps.models.erasures.open(saver.user.id)).toBeNull()
  })

  test('is let come to its end, and then the saver is erased without being asked again', async () => {
    const saver = await linkedAnew()
    await atBank(saver)
    await askFor(saver)
    const [waiting] = await paymentsOf(saver)
    await answerApproval(waiting?.approvalUrl ?? '', 'approve')
    for (let round = 0; round < 4; round += 1) {
      clock.advance(2 * MINUTE)
      await app.settleDue()
    }
    expect((await paymentsOf(saver)).map(({ state }) => state)).toEqual(['PAID'])
    await eraseRound(null)
    expect(await userOf(saver)).toMatchObject({ status: 'CLOSED', fullName: 'Erased saver' })
    await expectTrueBooks(app.deps.db, saver.user.id)
  })

  test('and what a person has to look into first, too', async () => {
    const saver = await linkedAnew()
    const facts = { kind: 'order-unknown', objectKey: saver.user.id, firstSeenOn: clock.now() }
    const { id } = await prisma().reconciliationDifference.create({
      data: { ...facts, userId: saver.user.id, holds: true, detail: {}, lastSeenOn: clock.now() },
    })
    expect(await askFor(saver)).toEqual({ kind: 'waiting', payments: 0, differences: 1 })
    await prisma().reconciliationDifference.update({ where: { id }, data: { goneOn: clock.now() } })
    await eraseRound(null)
    expect(await userOf(saver)).toMatchObject({ fullName: 'Erased saver' })
  })

  test('a check-off that comes with the wish is either taken back or refused, never sent', async () => {
    const saver = await linkedAnew()
    const habit = await newHabit(app, saver, { frequency: 10 })
    const user = await userOf(saver)
    const offer = await app.deps.models.habits.findOwned(user, habit)
    if (offer?.progress.next.kind !== 'open') throw new Error('nothing to check off')
    const place = { day: offer.today, slot: offer.progress.next.slot }
    await Promise.allSettled([
      app.deps.models.checkOffs.record(user, habit, place, { ...WORKER, kind: 'saver', id: user.id }),
      askFor(saver),
    ])
    await eraseRound(saver.user.id)
    clock.advance(HOUR)
    await app.settleDue()
    const states = (await paymentsOf(saver)).map(({ state }) => state)
    expect(states.filter((state) => state !== 'CANCELLED')).toEqual([])
    await expectTrueBooks(app.deps.db, saver.user.id)
  })
})

test('what an erased saver moved over accounts that somebody else has is no difference of theirs', async () => {
  const save = async (saver: Person) => {
    await checkOff(app, saver, await newHabit(app, saver))
    for (let round = 0; round < 4; round += 1) {
      clock.advance(2 * MINUTE)
      await app.settleDue()
    }
    expect((await paymentsOf(saver)).map(({ state }) => state)).toEqual(['PAID'])
  }
  const saver = await linkBank(app, await newSaver(app))
  await save(saver)
  await askFor(saver)
  await eraseRound(null)
  expect(await userOf(saver)).toMatchObject({ fullName: 'Erased saver' })
  // The bank lets every saver of a country into the same accounts: here somebody comes back, or shares theirs.
  const again = await linkBank(app, await newSaver(app))
  await save(again)
  clock.advance(5 * DAY)
  await createReconcile(app.deps)({ occasion: 'command' })
  const differences = await prisma().reconciliationDifference.findMany({
    where: { userId: again.user.id, holds: true },
  })
  expect(differences).toEqual([])
})

describe('a bank that can’t be told', () => {
  test('is told again at each round; after three days the saver is erased all the same and asked to tell it themselves', async () => {
    const saver = await linkBank(app, await newSaver(app))
    app.sandbox.control.addFault({ kind: 'drop-before', route: 'POST */revoke', count: null })
    try {
      await askFor(saver)
      await eraseRound(null)
      expect(await userOf(saver)).toMatchObject({ status: 'CLOSED', fullName: 'Ida Berg' })
      clock.advance(3 * DAY)
      await eraseRound(null)
    } finally {
      app.sandbox.control.clearFaults()
    }
    expect(await userOf(saver)).toMatchObject({ fullName: 'Erased saver' })
    expect(await app.deps.models.consents.live(saver.user.id)).toBeNull()
    const letter = app.mail.messages().find(({ to }) => to.includes(saver.email))
    expect(letter?.text).toContain('end the consent in your netbank as well')
  })

  test('is told as soon as it can be', async () => {
    const saver = await linkBank(app, await newSaver(app))
    app.sandbox.control.addFault({ kind: 'drop-before', route: 'POST */revoke', count: null })
    await askFor(saver)
    await eraseRound(null).finally(() => app.sandbox.control.clearFaults())
    clock.advance(HOUR)
    await eraseRound(null)
    expect(await prisma().erasure.findMany({ where: { userId: saver.user.id } })).toMatchObject([
      { bankTold: true },
    ])
  })
})

test('an admin is not erased: others answer for what admins do', async () => {
  const saver = await newSaver(app)
  await prisma().user.update({ where: { id: saver.user.id }, data: { role: 'ADMIN' } })
  await expect(askFor({ ...saver, user: await userOf(saver) })).rejects.toThrow('This is not open to you')
})
