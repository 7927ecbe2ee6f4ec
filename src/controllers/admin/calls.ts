import type { RequestHandler } from 'express'
import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { formatCount, formatInstant, shortId } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { CallLine, CallTotals } from '../../models/desk/call-log.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, told } from '../forms/form.ts'
import { listAddress, optional, optionalDay, optionalId, optionalLastDay } from '../forms/list-forms.ts'
import { renderPage } from '../page.ts'
import { auditRow } from '../view-models/audit-rows.ts'
import { apiWords, callsWords } from '../view-models/bank-charts.ts'
import { callProps } from '../view-models/call-view.ts'
import { API_WORDS, OUTCOME_WORDS, outcomeBadge } from '../view-models/call-words.ts'
import { choices, saidWords, timeCell } from '../view-models/list-page.ts'
import { type Repeat, repeatOf } from './console-repeats.ts'
import { filteredList } from './filtered-list.ts'

const listPage = () => ({ title: t('Bank calls'), width: 'wide' }) as const
/** Of as many of the newest calls the totals are: enough to see what is slow, and read at once however many there are. */
const NEWEST = 2_000

const filter = {
  api: optional(z.enum(Object.keys(API_WORDS), told('Choose one of the list.'))),
  outcome: optional(
    z.enum(
      [...(Object.keys(OUTCOME_WORDS) as (keyof typeof OUTCOME_WORDS)[]), 'trouble'],
      told('Choose from the list.'),
    ),
  ),
  saver: optionalId,
  request: optional(z.string().max(100, told('That is too long.'))),
  from: optionalDay,
  until: optionalLastDay,
}

/** @param sandboxConsole whether calls can be made by hand, and so anew. */
export function callControllers(
  { models, bank }: WebContext,
  { sandboxConsole }: { sandboxConsole: boolean },
) {
  /** GET /admin/calls */
  const list = filteredList({
    view: 'admin/calls',
    options: listPage,
    path: paths.adminCalls,
    filter,
    fieldsOf,
    nothing: { totals: null },
    find: async ({ saver, request, ...rest }, page, { timezone }) => {
      const [found, totals] = await Promise.all([
        models.callLog.list({ ...rest, saverId: saver, requestId: request }, page),
        models.callLog.totals(NEWEST),
      ])
      const rows = found.rows.map((call) => callRow(call, timezone))
      return { ...found, rows, beside: { totals: totalsOf(totals, timezone) } }
    },
  }).show

  /** GET /admin/calls/:id */
  const show: RequestHandler = async (req, res) => {
    const call = await models.callLog.find(idOf(req))
    if (!call) throw new NotFound()
    const { id: adminId, timezone } = signedIn(req)
    const { calls, events } = await models.callLog.beside(call)
    const title = apiWords(call.api)
    renderPage(
      req,
      res,
      'admin/call',
      { title },
      {
        ...callProps(call, timezone),
        callRows: calls.map((other) => callRow(other, timezone)),
        eventRows: events.map((event) => auditRow(event, timezone)),
        repeat: sandboxConsole && bank.sandbox ? repeatProps(call, repeatOf(call, events, adminId)) : null,
      },
    )
  }

  return { list, show }
}

function repeatProps({ id }: BankCall, repeat: Repeat) {
  return repeat.kind === 'possible'
    ? { path: paths.adminCallRepeat(id), why: null, form: null }
    : { path: null, why: repeat.why, form: repeat.form }
}

function fieldsOf(typed: Record<string, string>) {
  const outcomes = { trouble: term('any trouble'), ...OUTCOME_WORDS }
  return [
    {
      kind: 'select',
      name: 'api',
      label: t('Call'),
      options: choices(t('Every call'), saidWords(API_WORDS), typed.api),
    },
    {
      kind: 'select',
      name: 'outcome',
      label: t('Outcome'),
      options: choices(t('Every outcome'), saidWords(outcomes), typed.outcome),
    },
    { kind: 'field', name: 'saver', label: t('Saver’s id'), value: typed.saver },
    { kind: 'field', name: 'request', label: t('Request'), value: typed.request },
    { kind: 'field', name: 'from', label: t('From (UTC)'), type: 'date', value: typed.from },
    { kind: 'field', name: 'until', label: t('Until (UTC)'), type: 'date', value: typed.until },
  ]
}

function callRow(call: CallLine, timezone: string) {
  return {
    cells: [
      timeCell(call.at, timezone),
      {
        text: apiWords(call.api),
        href: paths.adminCall(call.id),
        hint: `${call.method} ${call.path}`,
      },
      { badge: outcomeBadge(call.outcome), ...(call.remark ? { hint: call.remark } : {}) },
      saverCell(call),
      { text: t(call.attended ? 'there' : 'away') },
      { text: call.httpStatus === null ? t('none') : String(call.httpStatus) },
      { text: formatCount(call.durationMs) },
    ],
  }
}

function saverCell({ onBehalfOfId }: Pick<BankCall, 'onBehalfOfId'>) {
  if (onBehalfOfId === null) return { text: t('nobody') }
  return { text: shortId(onBehalfOfId), href: listAddress(paths.adminCalls, { saver: onBehalfOfId }) }
}

function totalsOf({ since, byApi: totals }: { since: Date | null; byApi: CallTotals[] }, timezone: string) {
  const count = totals.reduce((sum, { calls }) => sum + calls, 0)
  const most = Math.max(1, ...totals.map(({ calls }) => calls))
  const width = 100 / Math.max(1, totals.length)
  return {
    title: since
      ? t('{count, plural, one {The newest call} other {The newest {calls} calls}}, since {time}', {
          count,
          calls: formatCount(count),
          time: formatInstant(since, timezone),
        })
      : t('No call yet'),
    description: totals
      .map(({ api, calls, troubles }) => `${apiWords(api)}: ${callsWords(calls, troubles)}`)
      .join('; '),
    bars: totals.map(({ calls }, place) => {
      const height = (calls / most) * 100
      return { label: '', x: place * width + width * 0.15, y: 100 - height, width: width * 0.7, height }
    }),
    rows: totals.map(({ api, calls, troubles, median, slowest }) => ({
      cells: [
        { text: apiWords(api), href: listAddress(paths.adminCalls, { api }) },
        { text: formatCount(calls) },
        troubles === 0
          ? { text: '0' }
          : { text: formatCount(troubles), href: listAddress(paths.adminCalls, { api, outcome: 'trouble' }) },
        { text: formatCount(Math.round(median)) },
        { text: formatCount(Math.round(slowest)) },
      ],
    })),
  }
}
