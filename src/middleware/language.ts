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

/** Browsers ask in few ways: what each has come to is known, until there are too many. */
const understood = new Map<string, Language>()
const MOST_UNDERSTOOD = 200
const LONGEST_UNDERSTOOD = 100

function askedOf(req: Request): Language {
  const wish = req.headers['accept-language'] ?? ''
  const known = understood.get(wish)
  if (known) return known
  const asked = req.acceptsLanguages(Object.keys(ASKED))
  const language = (asked && ASKED[asked]) || 'en'
  if (wish.length <= LONGEST_UNDERSTOOD) {
    if (understood.size >= MOST_UNDERSTOOD) understood.clear()
    understood.set(wish, language)
  }
  return language
}
