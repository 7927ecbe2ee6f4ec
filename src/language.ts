import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'

/** As `lang` on a page names them. English is what the source is written in; the others each have a catalogue. */
export const LANGUAGES = ['en', 'sv', 'da', 'nb', 'fi'] as const
export type Language = (typeof LANGUAGES)[number]

/** Each in itself, for whoever looks for theirs. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  sv: 'Svenska',
  da: 'Dansk',
  nb: 'Norsk bokmål',
  fi: 'Suomi',
}

/** How amounts and dates are written there. */
const LOCALES: Record<Language, string> = {
  en: 'en-GB',
  sv: 'sv-SE',
  da: 'da-DK',
  nb: 'nb-NO',
  fi: 'fi-FI',
}

/** From an English message to the same in another language. */
export type Catalogue = Record<string, string>
export type Values = Record<string, string | number>

/** Each is read by the first word in its language: in five milliseconds, and half a megabyte that few processes need of all. */
export const catalogues = Object.defineProperties({} as Record<Exclude<Language, 'en'>, Catalogue>, {
  sv: readLater('sv'),
  da: readLater('da'),
  nb: readLater('nb'),
  fi: readLater('fi'),
})

const spoken = new AsyncLocalStorage<{ language: Language }>()

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value)
}

/** Of the request or the letter that is being written; English where nobody has asked for anything. */
export function currentLanguage(): Language {
  return spoken.getStore()?.language ?? 'en'
}

/** For `Intl`. */
export function currentLocale(): string {
  return LOCALES[currentLanguage()]
}

/** Everything that `act` says, also later on in what it awaits, is said in this language. */
export function inLanguage<T>(language: Language, act: () => T): T {
  return spoken.run({ language }, act)
}

/** From now on in the request that is under way: its visitor is known better than at its beginning. */
export function goOnIn(language: Language): void {
  const store = spoken.getStore()
  if (store) store.language = language
}

/**
 * An English message, in the current language. With values it is an ICU message ("{count, plural, one {# day} other {# days}}");
 * values are put in as they are, so amounts and dates come formatted. A message without a translation stays English.
 */
export function t(message: string, values?: Values): string {
  const language = currentLanguage()
  const said = language === 'en' ? message : (catalogues[language][message] ?? message)
  return values ? String(compiled(language, said).format(values)) : said
}

/** Marks a message that stands where no language is known yet; `t` says it later on. */
export function term(message: string): string {
  return message
}

const messages = new Map(LANGUAGES.map((language) => [language, new Map<string, IntlMessageFormat>()]))

/** Reading a message costs far more than saying it. */
function compiled(language: Language, message: string): IntlMessageFormat {
  const ofLanguage = messages.get(language)
  const known = ofLanguage?.get(message)
  if (known) return known
  const read = new IntlMessageFormat(message, LOCALES[language], undefined, { ignoreTag: true })
  ofLanguage?.set(message, read)
  return read
}

/** A property that is read from its file when it is first asked for. */
function readLater(language: Exclude<Language, 'en'>): PropertyDescriptor {
  let read: Catalogue | undefined
  return {
    enumerable: true,
    get: () => {
      read ??= catalogueOf(language)
      return read
    },
    set: (other: Catalogue) => {
      read = other
    },
  }
}

function catalogueOf(language: Language): Catalogue {
  const messages = JSON.parse(readFileSync(new URL(`./languages/${language}.json`, import.meta.url), 'utf8'))
  // Without what every object has: "constructor" is no message.
  return Object.assign(Object.create(null), messages)
}
