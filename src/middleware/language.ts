import type { Request, RequestHandler } from 'express'
import { goOnIn, inLanguage, isLanguage, type Language } from '../language.ts'

/** What browsers ask for, and which of our languages that is. Who reads Nynorsk reads Bokmål. */
const ASKED: Record<string, Language> = {
  en: 'en',
  sv: 'sv',
  da: 'da',
  nb: 'nb',
  no: 'nb',
  nn: 'nb',
  fi: 'fi',
}

/** Nothing is known of the visitor yet but what the browser says. */
export const languageOfBrowser: RequestHandler = (req, _res, next) => {
  inLanguage(askedOf(req), next)
}

/** The setting of whoever is signed in, or what a visitor has chosen here, comes before what the browser asks for. */
export const languageOfVisitor: RequestHandler = (req, _res, next) => {
  const chosen = req.user?.locale ?? req.session?.language
  if (isLanguage(chosen)) goOnIn(chosen)
  next()
}

function askedOf(req: Request): Language {
  const asked = req.acceptsLanguages(Object.keys(ASKED))
  return (asked && ASKED[asked]) || 'en'
}
