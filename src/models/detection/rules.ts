import { DAY, HOUR, MINUTE, SECOND } from '../../clock.ts'
import { Prisma } from '../../db.ts'

/** What one rule has seen about one account or network. */
export interface Sighting {
  key: string
  subjectId: string | null
  /** How many, or how many times the usual. */
  count: number
}

export interface Rule {
  /** How much it says about one account; from PAUSE_AT on, all that is open together stops its payments. */
  weight: number
  /** The account may do nothing for a while. */
  rests?: true
  /** Finds what happened from then on and hasn't raised an alarm yet. */
  sightings: (name: string, from: Date) => Prisma.Sql
}

/** Together so much about one saver within a day pauses their payments. */
export const PAUSE_AT = 100

/** What is usual for a saver is taken from so long before. */
const USUAL_MS = 90 * DAY

/**
 * An address as its network (three bytes of four, 48 bits of 128). What is no address stays as it is, instead of failing the
 * whole statement.
 */
const NETWORK = Prisma.sql`(CASE WHEN pg_input_is_valid(plain, 'inet')
  THEN text(network(set_masklen(plain::inet, CASE family(plain::inet) WHEN 4 THEN 24 ELSE 48 END))) ELSE plain END)`
const PLAIN = Prisma.sql`regexp_replace(ip, '^::ffff:(?=[0-9]+[.])', '') AS plain`

const FAILED_SIGN_IN = Prisma.sql`action = 'user.sign-in' AND outcome = 'refused'`
const WRONG_CODE = Prisma.sql`action = 'user.factor-checked' AND outcome = 'refused'`
const SIGNED_IN = Prisma.sql`action = 'user.sign-in' AND outcome = 'done' AND "subjectId" IS NOT NULL`
const FROM_NEW_COUNTRY = Prisma.sql`${SIGNED_IN} AND detail ->> 'isNewCountry' = 'true'`
const FOREIGN_OBJECT = Prisma.sql`action = 'access.refused' AND "objectId" IS NOT NULL AND "actorId" IS NOT NULL
  AND detail ->> 'because' IN ('NotFound', 'Forbidden')`
const EXPORTED = Prisma.sql`action = 'user.exported' AND outcome = 'done' AND "subjectId" IS NOT NULL`
const PAYS = Prisma.sql`action IN ('check-off.recorded', 'check-off.backfilled') AND detail ->> 'recordOnly' = 'false'`

const BY_SUBJECT = { key: Prisma.sql`"subjectId"::text`, subject: Prisma.sql`"subjectId"` }
const BY_ACTOR = { key: Prisma.sql`"actorId"::text`, subject: Prisma.sql`"actorId"` }
const BY_NETWORK = { key: NETWORK, subject: Prisma.sql`NULL::uuid` }

/**
 * All rules read the audit trail and nothing else. Strangers can make sign-ins fail, so failures never weigh enough to pause
 * anybody's savings.
 */
export const RULES = {
  'failed-sign-ins-of-account': {
    weight: 30,
    sightings: often({ of: FAILED_SIGN_IN, least: 10, withinMs: 15 * MINUTE, ...BY_SUBJECT }),
  },
  'failed-sign-ins-from-network': {
    weight: 0,
    sightings: often({ of: FAILED_SIGN_IN, least: 30, withinMs: 15 * MINUTE, ...BY_NETWORK }),
  },
  // Whoever gets so far knows the password.
  'wrong-codes-of-account': {
    weight: 30,
    sightings: often({ of: WRONG_CODE, least: 8, withinMs: HOUR, ...BY_SUBJECT }),
  },
  'foreign-objects': {
    weight: 60,
    rests: true,
    sightings: often({ of: FOREIGN_OBJECT, least: 20, withinMs: MINUTE, ...BY_ACTOR }),
  },
  'several-networks': { weight: 60, sightings: fromPlaces(NETWORK, 3, HOUR) },
  // One of them is a holiday; with anything else that is odd it is enough to stop payments.
  'new-country': {
    weight: 40,
    sightings: often({ of: FROM_NEW_COUNTRY, least: 1, withinMs: MINUTE, ...BY_SUBJECT }),
  },
  // Two are a commuter, or a phone that roams.
  'several-countries': { weight: 60, sightings: fromPlaces(Prisma.sql`country`, 3, 6 * HOUR) },
  'unusual-hour': { weight: 30, sightings: atUnusualHour({ knownAtLeast: 20, hoursOff: 4 }) },
  'unusual-amount': { weight: 50, sightings: aboveUsual({ times: 10, leastMinor: 0, knownAtLeast: 5 }) },
  'huge-amount': { weight: 100, sightings: aboveUsual({ times: 50, leastMinor: 100_000, knownAtLeast: 5 }) },
  'many-exports': { weight: 50, sightings: often({ of: EXPORTED, least: 3, withinMs: DAY, ...BY_SUBJECT }) },
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof RULES

/** So often within a stretch of time, wherever in the time we look at it lies. */
function often(pattern: {
  of: Prisma.Sql
  least: number
  withinMs: number
  key: Prisma.Sql
  subject: Prisma.Sql
}): Rule['sightings'] {
  const { of, least, withinMs, key, subject } = pattern
  return (name, from) => Prisma.sql`
    SELECT key, "subjectId", max(count)::int AS count FROM (
      SELECT key, "subjectId", count(*) OVER (
        PARTITION BY key ORDER BY at RANGE BETWEEN ${interval(withinMs)} PRECEDING AND CURRENT ROW) AS count
      FROM (
        SELECT at, ${key} AS key, ${subject} AS "subjectId" FROM (SELECT *, ${PLAIN} FROM "AuditEvent") AS e
        WHERE ${of} AND at > ${from}::timestamptz - ${interval(withinMs)}
      ) AS keyed WHERE key IS NOT NULL AND ${isNews(name, Prisma.sql`keyed.key`, Prisma.sql`keyed.at`)}
    ) AS counted WHERE count >= ${least} GROUP BY key, "subjectId"`
}

/** Sign-ins of one account from several places. @param place what makes one; what has none is not counted. */
function fromPlaces(place: Prisma.Sql, least: number, withinMs: number): Rule['sightings'] {
  return (name, from) => Prisma.sql`
    SELECT key, key::uuid AS "subjectId", max(seen.count)::int AS count
    FROM (SELECT at, "subjectId"::text AS key FROM "AuditEvent" WHERE ${SIGNED_IN} AND at > ${from}::timestamptz) AS e,
    LATERAL (
      SELECT count(DISTINCT ${place}) FROM (
        SELECT country, ${PLAIN} FROM "AuditEvent" AS o
        WHERE ${SIGNED_IN} AND "subjectId" = e.key::uuid AND at <= e.at AND at > e.at - ${interval(withinMs)}
          AND ${isNews(name, Prisma.sql`e.key`, Prisma.sql`o.at`)}
      ) AS others
    ) AS seen
    WHERE seen.count >= ${least} GROUP BY key`
}

/** A sign-in at an hour of the saver's clock that none of their earlier ones was near. */
function atUnusualHour({
  knownAtLeast,
  hoursOff,
}: {
  knownAtLeast: number
  hoursOff: number
}): Rule['sightings'] {
  const hourOf = (at: Prisma.Sql) => Prisma.sql`extract(hour FROM ${at} AT TIME ZONE u.timezone)::int`
  return (name, from) => Prisma.sql`
    SELECT e.key, e.key::uuid AS "subjectId", max(hours.known)::int AS count
    FROM (SELECT at, "subjectId"::text AS key FROM "AuditEvent" WHERE ${SIGNED_IN} AND at > ${from}::timestamptz) AS e
    JOIN "User" u ON u.id = e.key::uuid,
    LATERAL (
      SELECT count(*) AS known, min(least(apart, 24 - apart)) AS nearest FROM (
        SELECT abs(${hourOf(Prisma.sql`o.at`)} - ${hourOf(Prisma.sql`e.at`)}) AS apart FROM "AuditEvent" AS o
        WHERE ${SIGNED_IN} AND "subjectId" = u.id
          AND o.at < e.at - ${interval(HOUR)} AND o.at > e.at - ${interval(USUAL_MS)}
      ) AS others
    ) AS hours
    WHERE hours.known >= ${knownAtLeast} AND hours.nearest >= ${hoursOff}
      AND ${isNews(name, Prisma.sql`e.key`, Prisma.sql`e.at`)}
    GROUP BY e.key`
}

/** A check-off that pays many times what is usual for its saver: the middle one of those before, in the same currency. */
function aboveUsual(limit: { times: number; leastMinor: number; knownAtLeast: number }): Rule['sightings'] {
  const amount = Prisma.sql`(detail ->> 'amountMinor')::bigint`
  return (name, from) => Prisma.sql`
    SELECT e.key, e.key::uuid AS "subjectId", max(round(e.amount / usual.amount))::int AS count
    FROM (
      SELECT at, "subjectId"::text AS key, ${amount} AS amount, detail ->> 'currency' AS currency FROM "AuditEvent"
      WHERE ${PAYS} AND at > ${from}::timestamptz
    ) AS e,
    LATERAL (
      SELECT count(*) AS known, percentile_cont(0.5) WITHIN GROUP (ORDER BY ${amount}) AS amount FROM "AuditEvent" AS o
      WHERE ${PAYS} AND "subjectId" = e.key::uuid AND detail ->> 'currency' = e.currency
        AND o.at < e.at AND o.at > e.at - ${interval(USUAL_MS)}
    ) AS usual
    WHERE usual.known >= ${limit.knownAtLeast} AND e.amount >= ${limit.leastMinor}
      AND e.amount >= ${limit.times} * usual.amount
      AND ${isNews(name, Prisma.sql`e.key`, Prisma.sql`e.at`)}
    GROUP BY e.key`
}

/** While an alarm is open nothing more is news; after somebody has looked at it, only what came later. */
function isNews(name: string, key: Prisma.Sql, at: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`${at} > coalesce((SELECT max(coalesce("acknowledgedOn", 'infinity')) FROM "Alarm"
    WHERE "Alarm".rule = ${name} AND "Alarm".key = ${key}), '-infinity')`
}

function interval(ms: number): Prisma.Sql {
  return Prisma.sql`make_interval(secs => ${ms / SECOND}::float8)`
}
