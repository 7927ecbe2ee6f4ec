import type { Request, RequestHandler, Response } from 'express'
import type { z } from 'zod'
import type { User } from '../../generated/client.ts'
import { signedIn } from '../../middleware/authentication.ts'
import type { Place } from '../../models/desk/paging.ts'
import type { FieldError } from '../forms/form.ts'
import { readFilter, typedIn } from '../forms/list-forms.ts'
import { type PageOptions, renderPage, renderRefused } from '../page.ts'
import { pagerOf } from '../view-models/list-page.ts'

const PAGE_SIZE = 50

interface FilteredList<Shape extends z.ZodRawShape> {
  view: string
  options: () => PageOptions
  path: string
  filter: Shape
  /** The filter as its form shows it. */
  fieldsOf: (typed: Record<string, string>) => object[]
  /** What the view shows besides its rows; of a filter that was refused. */
  nothing?: object
  find: (
    wanted: z.output<z.ZodObject<Shape>>,
    page: { size: number; before: Place | null },
    viewer: Pick<User, 'timezone'>,
    typed: Record<string, string>,
  ) => Promise<{
    rows: object[]
    next: Place | null
    /** Instead of `nothing`. */
    beside?: object
  }>
}

/** A list with a filter in its address, page by page. */
export function filteredList<Shape extends z.ZodRawShape>(list: FilteredList<Shape>) {
  const { view, options, path, filter, fieldsOf, nothing = {}, find } = list

  const show: RequestHandler = async (req, res) => {
    const reading = readFilter(filter, req.query)
    if (reading.kind === 'refused') return refuse(req, res, req.query, reading.errors)
    const typed = typedIn(filter, req.query)
    const page = { size: PAGE_SIZE, before: reading.before }
    const { rows, next, beside = {} } = await find(reading.value, page, signedIn(req), typed)
    const fields = fieldsOf(typed)
    renderPage(req, res, view, options(), {
      fields,
      errors: [],
      rows,
      ...beside,
      ...pagerOf(path, typed, { next }),
    })
  }

  return { show, refuse }

  function refuse(req: Request, res: Response, asked: unknown, errors: FieldError[]): void {
    const fields = fieldsOf(typedIn(filter, asked))
    const empty = { rows: [], ...nothing, newestPath: null, olderPath: null }
    renderRefused(req, res, view, options(), { fields, errors, ...empty })
  }
}
