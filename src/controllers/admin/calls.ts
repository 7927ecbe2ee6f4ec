import type { RequestHandler } from 'express'
import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { formatInstant, plural, shortId } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { CallLine, CallTotals } from '../../models/desk/call-log.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { listAddress, optional, optionalDay, optionalId, optionalLastDay } from '../forms/list-forms.ts'
import { renderPage } from '../page.ts'
import { auditRow } from '../view-models/audit-rows.ts'
import { callProps } from '../view-models/call-view.ts'
import { API_WORDS, OUTCOME_WORDS, outcomeBadge } from '../view-models/call-words.ts'
import { choices, timeCell } from '../view-models/list-page.ts'
import { type Repeat, repeatOf } from './console-repeats.ts'
import { filteredList } from './filtered-list.ts'

const LIST = { title: 'Bank calls', width: 'wide' } as const
/** Of as many of the newest calls the totals are: enough to see what is slow, and read at once however many there are. */
const NEWEST = 2_000

const filter = {
  api: optional(z.enum(Object.keys(API_WORDS), 'Choose one of the list.')),
  outcome: optional(z.enum([...(Object.keys(OUTCOME_WORDS) as (keyof typeof OUTCOME_WORDS)[]), 'trouble'])),
  saver: optionalId,
  request: optional(z.string().max(100, 'That is too long.')),
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
    options: LIST,
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
    const title = API_WORDS[call.api] ?? call.api
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
  const outcomes = { trouble: 'any trouble', ...OUTCOME_WORDS }
  return [
    { kind: 'select', name: 'api', label: 'Call', options: choices('Every call', API_WORDS, typed.api) },
    {
      kind: 'select',
      name: 'outcome',
      label: 'Outcome',
      options: choices('Every outcome', outcomes, typed.outcome),
    },
    { kind: 'field', name: 'saver', label: 'Saver’s id', value: typed.saver },
    { kind: 'field', name: 'request', label: 'Request', value: typed.request },
    { kind: 'field', name: 'from', label: 'From (UTC)', type: 'date', value: typed.from },
    { kind: 'field', name: 'until', label: 'Until (UTC)', type: 'date', value: typed.until },
  ]
}

function callRow(call: CallLine, timezone: string) {
  return {
    cells: [
      timeCell(call.at, timezone),
      {
        text: API_WORDS[call.api] ?? call.api,
        href: paths.adminCall(call.id),
        hint: `${call.method} ${call.path}`,
      },
      { badge: outcomeBadge(call.outcome), ...(call.remark ? { hint: call.remark } : {}) },
      saverCell(call),
      { text: call.attended ? 'there' : 'away' },
      { text: call.httpStatus === null ? 'none' : String(call.httpStatus) },
      { text: String(call.durationMs) },
    ],
  }
}

function saverCell({ onBehalfOfId }: Pick<BankCall, 'onBehalfOfId'>) {
  if (onBehalfOfId === null) return { text: 'nobody' }
  return { text: shortId(onBehalfOfId), href: listAddress(paths.adminCalls, { saver: onBehalfOfId }) }
}

function totalsOf({ since, byApi: totals }: { since: Date | null; byApi: CallTotals[] }, timezone: string) {
  const count = totals.reduce((sum, { calls }) => sum + calls, 0)
  const most = Math.max(1, ...totals.map(({ calls }) => calls))
  const width = 100 / Math.max(1, totals.length)
  return {
    title: since
      ? `The newest ${plural(count, 'call')}, since ${formatInstant(since, timezone)}`
      : 'No call yet',
    description: totals
      .map(
        ({ api, calls, troubles }) =>
          `${API_WORDS[api] ?? api}: ${plural(calls, 'call')}, ${troubles} with trouble`,
      )
      .join('; '),
    bars: totals.map(({ calls }, place) => {
      const height = (calls / most) * 100
      return { label: '', x: place * width + width * 0.15, y: 100 - height, width: width * 0.7, height }
    }),
    rows: totals.map(({ api, calls, troubles, median, slowest }) => ({
      cells: [
        { text: API_WORDS[api] ?? api, href: listAddress(paths.adminCalls, { api }) },
        { text: String(calls) },
        troubles === 0
          ? { text: '0' }
          : { text: String(troubles), href: listAddress(paths.adminCalls, { api, outcome: 'trouble' }) },
        { text: String(Math.round(median)) },
        { text: String(Math.round(slowest)) },
      ],
    })),
  }
}
