import type { RequestHandler } from 'express'
import { formatInstant } from '../../format.ts'
import type { Alarm } from '../../generated/client.ts'
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

const WORDS: Record<RuleName | typeof BOOKS_DIFFER, { title: string; counted: string }> = {
  'failed-sign-ins-of-account': { title: 'Many failed sign-ins of one account', counted: 'in 15 minutes' },
  'wrong-codes-of-account': { title: 'Many wrong codes after the right password', counted: 'in an hour' },
  'failed-sign-ins-from-network': {
    title: 'Many failed sign-ins from one network',
    counted: 'in 15 minutes',
  },
  'foreign-objects': { title: 'Many tries at things of others', counted: 'in a minute; the account rests' },
  'several-networks': { title: 'Signed in from several networks', counted: 'networks within an hour' },
  'new-country': {
    title: 'Signed in from a new country',
    counted: 'sign-in from a country that is new to this account',
  },
  'several-countries': { title: 'Signed in from several countries', counted: 'countries within 6 hours' },
  'unusual-hour': { title: 'Signed in at an unusual hour', counted: 'sign-ins before, none near this hour' },
  'unusual-amount': { title: 'An unusual amount', counted: 'times the usual amount' },
  'huge-amount': { title: 'A very unusual amount', counted: 'times the usual amount' },
  'many-exports': { title: 'Many exports of one account’s data', counted: 'in a day' },
  'books-differ': { title: 'Check-offs, payments, ledger and bank don’t agree', counted: '' },
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
      { title: 'Alarms' },
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
      await flash(req, 'done', 'Noted. More of the same is a new alarm.')
    } else {
      await flash(req, 'info', 'That alarm isn’t open any more.')
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
      { term: 'When', text: formatInstant(alarm.at, timezone) },
      ...whose(alarm),
      { term: 'Seen', text: seen },
      { term: 'Alarm', text: alarm.id },
    ],
    acknowledgePath: paths.adminAlarmAcknowledge(alarm.id),
  }
}

function whose({ rule, key, subjectId }: Alarm) {
  if (rule !== BOOKS_DIFFER) return [{ term: subjectId ? 'Account' : 'Network', text: key }]
  return [{ term: 'Difference', text: key }, ...(subjectId ? [{ term: 'Account', text: subjectId }] : [])]
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

/** Rules come and go; their alarms stay. */
function wordsOf({ rule, detail }: Alarm): { title: string; seen: string } {
  const words = WORDS[rule as keyof typeof WORDS] ?? { title: rule, counted: '' }
  const { count, kind } = detail as { count?: number; kind?: string }
  return { title: words.title, seen: `${count ?? kind ?? ''} ${words.counted}`.trim() }
}
