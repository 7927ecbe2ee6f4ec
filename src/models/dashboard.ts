import { Prisma } from '../db.ts'
import type { BankConsent, Goal, Habit, HabitBreak, HabitVersion, User } from '../generated/client.ts'
import type { ModelContext } from './context.ts'
import { type PotRow, pursesIn } from './goal/pots.ts'
import { type GoalsStanding, standingsOf } from './goal/standing.ts'
import {
  type CheckpointJson,
  checkpointFrom,
  livePlaces,
  type PlaceJson,
  placeFrom,
  saidBy,
} from './habit/checkpoints.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import { type Balance, type HabitToday, habitToday } from './habit/today.ts'
import { MOST_HABITS } from './habit.ts'
import { columns, dated, list, row, type Texts } from './json-rows.ts'
import type { PaymentInList, PaymentWaiting, WaitingApproval } from './payment.ts'
import { marked } from './revision.ts'
import { type SavedSum, type SavedWeek, weekOf, weeksFrom } from './saved-days.ts'

/** All that one look at today's page needs. */
export interface Dashboard {
  /** The saver's day that it is of. */
  today: Day
  habits: HabitToday[]
  standings: GoalsStanding[]
  weeks: SavedWeek[]
  waiting: PaymentWaiting[]
  approvals: WaitingApproval[]
  /** The one that is in force, or has expired and not been ended. */
  consent: Pick<BankConsent, 'expiresAt' | 'profile' | 'scopes'> | null
  /** An admin has stopped everybody's payments. */
  isStopped: boolean
  /** The newest payments. */
  recent: PaymentInList[]
}

/** What waits for the saver: all that the notices above the page are made of. */
export type Waiting = Pick<Dashboard, 'waiting' | 'approvals' | 'consent' | 'isStopped'>

export interface Look {
  /** The same object as before where nothing has changed: nobody may change it. */
  waiting: Readonly<Waiting>
  /**
   * Everything; read anew, unless it is still at hand.
   * @param how `again` leaves it at hand: it will be asked for once more.
   */
  whole(how?: { again: boolean }): Promise<Dashboard>
}

export type Dashboards = ReturnType<typeof createDashboards>

const RECENT = 5
const MOST_WAITING = 20

interface HabitJson {
  row: Texts<Habit>
  versions: Texts<HabitVersion>[]
  checkpoint: CheckpointJson | null
  balances: Balance[]
  done: PlaceJson[]
}

interface DashboardRow {
  mark: string
  habits: HabitJson[]
  breaks: Texts<HabitBreak>[]
  goals: Texts<Goal>[]
  pots: PotRow[]
  week: SavedSum[]
  waiting: PaymentWaiting[]
  approvals: WaitingApproval[]
  consent: Texts<NonNullable<Dashboard['consent']>> | null
  isStopped: boolean
  recent: Texts<PaymentInList>[]
}

/** Of so many savers one process keeps what waits for them, those looked at last, and the page that was made with it. */
const MOST_KEPT = 500

interface Kept {
  key: string
  waiting: Waiting
  /** Everything, until it has been asked for as often as it will be. */
  atHand: Dashboard | null
}

/**
 * The page that everybody looks at most, in one statement with a name: each part reads what its twin among the other models
 * reads (`habits.listOwned`, `goals.standing`, `payments.…`, `consents.live`), or a query of Prisma in the test that holds
 * them equal. As long as nothing it was made of has changed, the page that a look led to still holds (0048).
 */
export function createDashboards({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  const kept = new Map<string, Kept>()

  return {
    /** @param mark of what the saver is shown, no older than the request; null to read anew in any case. */
    async look(user: User, mark: string | null): Promise<Look> {
      const today = dayOf(clock.now(), user.timezone, user.dayStartHour)
      const before = kept.get(user.id)
      const holds = before && mark !== null && before.key === keyOf(mark, user, today)
      const entry = holds ? before : await entryOf(user, today)
      keep(user.id, entry)
      return {
        waiting: entry.waiting,
        whole: async ({ again } = { again: false }) => {
          const dashboard = entry.atHand ?? (await readDashboard(user, today)).dashboard
          entry.atHand = again ? dashboard : null
          return dashboard
        },
      }
    },
  }

  async function entryOf(user: User, today: Day): Promise<Kept> {
    const { mark, dashboard } = await readDashboard(user, today)
    const { waiting, approvals, consent, isStopped } = dashboard
    return {
      key: keyOf(mark, user, today),
      waiting: { waiting, approvals, consent, isStopped },
      atHand: dashboard,
    }
  }

  /** The one looked at last goes to the end; the first goes when there are too many. */
  function keep(userId: string, entry: Kept): void {
    kept.delete(userId)
    kept.set(userId, entry)
    const [oldest] = kept.keys()
    if (oldest !== undefined && kept.size > MOST_KEPT) kept.delete(oldest)
  }

  async function readDashboard(user: User, today: Day): Promise<{ mark: string; dashboard: Dashboard }> {
    const week = weekOf(today, user.weekStart)
    const values = [user.id, today, week.first, week.last]
    const { rows } = await db.pool.query<DashboardRow>({ name: 'dashboard', text: TEXT, values })
    const [row] = rows
    if (!row) throw new Error('a statement without a FROM gave no row')
    const breaks = row.breaks.map(breakOf)
    const dashboard = {
      today,
      habits: row.habits.flatMap((habit) => habitOf(habit, breaks, user, today) ?? []),
      standings: standingsOf(row.goals.map(goalOf), pursesIn(row.pots)),
      weeks: weeksFrom(week.first, row.week),
      waiting: row.waiting,
      approvals: row.approvals,
      consent: row.consent && dated(row.consent, ['expiresAt']),
      isStopped: row.isStopped,
      recent: row.recent.map((payment) => dated(payment, ['createdOn', 'dueAt'])),
    }
    return { mark: row.mark, dashboard }
  }
}

/** The saver's own settings are read with each request; those that the rows were read or worked out by count too. */
function keyOf(mark: string, { timezone, dayStartHour, weekStart }: User, today: Day): string {
  return `${mark} ${today} ${timezone} ${dayStartHour} ${weekStart}`
}

function habitOf(
  { row, versions, checkpoint, balances, done }: HabitJson,
  breaks: readonly HabitBreak[],
  user: User,
  today: Day,
): HabitToday | null {
  const habit: Habit = dated(row, ['startDate', 'createdOn', 'archivedOn', 'endDate', 'committedUntil'])
  return habitToday(
    {
      habit,
      versions: versions.map((version) => dated(version, ['effectiveFrom', 'createdOn'])),
      breaks: breaks.filter(({ habitId }) => habitId === null || habitId === habit.id),
      checkpoint: checkpoint ? checkpointFrom(habit.id, checkpoint) : undefined,
    },
    done.map(placeFrom),
    balances,
    user,
    today,
  )
}

function breakOf(row: Texts<HabitBreak>): HabitBreak {
  return dated(row, ['startDay', 'endDay', 'createdOn'])
}

function goalOf(row: Texts<Goal>): Goal {
  return dated(row, ['byDay', 'createdOn', 'reachedOn', 'celebratedOn', 'archivedOn'])
}

const NAMED = (column: 'paymentId' | 'reversalId') =>
  list(`SELECT done.state, json_build_object('name', habit.name) AS habit
    FROM "CheckOff" done JOIN "Habit" habit ON habit.id = done."habitId"
    WHERE done."${column}" = payment.id AND done."userId" = payment."userId" ORDER BY done.at`)

/** $1 the saver, $2 their day, $3 and $4 the first and the last of its week. */
const TEXT = `
  WITH own AS MATERIALIZED (
    SELECT ${columns(Prisma.HabitScalarFieldEnum, 'habit')} FROM "Habit" habit
    WHERE habit."userId" = $1::uuid AND habit."archivedOn" IS NULL
    ORDER BY habit."isPinned" DESC, habit.position, habit."createdOn", habit.id LIMIT ${MOST_HABITS}
  ), used AS (
    SELECT use."habitId", over.currency, sum(use."amountMinor") AS minor
    FROM "GoalUse" use JOIN "Goal" over ON over.id = use."goalId"
    WHERE use."userId" = $1::uuid GROUP BY use."habitId", over.currency
  ), money AS (
    SELECT "habitId", currency,
      coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'SAVED'), 0) AS saved,
      coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'ON_ITS_WAY'), 0) AS "onItsWay",
      coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'PLEDGED'), 0) AS pledged
    FROM "LedgerBalance" WHERE "userId" = $1::uuid GROUP BY "habitId", currency
  )
  SELECT ${marked('$1::uuid')} AS mark,
    ${list(`SELECT to_json(own) AS row,
      ${list(`SELECT ${columns(Prisma.HabitVersionScalarFieldEnum, 'version')} FROM "HabitVersion" version
        WHERE version."habitId" = own.id ORDER BY version.number DESC`)} AS versions,
      ${saidBy('own.id')} AS checkpoint,
      ${list(`SELECT bucket, currency, "balanceMinor" FROM "LedgerBalance" balance
        WHERE balance."userId" = $1::uuid AND balance."habitId" = own.id`)} AS balances,
      ${livePlaces('own.id', 'since.day')} AS done
    FROM own, LATERAL (
      SELECT least(own."endDate", $2::date,
          coalesce((SELECT through FROM "HabitCheckpoint" WHERE "habitId" = own.id), '-infinity'))
        - coalesce((SELECT max(interval)::int FROM "HabitVersion" WHERE "habitId" = own.id), 0) AS day
    ) since`)} AS habits,
    ${list(`SELECT ${columns(Prisma.HabitBreakScalarFieldEnum, 'pause')} FROM "HabitBreak" pause
      WHERE pause."userId" = $1::uuid`)} AS breaks,
    ${list(`SELECT ${columns(Prisma.GoalScalarFieldEnum, 'goal')} FROM "Goal" goal
      WHERE goal."userId" = $1::uuid AND goal."archivedOn" IS NULL ORDER BY goal.position, goal.id`)} AS goals,
    ${list(`SELECT money.currency, goal.id AS "goalId",
        sum(saved - least(saved, coalesce(used.minor, 0)))::bigint AS saved,
        sum(least(saved, coalesce(used.minor, 0)))::bigint AS used,
        sum("onItsWay")::bigint AS "onItsWay", sum(pledged)::bigint AS pledged
      FROM money LEFT JOIN used USING ("habitId", currency)
      LEFT JOIN ("GoalHabit" tie JOIN "Goal" goal ON goal.id = tie."goalId" AND goal."archivedOn" IS NULL)
        ON tie."habitId" = money."habitId" AND goal.currency = money.currency
      GROUP BY money.currency, goal.id ORDER BY money.currency`)} AS pots,
    ${list(`SELECT done.day, done.currency, done.state, saving.state AS paid, back.state AS "broughtBack",
        sum(done."amountMinor")::bigint AS minor
      FROM "CheckOff" done
      JOIN "Payment" saving ON saving.id = done."paymentId"
      LEFT JOIN "Payment" back ON back.id = done."reversalId"
      WHERE done."userId" = $1::uuid AND done.day BETWEEN $3::date AND $4::date
      GROUP BY done.day, done.currency, done.state, saving.state, back.state`)} AS week,
    ${list(`SELECT payment.id, payment.kind, payment.state, payment.reason, payment."amountMinor", payment.currency
      FROM "Payment" payment
      WHERE payment."userId" = $1::uuid AND payment."finalOn" IS NULL AND (payment.state IN ('BLOCKED', 'UNKNOWN')
        OR (payment.state = 'AWAITING_APPROVAL' AND payment."approvalUrl" IS NULL))
      ORDER BY payment."createdOn" LIMIT ${MOST_WAITING}`)} AS waiting,
    ${list(`SELECT payment."approvalUrl", count(*)::int AS payments, sum(payment."amountMinor")::bigint AS "amountMinor",
        payment.currency
      FROM "Payment" payment
      WHERE payment."userId" = $1::uuid AND payment."finalOn" IS NULL AND payment.state = 'AWAITING_APPROVAL'
        AND payment."approvalUrl" IS NOT NULL
      GROUP BY payment."approvalUrl", payment.currency ORDER BY min(payment."createdOn")`)} AS approvals,
    ${row(`SELECT "expiresAt", profile, scopes FROM "BankConsent"
      WHERE "userId" = $1::uuid AND "revokedAt" IS NULL LIMIT 1`)} AS consent,
    EXISTS (SELECT 1 FROM "PaymentStop" WHERE "endedOn" IS NULL) AS "isStopped",
    ${list(`SELECT payment.id, payment.kind, payment.state, payment."isBatch", payment."createdOn", payment."dueAt",
        payment."amountMinor", payment.currency,
        ${NAMED('paymentId')} AS "checkOffs", ${NAMED('reversalId')} AS "broughtBack"
      FROM "Payment" payment WHERE payment."userId" = $1::uuid ORDER BY payment.id DESC LIMIT ${RECENT}`)} AS recent`
