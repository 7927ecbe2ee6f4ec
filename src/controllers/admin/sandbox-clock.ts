import type { Request, RequestHandler, Response } from 'express'
import { formatExactly } from '../../format.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { CLOCK_UNITS, clockForm } from '../forms/console-forms.ts'
import { type FieldError, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import type { Typed } from './console-call.ts'
import { steered } from './sandbox-faults.ts'

const VIEW = 'admin/sandbox-clock'
const page = () => ({ title: t('Clock of the emulator') }) as const
const UNIT_WORDS: Record<keyof typeof CLOCK_UNITS, string> = {
  minutes: term('minutes'),
  hours: term('hours'),
  days: term('days'),
}
const FILLED_IN: Typed = { amount: '1', unit: 'hours' }

export function clockControllers({ models, emulator }: WebContext) {
  /** GET /admin/sandbox/clock */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, VIEW, page(), await propsFor(req, FILLED_IN, []))
  }

  /** POST /admin/sandbox/clock */
  const move: RequestHandler = async (req, res) => {
    const reading = readForm(clockForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading.typed, reading.errors)
    const control = steered(emulator)
    const { amount, unit } = reading.value
    await models.overview.noteConsoleAction(actorOf(req), 'clock-move', { amount, unit })
    const now = await control.advance(amount * CLOCK_UNITS[unit])
    if (!now) {
      const errors = [{ field: 'amount', message: t('The emulator’s clock doesn’t go so far.') }]
      return refuse(req, res, refusedWith(req.body, []).typed, errors)
    }
    const time = formatExactly(now, signedIn(req).timezone)
    await flash(req, 'done', t('At the bank it is {time} now.', { time }))
    res.redirect(303, paths.adminClock)
  }

  return { show, move }

  async function refuse(req: Request, res: Response, typed: Typed, errors: FieldError[]): Promise<void> {
    renderRefused(req, res, VIEW, page(), await propsFor(req, typed, errors))
  }

  async function propsFor(req: Request, typed: Typed, errors: FieldError[]) {
    const form = { ...FILLED_IN, ...typed }
    const now = await emulator?.now()
    return {
      nowText: now ? formatExactly(now, signedIn(req).timezone) : null,
      unitOptions: Object.entries(UNIT_WORDS).map(([unit, words]) => ({
        value: unit,
        label: t(words),
        selected: unit === form.unit,
      })),
      form,
      errors,
    }
  }
}
