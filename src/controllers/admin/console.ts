import type { Request, RequestHandler, Response } from 'express'
import { BankError } from '../../bank/index.ts'
import { BankTrouble, NotFound, WrongState } from '../../errors.ts'
import { currentRequestId } from '../../logger.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { paths } from '../../paths.ts'
import { bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { noFieldsForm } from '../forms/console-forms.ts'
import { type FieldError, idOf, readForm, refusedWith } from '../forms/form.ts'
import { listAddress } from '../forms/list-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { CONSOLE_CALLS, type ConsoleCall, consoleCallNamed, type Made, type Typed } from './console-calls.ts'
import { repeatOf } from './console-repeats.ts'

const VIEW = 'admin/sandbox-call'

/** Calls that have a page of their own, or none. */
const ELSEWHERE = [
  {
    label: 'Redeem the code of a consent',
    hint: 'Done when you come back from the bank',
    href: listAddress(paths.adminCalls, { api: 'authorization.exchange' }),
    api: 'authorization.exchange',
  },
  { label: 'New account', href: paths.adminAccountNew, api: 'sandbox.create-account' },
  { label: 'Delete an account', href: paths.adminAccountDelete, api: 'sandbox.delete-account' },
  { label: 'Add funds', href: paths.adminTransactionNew, api: 'sandbox.create-transaction' },
  { label: 'Make a payment', href: paths.adminPaymentNew, api: 'payments.initiate' },
  {
    label: 'Confirm an order',
    hint: 'On the page of the order',
    href: paths.adminSandbox,
    api: 'payments.confirm',
  },
]

export function consoleControllers(context: WebContext) {
  const { models, bank } = context

  /** GET /admin/sandbox/calls */
  const list: RequestHandler = (req, res) => {
    const own = CONSOLE_CALLS.map((call) => {
      const missing = call.missing(bank)
      const href = paths.adminConsoleCall(call.name)
      return { label: call.title, href, api: call.api, ...(missing ? { hint: missing } : {}) }
    })
    const rows = [...own, ...ELSEWHERE].map(({ label, href, api, ...more }) => ({
      cells: [{ text: label, href, ...more }, { text: api ?? 'The bank isn’t asked' }],
    }))
    renderPage(req, res, 'admin/sandbox-calls', { title: 'Calls of the console' }, { rows })
  }

  /** GET /admin/sandbox/calls/:call */
  const show: RequestHandler = async (req, res) => {
    const call = callOf(req)
    renderPage(req, res, VIEW, { title: call.title }, await propsFor(req, call, {}, []))
  }

  /** POST /admin/sandbox/calls/:call */
  const make: RequestHandler = (req, res) => makeWith(req, res, callOf(req), req.body)

  /** POST /admin/calls/:id/repeat: never with a saver's consent. */
  const repeat: RequestHandler = async (req, res) => {
    const entry = await models.callLog.find(idOf(req))
    if (!entry) throw new NotFound()
    const here = [{ href: paths.adminCall(entry.id), label: 'To the call' }]
    const reading = readForm(noFieldsForm, req.body)
    if (reading.kind === 'refused') {
      const [error] = reading.errors
      throw new BankTrouble(error?.message ?? 'The form was not read.', here, 422)
    }
    const { events } = await models.callLog.beside(entry)
    const wanted = repeatOf(entry, events, signedIn(req).id)
    if (wanted.kind === 'not') throw new WrongState('This call can’t be repeated', wanted.why, here)
    await makeWith(req, res, wanted.call, wanted.fields)
  }

  return { list, show, make, repeat }

  /** Noted first, so that nothing is asked unnoted; however it ends, the entry in the log of bank calls tells it. */
  async function makeWith(req: Request, res: Response, call: ConsoleCall, body: unknown): Promise<void> {
    const reading = call.read(body)
    if (reading.kind === 'refused') return refuse(req, res, call, reading.typed, reading.errors)
    const missing = call.missing(bank)
    if (missing) throw new WrongState('There is no such call', missing, toCalls())
    const { noted, run } = reading.value
    await models.overview.noteConsoleAction(actorOf(req), 'call', { call: call.name, ...noted })
    const { made, trouble } = await settled(run(req, context))
    if (made?.kind === 'refused') {
      return refuse(req, res, call, refusedWith(body, []).typed, made.errors)
    }
    const entry =
      call.api === null ? null : await models.callLog.ofRequest(currentRequestId() ?? '', call.api)
    const entryPath = entry ? paths.adminCall(entry.id) : null
    if (made?.kind === 'shown') {
      const { typed } = refusedWith(body, [])
      const props = await propsFor(req, call, typed, [])
      return renderPage(req, res, VIEW, { title: call.title }, { ...props, result: made, entryPath })
    }
    if (!entryPath)
      throw trouble ?? new BankTrouble('Nordea was not asked, or the log has no entry of it.', toCalls())
    res.redirect(303, entryPath)
  }

  async function refuse(
    req: Request,
    res: Response,
    call: ConsoleCall,
    typed: Typed,
    errors: FieldError[],
  ): Promise<void> {
    renderRefused(req, res, VIEW, { title: call.title }, await propsFor(req, call, typed, errors))
  }

  async function propsFor(req: Request, call: ConsoleCall, typed: Typed, errors: FieldError[]) {
    const missing = call.missing(bank)
    const { title, lede, button } = call
    return {
      words: { title, lede, button },
      action: paths.adminConsoleCall(call.name),
      missing,
      fields: missing ? [] : await call.fields(req, context, typed),
      errors,
      result: null,
      entryPath: null,
    }
  }
}

/** Trouble at the bank is what the console is for: the entry tells of it. */
async function settled(run: Promise<Made>): Promise<{ made: Made | null; trouble: unknown }> {
  try {
    return { made: await run, trouble: null }
  } catch (error) {
    if (error instanceof BankError || error instanceof BankTrouble)
      return { made: null, trouble: bankTroubleFor(error) }
    throw error
  }
}

function callOf(req: Request): ConsoleCall {
  const call = consoleCallNamed(req.params.call)
  if (!call) throw new NotFound()
  return call
}

function toCalls() {
  return [{ href: paths.adminConsoleCalls, label: 'To the calls of the console' }]
}
