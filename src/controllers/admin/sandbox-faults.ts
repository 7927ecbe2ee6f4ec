import type { Request, RequestHandler, Response } from 'express'
import type { EmulatorControl, EmulatorFault } from '../../emulator-control.ts'
import { type AppError, WrongState } from '../../errors.ts'
import { formatCount } from '../../format.ts'
import { t } from '../../language.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { FAULT_KINDS, faultForm, noFieldsForm, SLOW_FAULT_KINDS } from '../forms/console-forms.ts'
import { type FieldError, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import type { Typed } from './console-call.ts'

const VIEW = 'admin/sandbox-faults'
const page = () => ({ title: t('Faults of the emulator') }) as const
const FILLED_IN: Typed = { kind: 'status', route: 'GET */accounts', count: '1', delayMs: '1000' }
const SLOW: readonly string[] = SLOW_FAULT_KINDS

export function faultControllers({ models, emulator }: WebContext) {
  /** GET /admin/sandbox/faults */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, VIEW, page(), await propsFor(FILLED_IN, []))
  }

  /** POST /admin/sandbox/faults */
  const create: RequestHandler = async (req, res) => {
    const reading = readForm(faultForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading.typed, reading.errors)
    const control = steered(emulator)
    const { delayMs, ...fault } = reading.value
    const wish = SLOW.includes(fault.kind) ? { ...fault, delayMs } : fault
    await models.overview.noteConsoleAction(actorOf(req), 'fault', wish)
    const refusal = await control.addFault(wish)
    if (refusal) {
      const errors = [{ field: 'route', message: refusal }]
      return refuse(req, res, refusedWith(req.body, []).typed, errors)
    }
    const added = t('{count, plural, one {# call} other {# calls}} to {route}: {kind}.', {
      count: fault.count,
      route: fault.route,
      kind: fault.kind,
    })
    await flash(req, 'done', added)
    res.redirect(303, paths.adminFaults)
  }

  /** POST /admin/sandbox/faults/clear */
  const clear: RequestHandler = async (req, res) => {
    const reading = readForm(noFieldsForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, FILLED_IN, reading.errors)
    const control = steered(emulator)
    await models.overview.noteConsoleAction(actorOf(req), 'fault-clearing', {})
    await control.clearFaults()
    await flash(req, 'done', t('The emulator behaves again.'))
    res.redirect(303, paths.adminFaults)
  }

  return { show, create, clear }

  async function refuse(req: Request, res: Response, typed: Typed, errors: FieldError[]): Promise<void> {
    renderRefused(req, res, VIEW, page(), await propsFor(typed, errors))
  }

  async function propsFor(typed: Typed, errors: FieldError[]) {
    const form = { ...FILLED_IN, ...typed }
    const kinds = [...FAULT_KINDS, ...SLOW_FAULT_KINDS]
    return {
      isThere: emulator !== null,
      rows: ((await emulator?.faults()) ?? []).map(faultRow),
      kindOptions: kinds.map((kind) => ({ value: kind, label: kind, selected: kind === form.kind })),
      form,
      errors,
      clearPath: paths.adminFaultsClear,
    }
  }
}

/** @throws AppError where there is nothing to steer. */
export function steered(emulator: EmulatorControl | null): EmulatorControl {
  if (emulator) return emulator
  throw notAvailable()
}

function notAvailable(): AppError {
  return new WrongState(
    t('Not available against the real sandbox'),
    t('Faults and the clock belong to the emulator. Nothing was changed.'),
    [{ href: paths.adminSandbox, label: t('To the sandbox') }],
  )
}

function faultRow({ kind, route, count }: EmulatorFault) {
  return {
    cells: [
      { text: kind },
      { text: route },
      { text: count === null ? t('until cleared') : formatCount(count) },
    ],
  }
}
