import type { RequestHandler } from 'express'
import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { sendStream } from '../../middleware/packing.ts'
import type { AuditFilter } from '../../models/desk/audit-search.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, readForm, told } from '../forms/form.ts'
import { listAddress, optional, optionalDay, optionalId, optionalLastDay } from '../forms/list-forms.ts'
import { renderPage } from '../page.ts'
import { AUDIT_OUTCOMES, auditFacts, auditRow } from '../view-models/audit-rows.ts'
import { choices, saidWords } from '../view-models/list-page.ts'
import { filteredList } from './filtered-list.ts'

const listPage = () => ({ title: t('Audit trail'), width: 'wide' }) as const

const filter = {
  action: optional(
    z
      .string()
      .regex(/^[a-z-]{1,40}(\.[a-z-]{1,60})?$/, told('A word like user.sign-in, or its first part: user.')),
  ),
  outcome: optional(z.enum(['done', 'refused'], told('Choose from the list.'))),
  person: optionalId,
  object: optional(z.string().max(100, told('That is too long.'))),
  from: optionalDay,
  until: optionalLastDay,
}

export function auditControllers({ models }: WebContext) {
  /** GET /admin/audit */
  const list = filteredList({
    view: 'admin/audit',
    options: listPage,
    path: paths.adminAudit,
    filter,
    fieldsOf,
    nothing: { head: null, exportFields: [] },
    find: async (wanted, page, { timezone }, typed) => {
      const [found, head] = await Promise.all([
        models.auditSearch.list(filterOf(wanted), page),
        models.auditChain.head(),
      ])
      const rows = found.rows.map((event) => auditRow(event, timezone))
      const exportFields = Object.keys(filter).map((name) => ({ name, value: typed[name] ?? '' }))
      const beside = { head: head && { number: String(head.number), hash: head.hash }, exportFields }
      return { ...found, rows, beside }
    },
  })

  /** GET /admin/audit/:id */
  const show: RequestHandler = async (req, res) => {
    const event = await models.auditSearch.find(idOf(req))
    if (!event) throw new NotFound()
    renderPage(
      req,
      res,
      'admin/audit-line',
      { title: event.action },
      {
        facts: auditFacts(event, signedIn(req).timezone),
        detail: JSON.stringify(event.detail, null, 2),
        callsPath: event.requestId && listAddress(paths.adminCalls, { request: event.requestId }),
      },
    )
  }

  /** POST /admin/audit/export: what the filter finds, one line of JSON each, the newest first. */
  const exportFile: RequestHandler = async (req, res) => {
    const reading = readForm(z.strictObject(filter), req.body)
    if (reading.kind === 'refused') return list.refuse(req, res, req.body, reading.errors)
    const wanted = filterOf(reading.value)
    await models.auditSearch.noteExport(wanted, actorOf(req))
    res.setHeader('Content-Type', 'application/x-ndjson; charset=utf-8')
    res.setHeader('Content-Disposition', 'attachment; filename="audit-trail.ndjson"')
    await sendStream(req, res, lines(models.auditSearch.all(wanted)))
  }

  return { list: list.show, show, exportFile }
}

async function* lines(pages: AsyncIterable<readonly object[]>): AsyncGenerator<string> {
  for await (const rows of pages) yield rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

type Wanted = Omit<AuditFilter, 'personId' | 'objectId'> & { person: string | null; object: string | null }

function filterOf({ person, object, ...rest }: Wanted): AuditFilter {
  return { ...rest, personId: person, objectId: object }
}

function fieldsOf(typed: Record<string, string>) {
  return [
    {
      kind: 'field',
      name: 'action',
      label: t('What'),
      value: typed.action,
      hint: t('user.sign-in, or its first part: user'),
    },
    {
      kind: 'select',
      name: 'outcome',
      label: t('Outcome'),
      options: choices(t('Every outcome'), saidWords(AUDIT_OUTCOMES), typed.outcome),
    },
    {
      kind: 'field',
      name: 'person',
      label: t('Person’s id'),
      value: typed.person,
      hint: t('Who did it, or whose data it was'),
    },
    { kind: 'field', name: 'object', label: t('Thing’s id'), value: typed.object },
    { kind: 'field', name: 'from', label: t('From (UTC)'), type: 'date', value: typed.from },
    { kind: 'field', name: 'until', label: t('Until (UTC)'), type: 'date', value: typed.until },
  ]
}
