import type { RequestHandler } from 'express'
import { asBeginning, formatMoney, formatWeekday } from '../../format.ts'
import type { Currency } from '../../generated/enums.ts'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { markOf } from '../../middleware/session-store.ts'
import type { Dashboard } from '../../models/dashboard.ts'
import type { GoalsStanding } from '../../models/goal.ts'
import type { HabitToday } from '../../models/habit.ts'
import type { SavingsTotals } from '../../models/ledger.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { renderLasting } from '../page.ts'
import { celebrationOf, goalCard } from '../view-models/goal-card.ts'
import { habitCard } from '../view-models/habit-card.ts'
import { noticesFor } from '../view-models/notices.ts'
import { recentRow } from '../view-models/payment-rows.ts'
import { weekChart } from '../view-models/week-view.ts'

/** The next ones to be filled; all of them have a page. */
const SHOWN_GOALS = 3

export function dashboardControllers({ models, clock }: WebContext) {
  /** GET /dashboard */
  const show: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const look = await models.dashboards.look(user, markOf(req))
    const { consent } = look.waiting
    const notices = noticesFor({
      ...look.waiting,
      user,
      standing: consent && models.consents.standingOf(consent),
      now: clock.now(),
    })
    const { accLoaded, timezone } = user
    renderLasting(
      req,
      res,
      'main/dashboard',
      { title: t('Today') },
      { of: look.waiting, by: [notices, accLoaded, timezone] },
      async (how) => ({ notices, ...propsOf(await look.whole(how), accLoaded, timezone) }),
    )
  }

  return { show }
}

/** All that follows from what has been read, whatever the time. */
function propsOf(
  { today, habits, standings, weeks, recent }: Dashboard,
  accLoaded: boolean,
  timezone: string,
) {
  const cards = habits.map(habitCard)
  return {
    todayLabel: asBeginning(formatWeekday(today)),
    summary: summaryOf(habits),
    habits: cards.filter(({ isDue }) => isDue),
    resting: cards.filter(({ isDue }) => !isDue),
    orderPath: habits.length > 1 ? paths.habitsOrder : null,
    ...savingsOf(standings),
    weeks: weeks.map((week) => weekChart(week, today, weeks.length > 1)),
    recent: recent.map((payment) => recentRow(payment, timezone)),
    emptyState: emptyStateFor(accLoaded, habits.length),
  }
}

function summaryOf(habits: readonly HabitToday[]): string {
  const open = habits.filter((habit) => habit.progress.next.kind === 'open').length
  if (habits.length === 0) return ''
  if (open === 0) return t('Nothing left for today.')
  return t('{count, plural, one {# habit} other {# habits}} to check off.', { count: open })
}

/** What to do next, for somebody who has just arrived. */
function emptyStateFor(accLoaded: boolean, habitCount: number) {
  if (!accLoaded) {
    return {
      title: t('First, link your bank'),
      text: t(
        'You choose at Nordea what Sparvana may see, and then which account the money comes from and which one it goes to.',
      ),
      action: { href: paths.bank, label: t('Link Nordea') },
    }
  }
  if (habitCount > 0) return null
  return {
    title: t('Your first habit'),
    text: t('Something small you want to do, and what it is worth to you each time.'),
    action: { href: paths.habitNew, label: t('Make a habit') },
  }
}

/** Where the money is, and what it is for: one reading of the books for both, so that they agree. */
function savingsOf(standings: readonly GoalsStanding[]) {
  const goals = standings.flatMap((standing) => standing.goals)
  const open = goals.filter(({ goal, heldMinor }) => heldMinor < goal.targetMinor)
  return {
    stats: standings.flatMap(({ currency, totals }) => statsOf(currency, totals, standings.length > 1)),
    goals: (open.length > 0 ? open : goals).slice(0, SHOWN_GOALS).map((goal) => goalCard(goal)),
    celebrations: goals.flatMap((goal) => celebrationOf(goal) ?? []),
  }
}

function statsOf(currency: Currency, sums: SavingsTotals, named: boolean) {
  return [
    {
      label: named ? t('Saved ({currency})', { currency }) : t('Saved'),
      text: formatMoney(sums.savedMinor, currency),
      tone: 'arrived' as const,
    },
    {
      label: named ? t('On its way ({currency})', { currency }) : t('On its way'),
      text: formatMoney(sums.onItsWayMinor, currency),
      tone: 'waiting' as const,
    },
    {
      label: named ? t('Pledged ({currency})', { currency }) : t('Pledged'),
      text: formatMoney(sums.pledgedMinor, currency),
      tone: 'plain' as const,
    },
  ]
}
