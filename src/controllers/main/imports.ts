import type { Request, RequestHandler, Response } from 'express'
import { TooManyRequests, WrongState } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { asksForAmount } from '../../models/import/planning.ts'
import type { Draft } from '../../models/import.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { amountEachTime } from '../forms/amount.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { importConfirmForm, importForm } from '../forms/import-forms.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'
import { NEEDED_BY_SCRIPT, previewPage, textRefusal } from '../view-models/import-view.ts'

const textPage = () => ({ title: t('Import'), width: 'narrow' }) as const
const planPage = () => ({ title: t('What will be imported') }) as const

export function importControllers({ models }: WebContext) {
  /** GET /import */
  const show: RequestHandler = async (req, res) => {
    const draft = await models.imports.draft(signedIn(req).id)
    renderPage(req, res, 'main/import', textPage(), { ...addresses, errors: [], hasDraft: draft !== null })
  }

  /** POST /import: reads the text and keeps what would be done. The text itself is neither kept nor shown again. */
  const read: RequestHandler = async (req, res) => {
    const refuse = (errors: FieldError[]) =>
      renderRefused(req, res, 'main/import', textPage(), { ...addresses, errors, hasDraft: false })
    const reading = readForm(importForm, req.body)
    if (reading.kind === 'refused') return refuse(reading.errors)
    const result = await models.imports.read(signedIn(req), reading.value.text, actorOf(req))
    if (result.kind === 'wait') throw new TooManyRequests(result.ms)
    if (result.kind !== 'read') return refuse([{ field: 'text', message: textRefusal(result) }])
    res.redirect(303, paths.importPreview)
  }

  /** GET /import/preview */
  const preview: RequestHandler = async (req, res) => {
    const draft = await models.imports.draft(signedIn(req).id)
    if (!draft) return res.redirect(303, paths.import)
    renderPage(req, res, 'main/import-preview', planPage(), await previewProps(req, draft, '', []))
  }

  /** POST /import/confirm */
  const confirm: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readForm(importConfirmForm, req.body)
    if (reading.kind === 'refused') return refuseConfirm(req, res, reading.errors)
    const { draft: draftId, amount = '' } = reading.value
    const draft = await models.imports.draft(user.id)
    if (draft?.id !== draftId) throw nothingThere()
    let amountMinor: number | null = null
    if (asksForAmount(draft.plan)) {
      const { capPerPaymentMinor } = await models.limits.current(user.id)
      const typed = amountEachTime(capPerPaymentMinor).safeParse(amount)
      if (!typed.success) {
        const message = typed.error.issues[0]?.message ?? ''
        return refuseConfirm(req, res, [{ field: 'amount', message }], draft, amount)
      }
      amountMinor = typed.data
    }
    const result = await models.imports.confirm(user, draftId, amountMinor, actorOf(req))
    if (result.kind !== 'imported') throw notImported(result.kind)
    const { habits, checkOffs } = result
    await flash(
      req,
      'done',
      t(
        'Imported: {habits, plural, one {# habit} other {# habits}} and {checkOffs, plural, one {# check-off} other {# check-offs}}. No money has moved.',
        { habits, checkOffs },
      ),
    )
    res.redirect(303, paths.dashboard)
  }

  /** POST /import/discard */
  const discard: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const wasThere = await models.imports.discard(signedIn(req).id, actorOf(req))
    await flash(
      req,
      'info',
      wasThere ? t('Thrown away. Nothing was imported.') : t('There was nothing to throw away.'),
    )
    res.redirect(303, paths.import)
  }

  return { show, read, preview, confirm, discard }

  async function refuseConfirm(
    req: Request,
    res: Response,
    errors: FieldError[],
    given?: Draft,
    amount = '',
  ): Promise<void> {
    const draft = given ?? (await models.imports.draft(signedIn(req).id))
    if (!draft)
      return renderRefused(req, res, 'main/import', textPage(), { ...addresses, errors, hasDraft: false })
    renderRefused(req, res, 'main/import-preview', planPage(), await previewProps(req, draft, amount, errors))
  }

  async function previewProps(req: Request, draft: Draft, amount: string, errors: FieldError[]) {
    const user = signedIn(req)
    const chosen = asksForAmount(draft.plan) ? await models.accounts.chosenBy(user.id) : null
    return {
      ...addresses,
      ...previewPage(draft, { user, currency: chosen?.debtor.currency ?? null }),
      amount,
      errors,
    }
  }
}

const addresses = {
  importPath: paths.import,
  previewPath: paths.importPreview,
  confirmPath: paths.importConfirm,
  discardPath: paths.importDiscard,
  dataPath: paths.settingsData,
  accountsPath: paths.accountsLoad,
  needed: JSON.stringify(NEEDED_BY_SCRIPT),
}

const again = () => [{ href: paths.import, label: t('To the import') }]

function nothingThere(): WrongState {
  return new WrongState(
    t('This text isn’t there any more'),
    t(
      'It was imported or thrown away, another one was read since, or it has waited for more than an hour. Nothing was changed now.',
    ),
    again(),
  )
}

function notImported(kind: 'gone' | 'changed' | 'no-accounts' | 'no-amount'): WrongState {
  if (kind === 'no-accounts')
    return new WrongState(
      t('Choose your accounts first'),
      t(
        'New habits need to know in which currency they save. Nothing was changed; what was read waits for an hour.',
      ),
      [{ href: paths.accountsLoad, label: t('Choose your accounts') }],
    )
  if (kind === 'gone' || kind === 'no-amount') return nothingThere()
  return new WrongState(
    t('Your habits have changed since'),
    t('What was shown would no longer be what happens, so nothing was changed. Read the text again.'),
    again(),
  )
}
