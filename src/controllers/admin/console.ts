import type { Request, RequestHandler, Response } from 'express'
import { BankTrouble, NotFound, WrongState } from '../../errors.ts'
import type { BankCall } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import { currentRequestId } from '../../logger.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import { bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { noFieldsForm } from '../forms/console-forms.ts'
import { idOf, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { listAddress } from '../forms/list-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { callProps } from '../view-models/call-view.ts'
import type { ConsoleCall, Made } from './console-call.ts'
import { CONSOLE_CALLS, consoleCallNamed } from './console-calls.ts'
import { repeatOf } from './console-repeats.ts'

const VIEW = 'admin/sandbox-call'
const NOTHING_YET: Refused = { typed: {}, errors: [] }

/** The one that has no form. */
const ELSEWHERE = [
  {
    label: term('Redeem the code of a consent'),
    hint: term('Done when you come back from the bank'),
    href: listAddress(paths.adminCalls, { api: 'authorization.exchange' }),
    api: 'authorization.exchange',
  },
]

export function consoleControllers(context: WebContext) {
  const { models, bank } = context

  /** GET /admin/sandbox/calls */
  const list: RequestHandler = (req, res) => {
    const own = CONSOLE_CALLS.map((call) => {
      const missing = call.missing(bank)
      const href = paths.adminConsoleCall(call.name)
      return { label: t(call.title), href, api: call.api, ...(missing ? { hint: missing } : {}) }
    })
    const elsewhere = ELSEWHERE.map((call) => ({ ...call, label: t(call.label), hint: t(call.hint) }))
    const rows = [...own, ...elsewhere].map(({ label, href, api, ...more }) => ({
      cells: [{ text: label, href, ...more }, { text: api ?? t('The bank isn’t asked') }],
    }))
    renderPage(req, res, 'admin/sandbox-calls', { title: t('Calls of the console') }, { rows })
  }

  /** GET /admin/sandbox/calls/:call */
  const show: RequestHandler = async (req, res) => {
    const call = callOf(req)
    renderPage(req, res, VIEW, { title: t(call.title) }, await propsFor(req, call, NOTHING_YET))
  }

  /** POST /admin/sandbox/calls/:call */
  const make: RequestHandler = (req, res) => makeWith(req, res, callOf(req), req.body)

  /** POST /admin/calls/:id/repeat: never with a saver's consent. */
  const repeat: RequestHandler = async (req, res) => {
    const entry = await models.callLog.find(idOf(req))
    if (!entry) throw new NotFound()
    const here = [{ href: paths.adminCall(entry.id), label: t('To the call') }]
    const reading = readForm(noFieldsForm, req.body)
    if (reading.kind === 'refused') {
      const [error] = reading.errors
      throw new BankTrouble(error?.message ?? t('The form was not read.'), here, 422)
    }
    const { events } = await models.callLog.beside(entry)
    const wanted = repeatOf(entry, events, signedIn(req).id)
    if (wanted.kind === 'not') throw new WrongState(t('This call can’t be repeated'), wanted.why, here)
    await makeWith(req, res, wanted.call, wanted.fields)
  }

  return { list, show, make, repeat }

  /** Noted first, so that nothing is asked unnoted; however it ends, the entry in the log of bank calls tells it. */
  async function makeWith(req: Request, res: Response, call: ConsoleCall, body: unknown): Promise<void> {
    const reading = call.read(body)
    if (reading.kind === 'refused') return refuse(req, res, call, reading)
    const missing = call.missing(bank)
    if (missing) throw new WrongState(t('There is no such call'), missing, toCalls())
    const { noted, run } = reading.value
    await models.overview.noteConsoleAction(actorOf(req), call.action ?? 'call', {
      call: call.name,
      ...noted,
    })
    const { made, trouble } = await settled(run(req, context))
    const entry = call.api === null ? null : await entryOf(call.api)
    if (made?.kind === 'refused') return refuse(req, res, call, refusedWith(body, made.errors), entry)
    if (made?.kind === 'shown') {
      const props = await propsFor(req, call, refusedWith(body, []), entry)
      return renderPage(req, res, VIEW, { title: t(call.title) }, { ...props, result: made })
    }
    const said = made?.said ?? (trouble && { kind: 'warning' as const, text: trouble.meaning })
    if (!entry)
      throw (
        trouble ??
        new BankTrouble(said?.text ?? t('Nordea was not asked, or the log has no entry of it.'), toCalls())
      )
    if (said) await flash(req, said.kind, said.text, said.link)
    res.redirect(303, paths.adminCall(entry.id))
  }

  async function entryOf(api: string): Promise<BankCall | null> {
    const entry = await models.callLog.ofRequest(currentRequestId() ?? '', api)
    return entry && models.callLog.find(entry.id)
  }

  async function refuse(
    req: Request,
    res: Response,
    call: ConsoleCall,
    refused: Refused,
    entry: BankCall | null = null,
  ): Promise<void> {
    renderRefused(req, res, VIEW, { title: t(call.title) }, await propsFor(req, call, refused, entry))
  }

  /** @param entry is shown where it is of this call, and not of one on the way there. */
  async function propsFor(
    req: Request,
    call: ConsoleCall,
    { typed, errors }: Refused,
    entry: BankCall | null = null,
  ) {
    const missing = call.missing(bank)
    const { title, lede, button, isDangerous = false } = call
    const fields = missing ? [] : await call.fields(req, context, typed)
    return {
      words: { title: t(title), lede: t(lede), button: t(button), isDangerous },
      action: paths.adminConsoleCall(call.name),
      missing,
      fields: fields.some(({ options }) => options?.length === 0) ? null : fields,
      newAccountPath: paths.adminConsoleCall('account-new'),
      errors,
      result: null,
      entry:
        entry?.api === call.api
          ? { path: paths.adminCall(entry.id), ...callProps(entry, signedIn(req).timezone) }
          : null,
    }
  }
}

/** Trouble at the bank is what the console is for: the entry tells of it. */
async function settled(run: Promise<Made>): Promise<{ made: Made | null; trouble: BankTrouble | null }> {
  try {
    return { made: await run, trouble: null }
  } catch (error) {
    const trouble = bankTroubleFor(error)
    if (trouble instanceof BankTrouble) return { made: null, trouble }
    throw error
  }
}

function callOf(req: Request): ConsoleCall {
  const call = consoleCallNamed(req.params.call)
  if (!call) throw new NotFound()
  return call
}

function toCalls() {
  return [{ href: paths.adminConsoleCalls, label: t('To the calls of the console') }]
}
