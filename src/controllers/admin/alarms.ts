import type { RequestHandler } from 'express'
import { formatInstant } from '../../format.ts'
import type { Alarm } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { BOOKS_DIFFER } from '../../models/alarm.ts'
import type { RuleName } from '../../models/detection/rules.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { renderPage } from '../page.ts'

const MOST_OPEN = 100
const MOST_DONE = 25

interface AlarmWords {
  title: string
  /** What the rule has counted. */
  seen: (count: number) => string
}

const WORDS: Record<RuleName, AlarmWords> = {
  'failed-sign-ins-of-account': {
    title: term('Many failed sign-ins of one account'),
    seen: (count) => t('{count} in 15 minutes', { count }),
  },
  'wrong-codes-of-account': {
    title: term('Many wrong codes after the right password'),
    seen: (count) => t('{count} in an hour', { count }),
  },
  'failed-sign-ins-from-network': {
    title: term('Many failed sign-ins from one network'),
    seen: (count) => t('{count} in 15 minutes', { count }),
  },
  'foreign-objects': {
    title: term('Many tries at things of others'),
    seen: (count) => t('{count} in a minute; the account rests', { count }),
  },
  'several-networks': {
    title: term('Signed in from several networks'),
    seen: (count) => t('{count} networks within an hour', { count }),
  },
  'new-country': {
    title: term('Signed in from a new country'),
    seen: (count) =>
      t(
        '{count, plural, one {# sign-in from a country that is new to this account} other {# sign-ins from a country that is new to this account}}',
        { count },
      ),
  },
  'several-countries': {
    title: term('Signed in from several countries'),
    seen: (count) => t('{count} countries within 6 hours', { count }),
  },
  'unusual-hour': {
    title: term('Signed in at an unusual hour'),
    seen: (count) => t('{count} sign-ins before, none near this hour', { count }),
  },
  'unusual-amount': {
    title: term('An unusual amount'),
    seen: (count) => t('{count} times the usual amount', { count }),
  },
  'huge-amount': {
    title: term('A very unusual amount'),
    seen: (count) => t('{count} times the usual amount', { count }),
  },
  'many-exports': {
    title: term('Many exports of one account’s data'),
    seen: (count) => t('{count} in a day', { count }),
  },
}

export function alarmControllers({ models, log }: WebContext) {
  /** GET /admin/alarms */
  const list: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const [open, done] = await Promise.all([
      models.alarms.list({ open: true, most: MOST_OPEN }),
      models.alarms.list({ open: false, most: MOST_DONE }),
    ])
    renderPage(
      req,
      res,
      'admin/alarms',
      { title: t('Alarms') },
      {
        open: open.map((alarm) => openCard(alarm, timezone)),
        doneRows: done.map((alarm) => doneRow(alarm, timezone)),
      },
    )
  }

  /** POST /admin/alarms/:id/acknowledge */
  const acknowledge: RequestHandler = async (req, res) => {
    const id = idOf(req)
    if (await models.alarms.acknowledge(id, actorOf(req))) {
      log.warn('an alarm was acknowledged', { alarm: id, by: signedIn(req).id })
      await flash(req, 'done', t('Noted. More of the same is a new alarm.'))
    } else {
      await flash(req, 'info', t('That alarm isn’t open any more.'))
    }
    res.redirect(303, paths.adminAlarms)
  }

  return { list, acknowledge }
}

function openCard(alarm: Alarm, timezone: string) {
  const { title, seen } = wordsOf(alarm)
  return {
    id: alarm.id,
    title,
    facts: [
      { term: t('When'), text: formatInstant(alarm.at, timezone) },
      ...whose(alarm),
      { term: t('Seen'), text: seen },
      { term: t('Alarm'), text: alarm.id },
    ],
    acknowledgePath: paths.adminAlarmAcknowledge(alarm.id),
  }
}

function whose({ rule, key, subjectId }: Alarm) {
  if (rule !== BOOKS_DIFFER) return [{ term: t(subjectId ? 'Account' : 'Network'), text: key }]
  return [
    { term: t('Difference'), text: key },
    ...(subjectId ? [{ term: t('Account'), text: subjectId }] : []),
  ]
}

function doneRow(alarm: Alarm, timezone: string) {
  const { title, seen } = wordsOf(alarm)
  return {
    cells: [
      { text: formatInstant(alarm.at, timezone) },
      { text: title, hint: seen },
      { text: alarm.key },
      { text: alarm.acknowledgedOn ? formatInstant(alarm.acknowledgedOn, timezone) : '' },
    ],
  }
}

/** Of the books the kind of their difference is told. Rules come and go; their alarms stay. */
function wordsOf({ rule, detail }: Alarm): { title: string; seen: string } {
  const { count, kind } = detail as { count?: number; kind?: string }
  const words = WORDS[rule as RuleName]
  if (words && count !== undefined) return { title: t(words.title), seen: words.seen(count) }
  const title = rule === BOOKS_DIFFER ? t('Check-offs, payments, ledger and bank don’t agree') : rule
  return { title, seen: String(count ?? kind ?? '') }
}
