import type { RequestHandler } from 'express'
import { goOnIn, LANGUAGE_NAMES, LANGUAGES, t } from '../../language.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { isOwnPath } from '../../middleware/own-path.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { languageForm } from '../forms/account-forms.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'

/** Also for visitors: whose browser asks for another language than they would like to read. */
export function languageControllers({ models }: WebContext) {
  /** GET /language */
  const show: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/language', page(), propsFor(backTo(req.query.back), []))
  }

  /** POST /language: for good where somebody is signed in, else as long as the session lives. */
  const choose: RequestHandler = async (req, res) => {
    const reading = readForm(languageForm, req.body)
    if (reading.kind === 'refused') {
      return renderRefused(req, res, 'auth/language', page(), propsFor(paths.home, reading.errors))
    }
    const { language, back } = reading.value
    if (req.user) await models.users.chooseLanguage(req.user, language, actorOf(req))
    else req.session.language = language
    goOnIn(language)
    res.redirect(303, backTo(back))
  }

  return { show, choose }
}

const page = () => ({ title: t('Language'), width: 'narrow' }) as const

function backTo(place: unknown): string {
  return typeof place === 'string' && isOwnPath(place) ? place : paths.home
}

function propsFor(back: string, errors: FieldError[]) {
  return {
    languages: LANGUAGES.map((language) => ({ language, name: LANGUAGE_NAMES[language] })),
    back,
    languagePath: paths.language,
    errors,
  }
}
