import type { Request, RequestHandler } from 'express'
import { Temporal } from 'temporal-polyfill'
import { TooManyRequests } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { sendStream } from '../../middleware/packing.ts'
import { startOfDay } from '../../models/payment/windows.ts'
import type { StatementFilter } from '../../models/statement.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { readFilter, typedIn } from '../forms/list-forms.ts'
import {
  readPlace,
  type StatementWish,
  statementDownload,
  statementFilter,
} from '../forms/statement-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { statementCsv } from '../view-models/statement-csv.ts'
import { type StatementAbout, statementPdf } from '../view-models/statement-pdf.ts'
import { fileFields, filterFields, statementPage } from '../view-models/statement-view.ts'

const page = () => ({ title: t('Statement'), width: 'wide' }) as const
const PAGE_SIZE = 50

const FILES = {
  csv: { type: 'text/csv; charset=utf-8', write: statementCsv },
  pdf: { type: 'application/pdf', write: statementPdf },
} as const

export function statementControllers({ models, clock }: WebContext) {
  /** GET /statement */
  const show: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readFilter(statementFilter, req.query)
    const habits = await models.statements.habitsOf(user.id)
    if (reading.kind === 'refused') return refuse(req, res, req.query, reading.errors)
    const typed = typedIn(statementFilter, req.query)
    const filter = filterOf(reading.value, user)
    const before = readPlace(req.query.before)
    const [{ rows, next }, sums] = await Promise.all([
      models.statements.list(user.id, filter, { size: PAGE_SIZE, before }),
      models.statements.sums(user.id, filter),
    ])
    renderPage(req, res, 'main/statement', page(), {
      fields: filterFields(typed, habits),
      errors: [],
      ...statementPage({ rows, next, sums, typed, isFirst: before === null }, user),
      fileFields: fileFields(typed),
      ...addresses,
    })
  }

  /** POST /statement/download: answers with the file itself, so that no copy lies anywhere. */
  const download: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readForm(statementDownload, req.body)
    if (reading.kind === 'refused') return refuse(req, res, req.body, reading.errors)
    const { format, ...wish } = reading.value
    const filter = filterOf(wish, user)
    const waitMs = await models.statements.beginDownload(user.id, format, filter, actorOf(req))
    if (waitMs > 0) throw new TooManyRequests(waitMs)
    const about = await aboutOf(req, wish, filter)
    const { type, write } = FILES[format]
    res.attachment(`sparvana-statement.${format}`).type(type)
    await sendStream(req, res, write(about, models.statements.all(user.id, filter)))
  }

  return { show, download }

  async function refuse(
    req: Request,
    res: Parameters<RequestHandler>[1],
    asked: unknown,
    errors: FieldError[],
  ): Promise<void> {
    const habits = await models.statements.habitsOf(signedIn(req).id)
    const fields = filterFields(typedIn(statementFilter, asked), habits)
    const nothing = {
      rows: [],
      sums: [],
      olderPath: null,
      newestPath: null,
      fileFields: [],
      period: '',
      isNarrowed: true,
    }
    renderRefused(req, res, 'main/statement', page(), { fields, errors, ...nothing, ...addresses })
  }

  async function aboutOf(
    req: Request,
    wish: StatementWish,
    filter: StatementFilter,
  ): Promise<StatementAbout> {
    const user = signedIn(req)
    const [sums, chosen, habits] = await Promise.all([
      models.statements.sums(user.id, filter),
      models.accounts.chosenBy(user.id),
      wish.habit === null ? [] : models.statements.habitsOf(user.id),
    ])
    return {
      saver: user.fullName,
      timezone: user.timezone,
      madeAt: clock.now(),
      wish,
      habit: habits.find(({ id }) => id === wish.habit)?.name ?? null,
      accounts: chosen && { from: chosen.debtor.name, to: chosen.creditor.name },
      sums,
    }
  }
}

const addresses = {
  statementPath: paths.statement,
  downloadPath: paths.statementDownload,
  paymentsPath: paths.payments,
}

/** Days begin at midnight here, as they do at the bank. */
function filterOf(
  { from, until, habit, kind, state }: StatementWish,
  { timezone }: Express.User,
): StatementFilter {
  const midnight = { timezone, dayStartHour: 0 }
  return {
    from: from === null ? null : startOfDay(from, midnight),
    until:
      until === null
        ? null
        : startOfDay(Temporal.PlainDate.from(until).add({ days: 1 }).toString(), midnight),
    habitId: habit,
    kind,
    standing: state,
  }
}
